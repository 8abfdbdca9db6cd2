"""Disputes and inquiries: opened, answered, escalated, closed; and early fraud warnings.

All functions run in the caller's transaction and raise Refused, with the reason, for what the
status does not allow.
"""

from __future__ import annotations

from typing import Any

from billing.sandbox.engine import refunds
from billing.sandbox.engine.events import emit
from billing.sandbox.engine.refunds import allows_refund, find_disputes, recheck
from billing.sandbox.objects.balance import Movement, build_balance_transaction
from billing.sandbox.objects.common import render
from billing.sandbox.objects.dispute import (
    REASONS,
    build_dispute,
    build_fraud_warning,
    evidence_details,
)
from billing.sandbox.process.runtime import Sandbox
from billing.sandbox.process.store import Document
from billing.sandbox.protocol.errors import Refused, missing_object

FEE = 1500  # minor units; not returned even if the dispute is won

_UNDER_REVIEW = {"needs_response": "under_review", "warning_needs_response": "warning_under_review"}
_OPEN_DISPUTE = ("needs_response", "under_review")
_OPEN_INQUIRY = ("warning_needs_response", "warning_under_review")
_CLOSABLE_STATUSES = {"won": _OPEN_DISPUTE, "lost": _OPEN_DISPUTE, "warning_closed": _OPEN_INQUIRY}
_RELEASED_STATUSES = ("won", "warning_closed")


def open_dispute(
    sandbox: Sandbox,
    charge_id: str,
    *,
    amount: int | None = None,
    reason: str = "fraudulent",
    inquiry: bool = False,
) -> Document:
    """Dispute a charge over an amount in minor units, or only inquire, which takes no money.

    The default amount is what has been neither refunded nor disputed. A given amount may overlap
    refunds, as when a buyer was refunded and still complains to the bank.
    """
    if reason not in REASONS:
        raise Refused(f"Not a reason for a dispute: {reason}. There are: {', '.join(REASONS)}")
    _paid_charge(sandbox, charge_id)
    if not inquiry:
        refunds.fail_pending(sandbox, charge_id)
    charge = _paid_charge(sandbox, charge_id)
    amount = _claim(sandbox, charge, amount)
    now = sandbox.clock.now()
    dispute = build_dispute(charge, amount=amount, reason=reason, inquiry=inquiry, now=now)
    charge["disputed"] = True
    sandbox.store.put("charge", charge)
    if not inquiry:
        _move(sandbox, dispute, "dispute")
    sandbox.store.put("dispute", dispute)
    emit(sandbox, "charge.dispute.created", dispute)
    if not inquiry:
        emit(sandbox, "charge.dispute.funds_withdrawn", dispute)
    recheck(sandbox, charge)
    return find(sandbox, dispute["id"])


def find(sandbox: Sandbox, id: str) -> Document:
    """Return a dispute. Raises Stripe's 404 for an unknown ID."""
    dispute = sandbox.store.get("dispute", id)
    if dispute is None:
        raise missing_object("dispute", id)
    return dispute


def review(sandbox: Sandbox, id: str) -> Document:
    """Start the bank's review, as if evidence had been submitted."""
    dispute = find(sandbox, id)
    if dispute["status"] not in _UNDER_REVIEW:
        raise Refused(f"{id} is {dispute['status']}: it does not need a response.")
    sent = {"has_evidence": True, "submission_count": 1, "submission_method": "manual"}
    details = dispute["evidence_details"]
    before = {name: details[name] for name in sent}
    previous = {"status": dispute["status"], "evidence_details": before}
    dispute |= {
        "status": _UNDER_REVIEW[dispute["status"]],
        "evidence_details": details | sent,
    }
    sandbox.store.put("dispute", dispute)
    emit(sandbox, "charge.dispute.updated", dispute, previous=previous)
    return dispute


