"""Disputes and inquiries: opening, updating, closing, listing and reading."""

from typing import Any

import pytest
import stripe
from stripe import StripeClient

from billing.sandbox.control.client import SandboxControl, SandboxError
from tests.billing.sandbox.helpers import Receiver, events, open_session, paid_charge

pytestmark = pytest.mark.one_database

PAYMENT = 4  # number of events of a payment


def retrieve(client: StripeClient, id: str) -> Any:
    return client.v1.disputes.retrieve(id)


def is_disputed(client: StripeClient, charge: Any) -> bool:
    return bool(client.v1.charges.retrieve(charge.id).disputed)


# Disputes -----------------------------------------------------------------------------------------


def test_dispute_withdraws_the_money_and_blocks_refunds(
    client: StripeClient, control: SandboxControl, charge: Any
) -> None:
    created = control.open_dispute(charge=charge.id, reason="duplicate")

    dispute = retrieve(client, created["id"])
    assert (dispute.status, dispute.reason) == ("needs_response", "duplicate")
    assert (dispute.amount, dispute.currency) == (12500, "usd")
    assert (dispute.charge, dispute.payment_intent) == (charge.id, charge.payment_intent)
    assert dispute.is_charge_refundable is False
    assert [(t.amount, t.fee, t.net) for t in dispute.balance_transactions] == [
        (-12500, 1500, -14000)
    ]
    assert dispute.evidence_details.due_by > dispute.created
    assert is_disputed(client, charge)
    assert events(client, PAYMENT) == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]


def test_undisputed_charge_is_not_marked(client: StripeClient, charge: Any) -> None:
    assert charge.disputed is False
    assert client.v1.disputes.list({"charge": charge.id}).data == []


def test_won_dispute_returns_the_money_and_allows_refunds(
    client: StripeClient, control: SandboxControl, charge: Any
) -> None:
    created = control.open_dispute(charge=charge.id)
    control.review_dispute(created["id"])
    reviewed = retrieve(client, created["id"])
    control.close_dispute(created["id"], "won")

    dispute = retrieve(client, created["id"])
    assert (reviewed.status, reviewed.evidence_details.submission_count) == ("under_review", 1)
    assert (dispute.status, dispute.is_charge_refundable) == ("won", True)
    assert [t.amount for t in dispute.balance_transactions] == [-12500, 12500]
    assert dispute.balance_transactions[1].reporting_category == "dispute_reversal"
    assert events(client, PAYMENT + 2) == [
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
    ]
    assert is_disputed(client, charge)  # stays true after the dispute
    assert client.v1.refunds.create({"charge": charge.id}).status == "succeeded"


def test_lost_dispute_keeps_the_money_and_blocks_refunds(
    client: StripeClient, control: SandboxControl, charge: Any
) -> None:
    created = control.open_dispute(charge=charge.id)
    control.close_dispute(created["id"], "lost")

    dispute = retrieve(client, created["id"])
    assert (dispute.status, dispute.is_charge_refundable) == ("lost", False)
    assert len(dispute.balance_transactions) == 1
    assert events(client, PAYMENT + 2) == ["charge.dispute.closed"]
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"charge": charge.id})


def test_update_includes_previous_values(
    client: StripeClient, control: SandboxControl, charge: Any
) -> None:
    control.review_dispute(control.open_dispute(charge=charge.id)["id"])

    data: Any = client.v1.events.list({"type": "charge.dispute.updated"}).data[0].data

    assert data.previous_attributes["status"] == "needs_response"
    assert data.previous_attributes["evidence_details"]["has_evidence"] is False
    assert data.object["status"] == "under_review"


def test_dispute_can_be_partial(client: StripeClient, control: SandboxControl, charge: Any) -> None:
    first = control.open_dispute(charge=charge.id, amount=2500)
    rest = control.open_dispute(charge=charge.id)

    assert (first["amount"], rest["amount"]) == (2500, 10000)
    assert retrieve(client, first["id"]).balance_transactions[0].amount == -2500
    with pytest.raises(SandboxError, match="between 1 and 0"):
        control.open_dispute(charge=charge.id)


def test_default_amount_excludes_refunds(
    client: StripeClient, control: SandboxControl, charge: Any
) -> None:
    client.v1.refunds.create({"charge": charge.id, "amount": 2500})

    assert control.open_dispute(charge=charge.id)["amount"] == 10000


def test_explicit_amount_may_include_refunds(
    client: StripeClient, control: SandboxControl, charge: Any
) -> None:
    client.v1.refunds.create({"charge": charge.id})

    assert control.open_dispute(charge=charge.id, amount=12500)["amount"] == 12500
    refunded = client.v1.charges.retrieve(charge.id)
    assert (refunded.refunded, refunded.disputed) == (True, True)


