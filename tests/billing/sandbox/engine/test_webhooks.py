"""Webhooks are signed, retried and logged."""

from datetime import UTC, datetime

import pytest
import stripe
from stripe import StripeClient

from billing.sandbox.control.client import SandboxControl, SandboxError
from tests.billing.sandbox.helpers import SECRET, Receiver, open_session

pytestmark = pytest.mark.one_database


def test_events_arrive_signed_and_in_order(
    client: StripeClient, control: SandboxControl, receiver: Receiver
) -> None:
    session = open_session(client)
    control.pay(session.id)

    assert control.flush()

    assert receiver.types() == [
        "payment_intent.created",
        "payment_intent.succeeded",
        "charge.succeeded",
        "checkout.session.completed",
    ]
    event = receiver.received[-1].event()
    assert event.data.object["id"] == session.id
    assert event.data.object["payment_status"] == "paid"
    headers = receiver.received[-1].headers
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert headers["User-Agent"].startswith("Stripe/1.0")


def test_signature_is_valid_for_its_secret_and_body_only(
    client: StripeClient, control: SandboxControl, receiver: Receiver
) -> None:
    control.pay(open_session(client).id)
    control.flush()
    received = receiver.received[0]

    with pytest.raises(stripe.SignatureVerificationError):
        received.event("whsec_other")
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(received.body + b" ", received.signature, SECRET)


def test_signature_uses_the_real_time_not_the_sandbox_clock(
    client: StripeClient, control: SandboxControl, receiver: Receiver
) -> None:
    control.set_clock(datetime(2031, 1, 1, tzinfo=UTC), frozen=True)

    control.pay(open_session(client).id)
    control.flush()

    event = receiver.received[0].event()  # rejects signatures older than five minutes
    assert event.created == int(datetime(2031, 1, 1, tzinfo=UTC).timestamp())


def test_both_secrets_sign_during_rotation(
    client: StripeClient, control: SandboxControl, receiver: Receiver
) -> None:
    for endpoint in control.webhooks():
        control.delete_webhook(endpoint["id"])
    control.register_webhook(receiver.url, ["whsec_old", "whsec_new"])

    client.v1.checkout.sessions.expire(open_session(client).id)
    control.flush()

    assert receiver.received[0].event("whsec_old").id == receiver.received[0].event("whsec_new").id


def test_endpoint_receives_its_event_types_in_its_version(
    client: StripeClient, control: SandboxControl, receiver: Receiver
) -> None:
    for endpoint in control.webhooks():
        control.delete_webhook(endpoint["id"])
    types = ["checkout.session.completed"]
    version = "2025-03-31.basil"
    control.register_webhook(receiver.url, SECRET, enabled_events=types, api_version=version)

    control.pay(open_session(client).id)
    control.flush()

    assert receiver.types() == types
    assert receiver.received[0].event().api_version == version


@pytest.mark.parametrize("status", [500, 404, 302])
def test_response_other_than_2xx_is_retried(
    client: StripeClient, control: SandboxControl, receiver: Receiver, status: int
) -> None:
    receiver.statuses = [status, status]
    client.v1.checkout.sessions.expire(open_session(client).id)

    assert control.flush()

    delivery = control.deliveries()[0]
    assert [attempt["status"] for attempt in delivery["attempts"]] == [status, status, 200]
    assert [attempt["attempt"] for attempt in delivery["attempts"]] == [1, 2, 3]
    assert all(attempt["latency"] < 1 for attempt in delivery["attempts"])
    assert delivery["status"] == "delivered"
    bodies = {received.body for received in receiver.received}
    assert len(bodies) == 1  # the payload is frozen; only the signature is new
    assert receiver.received[2].at - receiver.received[0].at >= 0.3


def test_event_stays_listed_after_the_last_attempt(
    client: StripeClient, control: SandboxControl, receiver: Receiver
) -> None:
    receiver.statuses = [500] * 3
    client.v1.checkout.sessions.expire(open_session(client).id)

    assert control.flush(immediately=True)

    assert control.deliveries()[0]["status"] == "failed"
    failed = client.v1.events.list({"delivery_success": False}).data
    assert [event.type for event in failed] == ["checkout.session.expired"]
    assert client.v1.events.list({"delivery_success": True}).data == []

    control.resend(failed[0].id)
    assert control.flush()
    assert len(receiver.received) == 4
    assert client.v1.events.list({"delivery_success": False}).data == []


def test_unreachable_endpoint_is_logged(client: StripeClient, control: SandboxControl) -> None:
    control.register_webhook("http://127.0.0.1:9/hook", SECRET)
    client.v1.checkout.sessions.expire(open_session(client).id)

    assert control.flush(immediately=True)

    attempt = control.deliveries()[0]["attempts"][0]
    assert attempt["status"] is None
    assert "refused" in attempt["error"]


def test_events_are_listed_by_type(client: StripeClient, control: SandboxControl) -> None:
    control.pay(open_session(client).id)

    def types(**filters: object) -> list[str]:
        return [event.type for event in client.v1.events.list(filters).data]  # type: ignore[arg-type]

    assert types(type="charge.*") == ["charge.succeeded"]
    assert types(types=["charge.succeeded", "payment_intent.created"]) == [
        "charge.succeeded",
        "payment_intent.created",
    ]
    event = client.v1.events.list().data[0]
    assert client.v1.events.retrieve(event.id).type == event.type


def test_event_names_the_request_that_caused_it(client: StripeClient) -> None:
    session = open_session(client)
    client.v1.checkout.sessions.expire(session.id, {}, {"idempotency_key": "expire-1"})

    request = client.v1.events.list().data[0].request

    assert request is not None
    assert request.idempotency_key == "expire-1"
    assert str(request.id).startswith("req_")


def test_resending_an_unknown_event_is_refused(control: SandboxControl) -> None:
    with pytest.raises(SandboxError, match="No such event"):
        control.resend("evt_nothing")