def escalate(sandbox: Sandbox, id: str) -> Document:
    """Turn an inquiry into a dispute with the same ID, which takes the money."""
    dispute = find(sandbox, id)
    if dispute["status"] not in _OPEN_INQUIRY:
        raise Refused(f"{id} is {dispute['status']}: only an open inquiry escalates.")
    refunds.fail_pending(sandbox, dispute["charge"])
    dispute, charge = find(sandbox, id), _paid_charge(sandbox, dispute["charge"])
    if charge["refunded"]:
        raise Refused(f"{charge['id']} was refunded: there is nothing left to take.")
    left: int = charge["amount"] - charge["amount_refunded"]
    card = dispute["payment_method_details"]["card"]
    changes: dict[str, Any] = {
        "status": "needs_response",
        "amount": min(dispute["amount"], left),
        "evidence_details": evidence_details(sandbox.clock.now()),
        "is_charge_refundable": False,
        "payment_method_details": {"card": card | {"case_type": "chargeback"}, "type": "card"},
    }
    previous = {name: dispute[name] for name in changes if dispute[name] != changes[name]}
    previous |= {"balance_transactions": []}
    dispute |= changes
    _move(sandbox, dispute, "dispute")
    sandbox.store.put("dispute", dispute)
    emit(sandbox, "charge.dispute.updated", dispute, previous=previous)
    emit(sandbox, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def close(sandbox: Sandbox, id: str, outcome: str) -> Document:
    """Close a dispute as won or lost, an inquiry as warning_closed; won returns the money."""
    dispute = find(sandbox, id)
    if outcome not in _CLOSABLE_STATUSES:
        raise Refused(f"Not an outcome: {outcome}. There are: {', '.join(_CLOSABLE_STATUSES)}")
    if dispute["status"] not in _CLOSABLE_STATUSES[outcome]:
        raise Refused(f"{id} is {dispute['status']}: it cannot be closed as {outcome}.")
    charge = _paid_charge(sandbox, dispute["charge"])
    dispute |= {"status": outcome, "is_charge_refundable": allows_refund(outcome, charge)}
    if outcome == "won":
        _move(sandbox, dispute, "dispute_reversal")
    sandbox.store.put("dispute", dispute)
    emit(sandbox, "charge.dispute.closed", dispute)
    if outcome == "won":
        emit(sandbox, "charge.dispute.funds_reinstated", dispute)
    return dispute


def warn_of_fraud(sandbox: Sandbox, charge_id: str) -> Document:
    """Pass on the bank's warning that a charge may be fraudulent; no money moves."""
    charge = _paid_charge(sandbox, charge_id)
    warning = build_fraud_warning(charge, now=sandbox.clock.now())
    sandbox.store.put("radar.early_fraud_warning", warning)
    emit(sandbox, "radar.early_fraud_warning.created", warning)
    return warning


def _paid_charge(sandbox: Sandbox, id: str) -> Document:
    charge = sandbox.store.get("charge", id)
    if charge is None or not charge["paid"]:
        raise Refused(f"{id} is not a charge that was paid.")
    return charge


def _claim(sandbox: Sandbox, charge: Document, requested: int | None) -> int:
    """Return the amount to dispute; all disputes of a charge together never exceed it."""
    claimed = sum(
        dispute["amount"]
        for dispute in find_disputes(sandbox, charge["id"])
        if dispute["status"] not in _RELEASED_STATUSES
    )
    left: int = charge["amount"] - claimed
    amount = left - charge["amount_refunded"] if requested is None else requested
    if not 1 <= amount <= left:
        raise Refused(f"{amount} is not between 1 and {left}, what can be disputed of the charge.")
    return amount


def _move(sandbox: Sandbox, dispute: Document, movement: Movement) -> None:
    """Take the disputed amount and the fee from the account, or return the amount."""
    is_withdrawal = movement == "dispute"
    name = "withdrawal" if is_withdrawal else "reversal"
    moved = build_balance_transaction(
        dispute,
        movement,
        amount=-dispute["amount"] if is_withdrawal else dispute["amount"],
        fee=FEE if is_withdrawal else 0,
        now=sandbox.clock.now(),
        description=f"Chargeback {name} for {dispute['charge']}",
    )
    sandbox.store.put("balance_transaction", moved)
    dispute["balance_transactions"] = [*dispute["balance_transactions"], render(moved)]