@pytest.mark.parametrize("amount", [0, -1, 12501])
def test_other_amounts_cannot_be_disputed(
    control: SandboxControl, client: StripeClient, charge: Any, amount: int
) -> None:
    with pytest.raises(SandboxError, match="between 1 and 12500"):
        control.open_dispute(charge=charge.id, amount=amount)

    assert not is_disputed(client, charge)


def test_payment_is_found_by_session_intent_or_charge(
    client: StripeClient, control: SandboxControl
) -> None:
    session = open_session(client)
    with pytest.raises(SandboxError, match="has not been paid"):
        control.open_inquiry(session=session.id)
    intent = control.pay(session.id)["session"]["payment_intent"]

    created = [
        control.open_inquiry(session=session.id, amount=100),
        control.open_inquiry(payment_intent=intent, amount=100),
    ]

    assert {inquiry["payment_intent"] for inquiry in created} == {intent}


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"charge": "ch_nothing"}, "not a charge"),
        ({"payment_intent": "pi_nothing"}, "no charge"),
        ({"session": "cs_test_nothing"}, "No such checkout.session"),
        ({}, "No such checkout.session"),
    ],
)
def test_unknown_payment_cannot_be_disputed(
    control: SandboxControl, target: Any, message: str
) -> None:
    with pytest.raises(SandboxError, match=message):
        control.open_dispute(**target)


def test_unknown_reason_is_refused(control: SandboxControl, charge: Any) -> None:
    with pytest.raises(SandboxError, match="Not a reason"):
        control.open_dispute(charge=charge.id, reason="invalid")


# Inquiries ----------------------------------------------------------------------------------------


def test_inquiry_withdraws_nothing_and_allows_refunds(
    client: StripeClient, control: SandboxControl, charge: Any
) -> None:
    created = control.open_inquiry(charge=charge.id)

    inquiry = retrieve(client, created["id"])
    assert (inquiry.status, inquiry.is_charge_refundable) == ("warning_needs_response", True)
    assert inquiry.balance_transactions == []
    assert is_disputed(client, charge)
    assert events(client, PAYMENT) == ["charge.dispute.created"]
    assert client.v1.refunds.create({"charge": charge.id, "amount": 500}).status == "succeeded"
    assert retrieve(client, created["id"]).is_charge_refundable is True
    client.v1.refunds.create({"charge": charge.id})
    assert retrieve(client, created["id"]).is_charge_refundable is False


def test_inquiry_closes_without_moving_money(
    client: StripeClient, control: SandboxControl, charge: Any
) -> None:
    created = control.open_inquiry(charge=charge.id)
    assert control.review_dispute(created["id"])["status"] == "warning_under_review"
    control.close_dispute(created["id"], "warning_closed")

    closed = retrieve(client, created["id"])
    assert (closed.status, closed.is_charge_refundable) == ("warning_closed", True)
    assert closed.balance_transactions == []
    assert events(client, PAYMENT + 1) == ["charge.dispute.updated", "charge.dispute.closed"]


@pytest.mark.parametrize("reviewed", [False, True])
def test_inquiry_keeps_its_id_when_it_escalates(
    client: StripeClient, control: SandboxControl, charge: Any, reviewed: bool
) -> None:
    created = control.open_inquiry(charge=charge.id)
    if reviewed:
        control.review_dispute(created["id"])
    control.escalate_inquiry(created["id"])

    dispute = retrieve(client, created["id"])
    assert (dispute.status, dispute.is_charge_refundable) == ("needs_response", False)
    assert dispute.payment_method_details.card.case_type == "chargeback"
    assert [t.amount for t in dispute.balance_transactions] == [-12500]
    assert events(client)[-2:] == ["charge.dispute.updated", "charge.dispute.funds_withdrawn"]
    assert events(client).count("charge.dispute.created") == 1
    assert len(client.v1.disputes.list().data) == 1


def test_escalated_inquiry_withdraws_only_what_was_not_refunded(
    client: StripeClient, control: SandboxControl, charge: Any
) -> None:
    created = control.open_inquiry(charge=charge.id)
    client.v1.refunds.create({"charge": charge.id, "amount": 2500})

    assert control.escalate_inquiry(created["id"])["amount"] == 10000


def test_refunded_inquiry_does_not_escalate(
    client: StripeClient, control: SandboxControl, charge: Any
) -> None:
    created = control.open_inquiry(charge=charge.id)
    client.v1.refunds.create({"charge": charge.id})

    with pytest.raises(SandboxError, match="nothing left to take"):
        control.escalate_inquiry(created["id"])


