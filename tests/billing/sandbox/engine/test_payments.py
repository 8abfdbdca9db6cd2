"""Behavior of the test cards."""

from typing import Any

import pytest
from stripe import StripeClient

from billing.sandbox.control.client import SandboxControl, SandboxError
from tests.billing.sandbox.helpers import CARD, CHALLENGED, DECLINED, PREPAID, open_session

pytestmark = pytest.mark.one_database

BLOCK_PREPAID = {"card": {"restrictions": {"funding_types_blocked": ["prepaid"]}}}


def events(client: StripeClient) -> list[str]:
    return [str(event.type) for event in client.v1.events.list().data][::-1]


def charge_of(client: StripeClient, session_id: str) -> Any:
    found: Any = client.v1.checkout.sessions.retrieve(
        session_id, {"expand": ["payment_intent.latest_charge"]}
    )
    return found.payment_intent.latest_charge


@pytest.mark.parametrize(
    ("card", "brand", "funding"),
    [
        (CARD, "visa", "credit"),
        ("5555555555554444", "mastercard", "credit"),
        ("378282246310005", "amex", "credit"),
        ("6011111111111117", "discover", "credit"),
        ("4000056655665556", "visa", "debit"),
        ("5200828282828210", "mastercard", "debit"),
        (PREPAID, "mastercard", "prepaid"),
    ],
)
def test_valid_card_pays(
    client: StripeClient, control: SandboxControl, card: str, brand: str, funding: str
) -> None:
    session = open_session(client)

    paid = control.pay(session.id, card=card)

    charge = charge_of(client, session.id)
    details = charge.payment_method_details.card
    assert paid["outcome"] == "paid"
    assert (paid["session"]["status"], paid["session"]["payment_status"]) == ("complete", "paid")
    assert paid["session"]["url"] is None
    assert (details.brand, details.funding, details.last4) == (brand, funding, card[-4:])
    assert (charge.amount, charge.amount_captured, charge.paid) == (12500, 12500, True)


def test_payment_emits_its_events_in_order(client: StripeClient, control: SandboxControl) -> None:
    control.pay(open_session(client).id)

    assert events(client) == [
        "payment_intent.created",
        "payment_intent.succeeded",
        "charge.succeeded",
        "checkout.session.completed",
    ]


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        (DECLINED, "card_declined", "generic_decline"),
        ("4000000000009995", "card_declined", "insufficient_funds"),
        ("4000000000009987", "card_declined", "lost_card"),
        ("4000000000009979", "card_declined", "stolen_card"),
        ("4000000000000069", "expired_card", None),
        ("4000000000000127", "incorrect_cvc", None),
        ("4000000000000119", "processing_error", None),
        ("4000008400001280", "processing_error", None),
    ],
)
def test_declined_card_leaves_the_session_payable(
    client: StripeClient,
    control: SandboxControl,
    card: str,
    code: str,
    decline_code: str | None,
) -> None:
    session = open_session(client)

    declined = control.pay(session.id, card=card)

    intent: Any = client.v1.payment_intents.retrieve(declined["session"]["payment_intent"])
    assert (declined["outcome"], declined["session"]["status"]) == ("declined", "open")
    assert (declined["code"], declined["decline_code"]) == (code, decline_code)
    assert intent.status == "requires_payment_method"
    assert intent.last_payment_error.code == code
    assert events(client)[-1] == "payment_intent.payment_failed"
    assert control.pay(session.id)["outcome"] == "paid"


def test_declines_share_one_intent_and_leave_failed_charges(
    client: StripeClient, control: SandboxControl
) -> None:
    session = open_session(client)
    first = control.pay(session.id, card=DECLINED)
    second = control.pay(session.id, card=DECLINED)
    paid = control.pay(session.id)

    intents = {outcome["session"]["payment_intent"] for outcome in (first, second, paid)}
    charges = client.v1.charges.list({"payment_intent": intents.pop()})

    assert intents == set()
    assert [charge.status for charge in charges.data] == ["succeeded", "failed", "failed"]


@pytest.mark.parametrize("card", [CHALLENGED, "4000002760003184", "4000002500003155"])
def test_completed_challenge_pays(client: StripeClient, control: SandboxControl, card: str) -> None:
    session = open_session(client)

    challenged = control.pay(session.id, card=card)
    paid = control.pay(session.id, card=card, three_d_secure="complete")

    assert (challenged["outcome"], challenged["session"]["status"]) == ("requires_action", "open")
    assert paid["outcome"] == "paid"
    secured = charge_of(client, session.id).payment_method_details.card.three_d_secure
    assert secured.result == "authenticated"


