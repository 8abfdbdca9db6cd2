"""Status changes of refunds, and their effects on the charge."""

from typing import Any

import pytest
import stripe
from stripe import StripeClient

from billing.sandbox.control.client import SandboxControl, SandboxError
from tests.billing.sandbox.helpers import Receiver, events, paid_charge

pytestmark = pytest.mark.one_database

PAYMENT = 4  # number of events of a payment


def refunded(client: StripeClient, charge: Any) -> tuple[int, bool]:
    found = client.v1.charges.retrieve(charge.id)
    return found.amount_refunded, found.refunded


def test_refund_events_precede_charge_events(client: StripeClient, charge: Any) -> None:
    client.v1.refunds.create({"charge": charge.id, "amount": 2500})
    client.v1.refunds.create({"charge": charge.id})

    assert events(client, PAYMENT) == ["refund.created", "charge.refunded"] * 2
    emitted = client.v1.events.list({"type": "charge.refunded"}).data
    emitted_charges: Any = [event.data.object for event in emitted]
    assert [(c["amount_refunded"], c["refunded"]) for c in emitted_charges] == [
        (12500, True),
        (2500, False),
    ]


def test_pending_refund_settles(client: StripeClient, control: SandboxControl, charge: Any) -> None:
    created = control.refund(charge=charge.id, amount=2500, pending=True)
    before = client.v1.refunds.retrieve(created["id"])

    control.settle_refund(created["id"])

    refund = client.v1.refunds.retrieve(created["id"])
    assert (before.status, before.balance_transaction) == ("pending", None)
    assert refund.status == "succeeded"
    assert not hasattr(refund, "pending_reason")
    assert refund.balance_transaction is not None
    assert refunded(client, charge) == (2500, False)
    assert events(client, PAYMENT + 2) == ["charge.refund.updated", "refund.updated"]
    data: Any = client.v1.events.list({"type": "refund.updated"}).data[0].data
    assert data.previous_attributes["status"] == "pending"


@pytest.mark.parametrize("pending", [False, True])
def test_failed_refund_lowers_the_refunded_amount(
    client: StripeClient, control: SandboxControl, charge: Any, pending: bool
) -> None:
    client.v1.refunds.create({"charge": charge.id, "amount": 500})
    created = control.refund(charge=charge.id, pending=pending)
    assert refunded(client, charge) == (12500, True)

    control.fail_refund(created["id"], reason="lost_or_stolen_card")

    refund: Any = client.v1.refunds.retrieve(
        created["id"], {"expand": ["failure_balance_transaction"]}
    )
    assert (refund.status, refund.failure_reason) == ("failed", "lost_or_stolen_card")
    assert not hasattr(refund, "pending_reason")
    if pending:  # no money had left the account
        assert not hasattr(refund, "failure_balance_transaction")
    else:
        entry = refund.failure_balance_transaction
        assert (entry.amount, entry.type, entry.source) == (12000, "refund_failure", refund.id)
    assert refunded(client, charge) == (500, False)
    assert events(client)[-3:] == ["charge.refund.updated", "refund.updated", "refund.failed"]
    assert client.v1.refunds.create({"charge": charge.id}).amount == 12000


def test_pending_refund_can_be_canceled_in_the_dashboard(
    client: StripeClient, control: SandboxControl, charge: Any
) -> None:
    created = control.refund(charge=charge.id, pending=True)

    control.cancel_refund(created["id"])

    refund = client.v1.refunds.retrieve(created["id"])
    assert (refund.status, refund.failure_reason) == ("canceled", "merchant_request")
    assert refunded(client, charge) == (0, False)
    assert events(client)[-2:] == ["charge.refund.updated", "refund.updated"]


@pytest.mark.parametrize("pending", [False, True])
def test_api_cannot_cancel_a_card_refund(
    client: StripeClient, control: SandboxControl, charge: Any, pending: bool
) -> None:
    created = control.refund(charge=charge.id, pending=pending)

    with pytest.raises(stripe.InvalidRequestError, match="requires_action") as refusal:
        client.v1.refunds.cancel(created["id"])

    assert refusal.value.http_status == 400
    assert client.v1.refunds.retrieve(created["id"]).status == created["status"]


def test_invalid_transitions_are_refused(
    client: StripeClient, control: SandboxControl, charge: Any
) -> None:
    succeeded = control.refund(charge=charge.id, amount=100)["id"]
    failed = control.refund(charge=charge.id, amount=100)["id"]
    control.fail_refund(failed)
    before = len(events(client))

    for action in (
        lambda: control.settle_refund(succeeded),
        lambda: control.cancel_refund(succeeded),
        lambda: control.fail_refund(succeeded, reason="invalid"),
        lambda: control.settle_refund(failed),
        lambda: control.fail_refund(failed),
        lambda: control.fail_refund("re_nothing"),
    ):
        with pytest.raises(SandboxError):
            action()

    assert refunded(client, charge) == (100, False)
    assert len(events(client)) == before


# Disputed charges ---------------------------------------------------------------------------------


def test_disputed_charge_cannot_be_refunded(
    client: StripeClient, control: SandboxControl, charge: Any
) -> None:
    control.open_dispute(charge=charge.id, amount=100)

    target: Any
    for target in ({"charge": charge.id}, {"payment_intent": charge.payment_intent}):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            client.v1.refunds.create(target | {"amount": 100})
        assert (refusal.value.http_status, refusal.value.code) == (400, "charge_disputed")

    with pytest.raises(SandboxError, match="charged back"):
        control.refund(charge=charge.id)
    assert refunded(client, charge) == (0, False)