def test_invalid_transitions_are_refused(
    client: StripeClient, control: SandboxControl, charge: Any
) -> None:
    inquiry = control.open_inquiry(charge=charge.id, amount=100)["id"]
    dispute = control.open_dispute(charge=charge.id, amount=100)["id"]
    control.review_dispute(dispute)
    before = len(events(client))

    for action in (
        lambda: control.close_dispute(inquiry, "won"),
        lambda: control.close_dispute(inquiry, "lost"),
        lambda: control.close_dispute(dispute, "warning_closed"),
        lambda: control.close_dispute(dispute, "invalid"),  # type: ignore[arg-type]
        lambda: control.review_dispute(dispute),
        lambda: control.escalate_inquiry(dispute),
        lambda: control.close_dispute("dp_nothing", "won"),
    ):
        with pytest.raises(SandboxError):
            action()

    control.close_dispute(dispute, "lost")
    with pytest.raises(SandboxError, match="cannot be closed"):
        control.close_dispute(dispute, "won")
    assert len(events(client)) == before + 1


# Lists and expansion ------------------------------------------------------------------------------


def test_disputes_are_listed_filtered_and_paginated(
    client: StripeClient, control: SandboxControl, charge: Any
) -> None:
    other = paid_charge(client, control)
    created = [control.open_inquiry(charge=charge.id, amount=100)["id"] for _ in range(3)]
    last = control.open_dispute(charge=other.id)["id"]

    def ids(**params: Any) -> list[str]:
        return [dispute.id for dispute in client.v1.disputes.list(params).data]  # type: ignore[arg-type]

    assert ids() == [last, *reversed(created)]
    assert [dispute["id"] for dispute in control.disputes()] == [*created, last]
    assert ids(charge=charge.id) == created[::-1]
    assert ids(payment_intent=other.payment_intent) == [last]
    assert ids(charge=charge.id, limit=1, starting_after=created[2]) == [created[1]]
    assert ids(charge=charge.id, ending_before=created[0]) == created[:0:-1]
    now = control.clock()["now"]
    assert ids(created={"gte": now + 60}) == []
    assert len(ids(created={"gte": now - 60})) == 4
    assert client.v1.disputes.list({"limit": 3}).has_more
    with pytest.raises(stripe.InvalidRequestError, match="No such dispute"):
        ids(starting_after="dp_nothing")


def test_unknown_dispute_returns_404(client: StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.disputes.retrieve("dp_nothing")

    assert refusal.value.code == "resource_missing"


def test_payment_of_a_dispute_can_be_expanded(
    client: StripeClient, control: SandboxControl, charge: Any
) -> None:
    created = control.open_dispute(charge=charge.id)

    dispute: Any = client.v1.disputes.retrieve(
        created["id"], {"expand": ["charge", "payment_intent.latest_charge"]}
    )
    transaction_id = dispute.balance_transactions[0].id
    entry: Any = client.v1.balance_transactions.retrieve(transaction_id, {"expand": ["source"]})

    assert (dispute.charge.id, dispute.charge.disputed) == (charge.id, True)
    assert dispute.payment_intent.latest_charge.id == charge.id
    assert (entry.source.object, entry.source.id) == ("dispute", created["id"])


# Early fraud warnings -----------------------------------------------------------------------------


def test_warning_is_actionable_until_the_charge_is_disputed_or_refunded(
    client: StripeClient, control: SandboxControl, charge: Any
) -> None:
    other = paid_charge(client, control)
    control.warn_of_fraud(charge=charge.id)
    control.warn_of_fraud(payment_intent=other.payment_intent)

    def actionable() -> list[bool]:
        listed = client.v1.radar.early_fraud_warnings.list().data
        return [warning.actionable for warning in reversed(listed)]

    assert actionable() == [True, True]
    client.v1.refunds.create({"charge": charge.id, "amount": 500})
    assert actionable() == [True, True]
    client.v1.refunds.create({"charge": charge.id})
    assert actionable() == [False, True]
    control.open_inquiry(charge=other.id)
    assert actionable() == [False, False]
    assert events(client)[-2:] == ["charge.dispute.created", "radar.early_fraud_warning.updated"]


# Webhooks -----------------------------------------------------------------------------------------


def test_dispute_events_are_delivered_in_order_and_can_be_faulted(
    control: SandboxControl, charge: Any, receiver: Receiver
) -> None:
    control.fault("drop", event_type="charge.dispute.created", times=1)
    control.fault("duplicate", event_type="charge.dispute.closed", session="cs_test_*", times=1)
    created = control.open_dispute(charge=charge.id)
    control.flush(immediately=True)
    control.close_dispute(created["id"], "won")

    assert control.flush()

    types = receiver.types()
    assert sorted(types[:2]) == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
    assert types[2:] == ["charge.dispute.closed"] * 2 + ["charge.dispute.funds_reinstated"]
    emitted: Any = receiver.received[-1].event().data.object
    assert (emitted["id"], emitted["status"]) == (created["id"], "won")


def test_dispute_events_can_be_delivered_out_of_order(
    control: SandboxControl, charge: Any, receiver: Receiver
) -> None:
    control.fault("reorder", event_type="charge.dispute.created", after="charge.dispute.closed")
    control.close_dispute(control.open_dispute(charge=charge.id)["id"], "lost")

    assert control.flush()

    assert receiver.types()[-2:] == ["charge.dispute.closed", "charge.dispute.created"]
