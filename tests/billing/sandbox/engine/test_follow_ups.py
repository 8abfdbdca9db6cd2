"""Cards that lead to disputes, inquiries, fraud warnings or changing refunds."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from stripe import StripeClient

from billing.sandbox.control.client import SandboxControl, SandboxError
from billing.sandbox.control.process import SandboxProcess
from billing.sandbox.objects import cards
from tests.billing.sandbox.helpers import (
    DISPUTED,
    FRAUD_WARNING,
    INQUIRY,
    NOT_RECEIVED,
    REFUND_FAILS,
    REFUND_PENDING,
    Receiver,
    client_of,
    events,
    paid_charge,
    until,
)

pytestmark = pytest.mark.one_database

PAYMENT = [
    "payment_intent.created",
    "payment_intent.succeeded",
    "charge.succeeded",
    "checkout.session.completed",
]


@pytest.fixture
def frozen(control: SandboxControl) -> SandboxControl:
    """Return the control client, with a frozen clock."""
    control.set_clock(datetime(2030, 1, 1, tzinfo=UTC), frozen=True)
    return control


@pytest.mark.parametrize(
    ("card", "reason"), [(DISPUTED, "fraudulent"), (NOT_RECEIVED, "product_not_received")]
)
def test_card_is_disputed_immediately(
    client: StripeClient, frozen: SandboxControl, card: str, reason: str
) -> None:
    charge = paid_charge(client, frozen, card=card)

    (dispute,) = client.v1.disputes.list({"charge": charge.id}).data
    assert (dispute.status, dispute.reason, dispute.amount) == ("needs_response", reason, 12500)
    assert (charge.status, charge.disputed) == ("succeeded", True)
    assert events(client) == [*PAYMENT, "charge.dispute.created", "charge.dispute.funds_withdrawn"]


def test_card_gets_an_inquiry(client: StripeClient, frozen: SandboxControl) -> None:
    charge = paid_charge(client, frozen, card=INQUIRY)

    (inquiry,) = client.v1.disputes.list({"charge": charge.id}).data
    assert inquiry.status == "warning_needs_response"
    assert events(client) == [*PAYMENT, "charge.dispute.created"]
    assert client.v1.refunds.create({"charge": charge.id}).status == "succeeded"


def test_card_gets_a_fraud_warning(client: StripeClient, frozen: SandboxControl) -> None:
    charge = paid_charge(client, frozen, card=FRAUD_WARNING)

    (warning,) = client.v1.radar.early_fraud_warnings.list({"charge": charge.id}).data
    assert (warning.actionable, warning.payment_intent) == (True, charge.payment_intent)
    assert charge.disputed is False
    assert events(client) == [*PAYMENT, "radar.early_fraud_warning.created"]


def test_dispute_can_be_delayed(client: StripeClient, frozen: SandboxControl) -> None:
    assert frozen.set_delays(dispute_seconds=3600) == {
        "dispute_seconds": 3600,
        "refund_seconds": 60,
    }
    charge = paid_charge(client, frozen, card=DISPUTED)

    frozen.advance_clock(3599)
    assert client.v1.disputes.list().data == []
    frozen.advance_clock(1)

    (dispute,) = client.v1.disputes.list().data
    assert dispute.created == charge.created + 3600


def test_delayed_dispute_is_skipped_after_a_full_refund(
    client: StripeClient, frozen: SandboxControl
) -> None:
    frozen.set_delays(dispute_seconds=60)
    charge = paid_charge(client, frozen, card=DISPUTED)
    client.v1.refunds.create({"charge": charge.id})

    frozen.advance_clock(60)

    assert client.v1.disputes.list().data == []
    assert client.v1.charges.retrieve(charge.id).disputed is False


def test_refund_is_pending_and_succeeds_later(client: StripeClient, frozen: SandboxControl) -> None:
    charge = paid_charge(client, frozen, card=REFUND_PENDING)
    refund = client.v1.refunds.create({"charge": charge.id, "amount": 500})

    frozen.advance_clock(59)
    before = client.v1.refunds.retrieve(refund.id)
    frozen.advance_clock(1)

    assert (refund.status, before.status) == ("pending", "pending")
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"
    assert events(client, len(PAYMENT)) == [
        "refund.created",
        "charge.refunded",
        "charge.refund.updated",
        "refund.updated",
    ]


def test_refund_succeeds_and_fails_later(client: StripeClient, frozen: SandboxControl) -> None:
    charge = paid_charge(client, frozen, card=REFUND_FAILS)
    refund = client.v1.refunds.create({"charge": charge.id})
    before = client.v1.charges.retrieve(charge.id)

    frozen.advance_clock(60)

    failed, after = client.v1.refunds.retrieve(refund.id), client.v1.charges.retrieve(charge.id)
    assert refund.status == "succeeded"
    assert (before.amount_refunded, before.refunded) == (12500, True)
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    assert failed.failure_balance_transaction is not None
    assert (after.amount_refunded, after.refunded) == (0, False)
    assert events(client, len(PAYMENT)) == [
        "refund.created",
        "charge.refunded",
        "charge.refund.updated",
        "refund.updated",
        "refund.failed",
    ]


def test_manually_settled_refund_does_not_change_later(
    client: StripeClient, frozen: SandboxControl
) -> None:
    charge = paid_charge(client, frozen, card=REFUND_PENDING)
    refund = frozen.refund(charge=charge.id)
    frozen.settle_refund(refund["id"])
    emitted = len(events(client))

    frozen.advance_clock(3600)

    assert client.v1.refunds.retrieve(refund["id"]).status == "succeeded"
    assert len(events(client)) == emitted


def test_refund_requested_as_pending_waits_for_a_manual_step(
    client: StripeClient, frozen: SandboxControl
) -> None:
    charge = paid_charge(client, frozen, card=REFUND_FAILS)
    refund = frozen.refund(charge=charge.id, pending=True)

    frozen.advance_clock(3600)

    assert client.v1.refunds.retrieve(refund["id"]).status == "pending"


def test_worker_runs_due_follow_ups(
    client: StripeClient, control: SandboxControl, receiver: Receiver
) -> None:
    control.set_delays(refund_seconds=0)
    charge = paid_charge(client, control, card=REFUND_PENDING)

    refund = client.v1.refunds.create({"charge": charge.id})

    assert refund.status == "pending"
    until(lambda: "refund.updated" in receiver.types())


def test_planned_follow_ups_survive_a_restart(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path / "store.sqlite3") as process:
        process.control.set_clock(datetime(2030, 1, 1, tzinfo=UTC), frozen=True)
        process.control.set_delays(dispute_seconds=60)
        paid_charge(client_of(process), process.control, card=DISPUTED)

        process.restart()
        process.control.advance_clock(60)

        assert len(client_of(process).v1.disputes.list().data) == 1
        assert process.control.delays()["dispute_seconds"] == 60
        process.control.reset()
        assert process.control.delays() == {"dispute_seconds": 0, "refund_seconds": 60}


def test_delays_are_whole_seconds(control: SandboxControl) -> None:
    for delay in (-1, 0.5, True):
        with pytest.raises(SandboxError, match="Not a delay"):
            control.set_delays(refund_seconds=delay)  # type: ignore[arg-type]


def test_regular_card_has_no_follow_up(client: StripeClient, control: SandboxControl) -> None:
    charge: Any = paid_charge(client, control)

    control.advance_clock(7 * 24 * 3600)

    assert client.v1.charges.retrieve(charge.id).disputed is False
    assert events(client) == PAYMENT


def test_every_card_has_a_unique_number() -> None:
    assert len(cards.CARDS) == len(cards._TABLE)
    assert all(cards.passes_luhn(number) for number in cards.CARDS)
