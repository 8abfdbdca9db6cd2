"""Webhook faults have their documented effects."""

import json
from typing import Any

import pytest
import stripe
from stripe import StripeClient

from billing.sandbox.control.client import SandboxControl
from tests.billing.sandbox.helpers import SECRET, Receiver, open_session, until

pytestmark = pytest.mark.one_database


@pytest.fixture
def expire(client: StripeClient) -> Any:
    """Return a function that emits one event by expiring a session, and returns its id."""

    def expire_session() -> str:
        session = open_session(client)
        client.v1.checkout.sessions.expire(session.id)
        return session.id

    return expire_session


def test_delay_postpones_delivery(control: SandboxControl, receiver: Receiver, expire: Any) -> None:
    control.fault("delay", seconds=0.3, times=1)
    expire()

    assert not control.flush(timeout=0.1)
    assert receiver.received == []
    assert control.flush()
    assert len(receiver.received) == 1


def test_event_dropped_twice_arrives_at_the_third_attempt(
    control: SandboxControl, receiver: Receiver, expire: Any
) -> None:
    control.fault("drop", times=2)
    expire()

    assert control.flush(immediately=True)

    attempts = control.deliveries()[0]["attempts"]
    assert [attempt["status"] for attempt in attempts] == [None, None, 200]
    assert attempts[0]["faults"] == ["drop"]
    assert len(receiver.received) == 1


def test_event_always_dropped_never_arrives(
    control: SandboxControl, receiver: Receiver, expire: Any
) -> None:
    control.fault("drop")
    expire()

    assert control.flush(immediately=True)

    assert control.deliveries()[0]["status"] == "failed"
    assert receiver.received == []


def test_duplicates_are_delivered_in_parallel(
    control: SandboxControl, receiver: Receiver, expire: Any
) -> None:
    receiver.seconds = 0.2
    control.fault("duplicate", count=5, times=1)
    expire()

    assert control.flush()

    assert len({received.event().id for received in receiver.received}) == 1
    assert (len(receiver.received), receiver.max_concurrent) == (5, 5)


def test_endpoint_without_faults_receives_one_event_at_a_time(
    control: SandboxControl, receiver: Receiver, client: StripeClient
) -> None:
    receiver.seconds = 0.05
    control.pay(open_session(client).id)

    assert control.flush()

    assert (len(receiver.received), receiver.max_concurrent) == (4, 1)


def test_twins_are_two_events_for_one_change(
    control: SandboxControl, receiver: Receiver, expire: Any, client: StripeClient
) -> None:
    control.fault("twin", times=1)
    session = expire()

    assert control.flush()

    events = [received.event() for received in receiver.received]
    assert len({event.id for event in events}) == 2
    assert {event.data.object["id"] for event in events} == {session}
    assert len(client.v1.events.list().data) == 2


def test_reorder_sends_an_event_after_a_later_type(
    control: SandboxControl, receiver: Receiver, client: StripeClient
) -> None:
    control.fault(
        "reorder", event_type="payment_intent.created", after="checkout.session.completed"
    )
    control.pay(open_session(client).id)

    assert control.flush()

    assert receiver.types()[-2:] == ["checkout.session.completed", "payment_intent.created"]


def test_reorder_sends_an_event_after_the_next(
    control: SandboxControl, receiver: Receiver, client: StripeClient
) -> None:
    control.fault("reorder", event_type="payment_intent.succeeded")
    control.pay(open_session(client).id)

    assert control.flush()

    types = receiver.types()
    assert types.index("payment_intent.succeeded") > types.index("charge.succeeded")


def test_hold_waits_for_release(control: SandboxControl, receiver: Receiver, expire: Any) -> None:
    control.fault("hold", times=1)
    expire()
    expire()

    assert control.flush()
    assert len(receiver.received) == 1
    assert control.release() == 1
    assert control.flush()
    assert len(receiver.received) == 2


def test_fault_for_one_session_does_not_affect_others(
    control: SandboxControl, receiver: Receiver, client: StripeClient
) -> None:
    held, other = open_session(client), open_session(client)
    control.fault("hold", session=held.id, event_type="checkout.session.*")
    control.pay(held.id)
    control.pay(other.id)

    assert control.flush()

    completed = [e for e in receiver.received if b'"checkout.session.completed"' in e.body]
    assert [e.event().data.object["id"] for e in completed] == [other.id]


@pytest.mark.parametrize("kind", ["bad_signature", "old_timestamp", "truncated"])
def test_corruption_that_breaks_the_signature(
    control: SandboxControl, receiver: Receiver, expire: Any, kind: str
) -> None:
    control.fault(kind, times=1)
    expire()
    assert control.flush()

    with pytest.raises(stripe.SignatureVerificationError):
        receiver.received[0].event()


@pytest.mark.parametrize(
    ("kind", "error"), [("bad_json", json.JSONDecodeError), ("not_utf8", UnicodeDecodeError)]
)
def test_corruption_with_a_valid_signature(
    control: SandboxControl, receiver: Receiver, expire: Any, kind: str, error: type[Exception]
) -> None:
    control.fault(kind, times=1)
    expire()
    assert control.flush()

    with pytest.raises(error):
        receiver.received[0].event()


def test_second_secret_alone_can_sign(
    control: SandboxControl, receiver: Receiver, client: StripeClient
) -> None:
    for endpoint in control.webhooks():
        control.delete_webhook(endpoint["id"])
    control.register_webhook(receiver.url, [SECRET, "whsec_second"])
    control.fault("second_secret_only")
    client.v1.checkout.sessions.expire(open_session(client).id)
    assert control.flush()

    with pytest.raises(stripe.SignatureVerificationError):
        receiver.received[0].event()
    assert receiver.received[0].event("whsec_second").type == "checkout.session.expired"


@pytest.mark.parametrize(
    ("kind", "options", "field", "value"),
    [
        ("unknown_type", {}, "type", "sandbox.unknown_type"),
        ("account", {"account": "acct_other"}, "account", "acct_other"),
        ("livemode", {}, "livemode", True),
        ("api_version", {"version": "2020-08-27"}, "api_version", "2020-08-27"),
    ],
)
def test_unexpected_event_content(
    control: SandboxControl,
    receiver: Receiver,
    expire: Any,
    kind: str,
    options: dict[str, Any],
    field: str,
    value: Any,
) -> None:
    control.fault(kind, **options)
    expire()
    assert control.flush()

    assert receiver.received[0].event()[field] == value


def test_huge_event_is_delivered(control: SandboxControl, receiver: Receiver, expire: Any) -> None:
    control.fault("huge")
    expire()

    received = until(lambda: receiver.received)[0]

    assert len(received.body) > 2_000_000
    assert received.event().type == "checkout.session.expired"