@pytest.mark.parametrize("escalated", [False, True])
def test_dispute_fails_pending_refunds(
    client: StripeClient, control: SandboxControl, charge: Any, escalated: bool
) -> None:
    settled = control.refund(charge=charge.id, amount=500)
    pending = control.refund(charge=charge.id, amount=700, pending=True)
    if escalated:
        inquiry = control.open_inquiry(charge=charge.id, amount=12500)
        assert client.v1.refunds.retrieve(pending["id"]).status == "pending"
        dispute = control.escalate_inquiry(inquiry["id"])
    else:
        dispute = control.open_dispute(charge=charge.id)

    failed = client.v1.refunds.retrieve(pending["id"])
    assert failed.status == "failed"
    assert failed.failure_reason == "charge_for_pending_refund_disputed"
    assert client.v1.refunds.retrieve(settled["id"]).status == "succeeded"
    assert dispute["amount"] == 12000
    assert refunded(client, charge) == (500, False)


# Lists and expansion ------------------------------------------------------------------------------


def test_refunds_are_listed_filtered_and_paginated(
    client: StripeClient, control: SandboxControl, charge: Any
) -> None:
    other = paid_charge(client, control)
    created = [control.refund(charge=charge.id, amount=100)["id"] for _ in range(3)]
    last = control.refund(payment_intent=other.payment_intent)["id"]

    def ids(**params: Any) -> list[str]:
        return [refund.id for refund in client.v1.refunds.list(params).data]  # type: ignore[arg-type]

    assert ids() == [last, *reversed(created)]
    assert ids(charge=charge.id) == created[::-1]
    assert ids(payment_intent=other.payment_intent) == [last]
    assert ids(limit=2, starting_after=last) == [created[2], created[1]]
    assert ids(limit=1, ending_before=created[0]) == [created[1]]
    now = control.clock()["now"]
    assert ids(created={"lt": now - 60}) == []
    assert len(ids(created={"gt": now - 60}, charge=charge.id)) == 3


def test_payment_of_a_refund_can_be_expanded(
    client: StripeClient, control: SandboxControl, charge: Any
) -> None:
    created = control.refund(charge=charge.id, amount=100)

    refund: Any = client.v1.refunds.retrieve(
        created["id"], {"expand": ["charge", "payment_intent.latest_charge", "balance_transaction"]}
    )
    page: Any = client.v1.refunds.list({"expand": ["data.charge"]})

    assert (refund.charge.id, refund.charge.amount_refunded) == (charge.id, 100)
    assert refund.payment_intent.latest_charge.id == charge.id
    assert refund.balance_transaction.amount == -100
    assert refund.balance_transaction.source == created["id"]
    assert page.data[0].charge.id == charge.id


def test_payment_is_found_by_every_related_id(
    client: StripeClient, control: SandboxControl, charge: Any
) -> None:
    paid_charge(client, control)
    intent = charge.payment_intent

    charges = client.v1.charges.list({"payment_intent": intent}).data
    sessions = client.v1.checkout.sessions.list({"payment_intent": intent}).data
    found: Any = client.v1.payment_intents.retrieve(intent, {"expand": ["latest_charge.refunds"]})

    assert [found.id for found in charges] == [charge.id]
    assert [session.payment_intent for session in sessions] == [intent]
    assert found.latest_charge.refunds.data == []


# Idempotency keys ---------------------------------------------------------------------------------


def test_repeated_key_refunds_once(client: StripeClient, charge: Any) -> None:
    def refund(amount: int) -> stripe.Refund:
        params: Any = {"charge": charge.id, "amount": amount}
        return client.v1.refunds.create(params, {"idempotency_key": "refund-1"})

    first, again = refund(500), refund(500)

    assert first.id == again.id
    assert refunded(client, charge) == (500, False)
    assert events(client, PAYMENT) == ["refund.created", "charge.refunded"]
    with pytest.raises(stripe.IdempotencyError):
        refund(600)


def test_error_for_a_disputed_charge_is_replayed_with_its_key(
    client: StripeClient, control: SandboxControl, charge: Any
) -> None:
    created = control.open_dispute(charge=charge.id)

    def refund(key: str) -> stripe.Refund:
        return client.v1.refunds.create({"charge": charge.id}, {"idempotency_key": key})

    with pytest.raises(stripe.InvalidRequestError):
        refund("mine")
    control.close_dispute(created["id"], "won")
    with pytest.raises(stripe.InvalidRequestError, match="charged back"):
        refund("mine")
    assert refund("another").status == "succeeded"


# Webhooks -----------------------------------------------------------------------------------------


def test_events_of_a_failing_refund_are_delivered(
    control: SandboxControl, charge: Any, receiver: Receiver
) -> None:
    control.fault("twin", event_type="refund.failed", times=1)
    control.fail_refund(control.refund(charge=charge.id)["id"])

    assert control.flush()

    assert receiver.types() == [
        "refund.created",
        "charge.refunded",
        "charge.refund.updated",
        "refund.updated",
        *["refund.failed"] * 2,
    ]
    emitted: Any = receiver.received[-1].event().data.object
    assert (emitted["status"], emitted["charge"]) == ("failed", charge.id)
