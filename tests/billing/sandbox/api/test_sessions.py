"""Creating, validating, reading, listing and expiring Checkout Sessions."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe
from stripe import StripeClient

from billing.sandbox.control.client import SandboxControl
from tests.billing.sandbox.helpers import line, open_session, purchase

pytestmark = pytest.mark.one_database


def test_new_session_is_open_and_unpaid(client: StripeClient) -> None:
    session = open_session(client)

    assert (session.status, session.payment_status) == ("open", "unpaid")
    assert (session.amount_subtotal, session.amount_total) == (12500, 12500)
    assert session.currency == "usd"
    assert session.payment_intent is None
    assert str(session.url).endswith(f"/c/pay/{session.id}")
    assert session.client_reference_id == "purchase-1"
    assert session.expires_at - session.created == 24 * 3600
    assert session.customer_details is not None
    assert session.customer_details.email == "buyer@lakeside.example"


def test_total_is_the_sum_of_the_line_items(client: StripeClient) -> None:
    session = open_session(client, line_items=[line(5, 499), line(1, 1)])

    assert session.amount_total == 5 * 499 + 1


INVALID_PARAMETERS = [
    ({"mode": None}, "parameter_missing", "mode"),
    ({"mode": "subscription"}, "sandbox_unsupported", "mode"),
    ({"mode": "gift"}, None, "mode"),
    ({"success_url": None}, "parameter_missing", "success_url"),
    ({"success_url": "/return/"}, "url_invalid", "success_url"),
    ({"line_items": None}, "parameter_missing", "line_items"),
    ({"line_items": [line(0)]}, None, "line_items[0][quantity]"),
    ({"line_items": [line(2, -1)]}, None, "line_items[0][price_data][unit_amount]"),
    (
        {"line_items": [line(2, "5.00")]},
        "parameter_invalid_integer",
        "line_items[0][price_data][unit_amount]",
    ),
    ({"line_items": [line(currency="USD")]}, None, "line_items[0][price_data][currency]"),
    ({"line_items": [line(1, 49)]}, "amount_too_small", None),
    ({"line_items": [line(1, 100_000_000)]}, "amount_too_large", None),
    ({"line_items": [line()] * 101}, None, "line_items"),
    ({"line_items": [line(), line(currency="eur")]}, None, "line_items"),
    ({"line_items": [line() | {"price": "price_1"}]}, "resource_missing", "line_items[0][price]"),
    ({"line_items": [line() | {"color": "red"}]}, "parameter_unknown", "line_items[0][color]"),
    ({"color": "red"}, "parameter_unknown", "color"),
    ({"payment_method_types": ["card"]}, "parameter_unknown", "payment_method_types"),
    (
        {"allowed_payment_method_types": ["card", "klarna"]},
        "sandbox_unsupported",
        "allowed_payment_method_types",
    ),
    ({"metadata": {"k" * 41: "v"}}, None, "metadata"),
    ({"metadata": {"k": "v" * 501}}, None, "metadata[k]"),
    ({"metadata": {f"k{n}": "v" for n in range(51)}}, None, "metadata"),
    ({"client_reference_id": "x" * 201}, None, "client_reference_id"),
    ({"customer_email": "invalid"}, "email_invalid", "customer_email"),
    ({"customer": "cus_1"}, None, "customer"),
    ({"customer_email": ""}, "parameter_invalid_empty", "customer_email"),
    ({"allow_promotion_codes": "invalid"}, None, "allow_promotion_codes"),
    ({"allow_promotion_codes": True}, "sandbox_unsupported", "allow_promotion_codes"),
    ({"automatic_tax": {"enabled": True}}, "sandbox_unsupported", "automatic_tax"),
    ({"discounts": [{"coupon": "x"}]}, "sandbox_unsupported", "discounts"),
]


@pytest.mark.parametrize(("more", "code", "param"), INVALID_PARAMETERS)
def test_invalid_parameters_are_named_in_the_error(
    client: StripeClient, more: dict[str, Any], code: str | None, param: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        open_session(client, **more)

    assert refusal.value.http_status == 400
    assert (refusal.value.code, refusal.value.param) == (code, param)
    assert refusal.value.request_id is not None


@pytest.mark.parametrize(
    ("minutes", "allowed"),
    [(28, False), (30, True), (35, True), (24 * 60, True), (24 * 60 + 2, False)],
)
def test_session_lives_between_30_minutes_and_a_day(
    client: StripeClient, control: SandboxControl, minutes: int, allowed: bool
) -> None:
    now = datetime(2027, 5, 1, 12, tzinfo=UTC)
    control.set_clock(now, frozen=True)
    expires_at = int((now + timedelta(minutes=minutes)).timestamp())

    if allowed:
        assert open_session(client, expires_at=expires_at).expires_at == expires_at
    else:
        with pytest.raises(stripe.InvalidRequestError, match="expires_at"):
            open_session(client, expires_at=expires_at)


def test_unknown_session_returns_404(client: StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.checkout.sessions.retrieve("cs_test_nothing")

    assert (refusal.value.http_status, refusal.value.code) == (404, "resource_missing")


def test_empty_id_returns_the_list(client: StripeClient) -> None:
    open_session(client)

    found: Any = client.v1.checkout.sessions.retrieve("")

    assert found.object == "list"  # like Stripe, so callers must check their ids


def test_path_unknown_to_stripe_is_refused(client: StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
        client.v1.coupons.list()


def test_charge_and_refunds_can_be_expanded(client: StripeClient, control: SandboxControl) -> None:
    session = open_session(client)
    control.pay(session.id)

    found = client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["line_items", "payment_intent.latest_charge.refunds"]}
    )

    intent: Any = found.payment_intent
    assert found.line_items is not None
    assert found.line_items.data[0].quantity == 25
    assert intent.latest_charge.payment_method_details.card.last4 == "4242"
    assert intent.latest_charge.refunds.data == []


def test_unknown_expansion_is_refused(client: StripeClient) -> None:
    session = open_session(client)

    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        client.v1.checkout.sessions.retrieve(session.id, {"expand": ["color"]})


def test_lists_are_newest_first_and_paginate_both_ways(client: StripeClient) -> None:
    ids = [open_session(client).id for _ in range(5)][::-1]
    sessions = client.v1.checkout.sessions

    first = sessions.list({"limit": 2})
    second = sessions.list({"limit": 2, "starting_after": ids[1]})
    previous = sessions.list({"limit": 2, "ending_before": ids[3]})

    assert ([s.id for s in first.data], first.has_more) == (ids[:2], True)
    assert [s.id for s in second.data] == ids[2:4]
    assert [s.id for s in previous.data] == ids[1:3]
    assert [s.id for s in sessions.list({"limit": 3}).auto_paging_iter()] == ids


def test_lists_are_filtered(client: StripeClient, control: SandboxControl) -> None:
    control.set_clock(datetime(2027, 5, 1, tzinfo=UTC), frozen=True)
    old = open_session(client, customer_email="old@lakeside.example")
    control.pay(old.id)
    control.advance_clock(600)
    new = open_session(client)

    def ids(**filters: Any) -> list[str]:
        return [s.id for s in client.v1.checkout.sessions.list(filters).data]  # type: ignore[arg-type]

    intent = client.v1.checkout.sessions.retrieve(old.id).payment_intent
    assert ids(status="open") == [new.id]
    assert ids(customer_details={"email": "old@lakeside.example"}) == [old.id]
    assert ids(payment_intent=intent) == [old.id]
    assert ids(created={"gte": new.created}) == [new.id]
    assert ids(created=old.created) == [old.id]


@pytest.mark.parametrize("filters", [{"limit": 0}, {"limit": 101}, {"metadata": {"a": "b"}}])
def test_invalid_filters_are_refused(client: StripeClient, filters: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.list(filters)


def test_line_items_are_listed(client: StripeClient) -> None:
    session = open_session(client, line_items=[line(5, 100), line(10, 100), line(15, 100)])

    page = client.v1.checkout.sessions.line_items.list(session.id, {"limit": 2})

    assert [item.quantity for item in page.auto_paging_iter()] == [5, 10, 15]


def test_only_open_sessions_can_be_expired(client: StripeClient, control: SandboxControl) -> None:
    session, paid = open_session(client), open_session(client)
    control.pay(paid.id)

    expired = client.v1.checkout.sessions.expire(session.id)

    assert (expired.status, expired.url) == ("expired", None)
    with pytest.raises(stripe.InvalidRequestError, match="status of expired"):
        client.v1.checkout.sessions.expire(session.id)
    with pytest.raises(stripe.InvalidRequestError, match="status of complete"):
        client.v1.checkout.sessions.expire(paid.id)


def test_session_expires_on_time(client: StripeClient, control: SandboxControl) -> None:
    control.set_clock(datetime(2027, 5, 1, tzinfo=UTC), frozen=True)
    session = open_session(client)

    control.advance_clock(24 * 3600 - 1)
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"

    control.advance_clock(1)
    assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"
    assert control.pay(session.id)["outcome"] == "not_open"
    types = [event.type for event in client.v1.events.list().data]
    assert types == ["checkout.session.expired"]


def test_expiry_cancels_the_payment_intent_of_a_declined_card(
    client: StripeClient, control: SandboxControl
) -> None:
    session = open_session(client)
    intent = control.pay(session.id, card="4000000000000002")["session"]["payment_intent"]

    client.v1.checkout.sessions.expire(session.id)

    assert client.v1.payment_intents.retrieve(intent).status == "canceled"


def test_metadata_reaches_the_payment_only_via_payment_intent_data(
    client: StripeClient, control: SandboxControl
) -> None:
    session = client.v1.checkout.sessions.create(
        purchase(metadata={"a": "session"}, payment_intent_data={"metadata": {"b": "payment"}})
    )
    intent = control.pay(session.id)["session"]["payment_intent"]

    found: Any = client.v1.payment_intents.retrieve(intent, {"expand": ["latest_charge"]})

    assert found.metadata.to_dict() == {"b": "payment"}
    assert found.latest_charge.metadata.to_dict() == {"b": "payment"}