def test_failed_challenge_is_a_decline(client: StripeClient, control: SandboxControl) -> None:
    session = open_session(client)

    failed = control.pay(session.id, card=CHALLENGED, three_d_secure="fail")

    assert (failed["outcome"], failed["code"]) == (
        "declined",
        "payment_intent_authentication_failure",
    )
    assert client.v1.charges.list().data == []
    assert control.pay(session.id)["outcome"] == "paid"


@pytest.mark.parametrize(
    ("card", "decline_code"),
    [("4000008400001629", "generic_decline"), ("4000008260003178", "insufficient_funds")],
)
def test_some_cards_are_declined_after_the_challenge(
    client: StripeClient, control: SandboxControl, card: str, decline_code: str
) -> None:
    session = open_session(client)

    declined = control.pay(session.id, card=card, three_d_secure="complete")

    assert (declined["outcome"], declined["decline_code"]) == ("declined", decline_code)


def test_session_can_challenge_every_card(client: StripeClient, control: SandboxControl) -> None:
    options = {"card": {"request_three_d_secure": "challenge"}}
    session = open_session(client, payment_method_options=options)

    assert control.pay(session.id)["outcome"] == "requires_action"


@pytest.mark.parametrize(
    ("restrictions", "card"),
    [
        ({"funding_types_blocked": ["prepaid"]}, PREPAID),
        ({"funding_types_blocked": ["debit", "credit"]}, CARD),
        ({"brands_blocked": ["american_express"]}, "378282246310005"),
    ],
)
def test_blocked_card_leaves_no_charge(
    client: StripeClient, control: SandboxControl, restrictions: Any, card: str
) -> None:
    options = {"card": {"restrictions": restrictions}}
    session = open_session(client, payment_method_options=options)

    blocked = control.pay(session.id, card=card)

    assert (blocked["outcome"], blocked["session"]["status"]) == ("blocked", "open")
    assert client.v1.charges.list().data == []
    assert events(client) == []


def test_card_with_unknown_funding_is_not_blocked(
    client: StripeClient, control: SandboxControl
) -> None:
    session = open_session(client, payment_method_options=BLOCK_PREPAID)

    assert control.pay(session.id, funding="unknown")["outcome"] == "paid"
    assert charge_of(client, session.id).payment_method_details.card.funding == "unknown"


def test_unknown_card_number_is_refused(client: StripeClient, control: SandboxControl) -> None:
    session = open_session(client)

    with pytest.raises(SandboxError, match="test cards"):
        control.pay(session.id, card="4111111111111111")


def test_second_payment_is_refused(client: StripeClient, control: SandboxControl) -> None:
    session = open_session(client)

    assert control.pay(session.id)["outcome"] == "paid"
    assert control.pay(session.id)["outcome"] == "not_open"
    assert len(client.v1.charges.list().data) == 1


def test_customer_is_created_only_on_request(client: StripeClient, control: SandboxControl) -> None:
    guest, known = open_session(client), open_session(client, customer_creation="always")
    control.pay(guest.id)
    control.pay(known.id)

    assert client.v1.checkout.sessions.retrieve(guest.id).customer is None
    customer = client.v1.checkout.sessions.retrieve(known.id).customer
    assert client.v1.customers.retrieve(str(customer)).email == "buyer@lakeside.example"


def test_unrelated_payment_can_be_injected(client: StripeClient, control: SandboxControl) -> None:
    params = {
        "mode": "payment",
        "success_url": "https://other.example/",
        "line_items": [
            {
                "quantity": 3,
                "price_data": {
                    "currency": "eur",
                    "unit_amount": 70,
                    "product_data": {"name": "Tea"},
                },
            }
        ],
        "metadata": {"purchase": "purchase-1"},
    }

    session = control.inject(params)["session"]

    found = client.v1.checkout.sessions.retrieve(session["id"])
    assert (found.amount_total, found.currency, found.payment_status) == (210, "eur", "paid")


def test_payment_can_be_altered(client: StripeClient, control: SandboxControl) -> None:
    session = open_session(client)
    control.pay(session.id)

    control.alter(
        session.id,
        {"amount_total": 1, "metadata.purchase": "other", "line_items.data.0.quantity": 5},
    )

    found: Any = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["line_items"]})
    assert (found.amount_total, found.metadata["purchase"]) == (1, "other")
    assert found.line_items.data[0].quantity == 5
