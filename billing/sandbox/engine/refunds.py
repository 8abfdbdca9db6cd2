"""Refunds: full or partial, never more than was paid; pending ones settle, any may fail later."""

from __future__ import annotations

from typing import Any

from billing.sandbox.engine import follow_ups
from billing.sandbox.engine.events import emit
from billing.sandbox.objects import cards
from billing.sandbox.objects.balance import Movement, build_balance_transaction
from billing.sandbox.objects.cards import Card
from billing.sandbox.objects.money import display
from billing.sandbox.objects.refund import build_refund
from billing.sandbox.process.runtime import Sandbox
from billing.sandbox.process.store import Document
from billing.sandbox.protocol import parameters
from billing.sandbox.protocol.errors import ApiError, Refused, missing_object, unsupported
from billing.sandbox.protocol.schema import REFUND_CREATE

_UNSUPPORTED = (
    "customer",
    "instructions_email",
    "origin",
    "refund_application_fee",
    "reverse_transfer",
)


FAILURE_REASONS = (
    "charge_for_pending_refund_disputed",
    "declined",
    "expired_or_canceled_card",
    "insufficient_funds",
    "lost_or_stolen_card",
    "merchant_request",
    "unknown",
)


def create(sandbox: Sandbox, sent: dict[str, Any], *, pending: bool = False) -> Document:
    """Refund a charge, given by its ID or its payment intent's.

    With `pending` it stays pending until it is settled, failed or canceled. Raises ApiError like
    Stripe: for wrong parameters, a disputed charge, or more than is left.
    """
    values = parameters.check(sent, REFUND_CREATE)
    for name in _UNSUPPORTED:
        if name in values:
            raise unsupported(name, name)
    charge = _charge(sandbox, values)
    amount = _amount(sandbox, charge, values)
    card = _card(sandbox, charge)
    refund = build_refund(
        charge,
        amount=amount,
        pending=pending or card.follow_up == "refund_pending",
        reason=values.get("reason"),
        metadata=values.get("metadata", {}),
        now=sandbox.clock.now(),
    )
    if refund["status"] == "succeeded":
        refund["balance_transaction"] = _move(sandbox, refund, "refund", -amount)
    sandbox.store.put("refund", refund)
    previous = _book(sandbox, charge, amount)
    emit(sandbox, "refund.created", refund)
    emit(sandbox, "charge.refunded", charge, previous=previous)
    recheck(sandbox, charge)
    if not pending:
        follow_ups.schedule_after_refund(sandbox, card, refund)
    return refund


def find(sandbox: Sandbox, id: str) -> Document:
    """Return a refund. Raises Stripe's 404 for an unknown ID."""
    refund = sandbox.store.get("refund", id)
    if refund is None:
        raise missing_object("refund", id)
    return refund


def settle(sandbox: Sandbox, id: str) -> Document:
    """Make a pending refund succeed. Raises Refused for any other."""
    refund = _require_status(sandbox, id, "pending")
    moved = _move(sandbox, refund, "refund", -refund["amount"])
    destination = {"card": {"type": "refund"}, "type": "card"}
    return _change(
        sandbox,
        refund,
        status="succeeded",
        pending_reason=None,
        balance_transaction=moved,
        destination_details=destination,
    )


def fail(sandbox: Sandbox, id: str, reason: str = "expired_or_canceled_card") -> Document:
    """Make a pending or succeeded refund fail: the money returns, and the charge is refunded less.

    Raises Refused if it has already failed or been canceled, or the reason is unknown.
    """
    if reason not in FAILURE_REASONS:
        known = ", ".join(FAILURE_REASONS)
        raise Refused(f"Not a reason for a failure: {reason}. There are: {known}")
    refund = _require_status(sandbox, id, "pending", "succeeded")
    changes: dict[str, Any] = {"status": "failed", "failure_reason": reason, "pending_reason": None}
    if refund["balance_transaction"]:
        moved = _move(sandbox, refund, "refund_failure", refund["amount"])
        changes["failure_balance_transaction"] = moved
    charge = _unbook(sandbox, refund)
    _change(sandbox, refund, **changes)
    emit(sandbox, "refund.failed", refund)
    recheck(sandbox, charge)
    return refund


def cancel(sandbox: Sandbox, id: str) -> Document:
    """Cancel a pending refund, as in the dashboard. Raises Refused for any other."""
    refund = _require_status(sandbox, id, "pending")
    charge = _unbook(sandbox, refund)
    reason = "merchant_request"
    _change(sandbox, refund, status="canceled", failure_reason=reason, pending_reason=None)
    recheck(sandbox, charge)
    return refund


def refuse_to_cancel(sandbox: Sandbox, id: str) -> Document:
    """Refuse to cancel by the API, which requires a refund that waits for the buyer."""
    status = find(sandbox, id)["status"]
    message = (
        "Only refunds with a status of requires_action can be canceled."
        f" This refund has a status of {status}."
    )
    raise ApiError(400, message, param="refund", executed=True)


def fail_pending(sandbox: Sandbox, charge_id: str) -> None:
    """Make the pending refunds of a charge fail, because its dispute takes the money instead."""
    for refund in sandbox.store.find("refund", ("charge", "=", charge_id)):
        if refund["status"] == "pending":
            fail(sandbox, refund["id"], "charge_for_pending_refund_disputed")


def _require_status(sandbox: Sandbox, id: str, *statuses: str) -> Document:
    refund = find(sandbox, id)
    if refund["status"] not in statuses:
        raise Refused(f"{id} is {refund['status']}, not {' or '.join(statuses)}.")
    return refund


def _change(sandbox: Sandbox, refund: Document, **changes: Any) -> Document:
    """Change a refund and send its events, including the charge's, as Stripe does for cards."""
    previous = {name: refund[name] for name in changes if refund[name] != changes[name]}
    refund |= changes
    sandbox.store.put("refund", refund)
    emit(sandbox, "charge.refund.updated", refund, previous=previous)
    emit(sandbox, "refund.updated", refund, previous=previous)
    return refund


def _move(sandbox: Sandbox, refund: Document, movement: Movement, amount: int) -> str:
    moved = build_balance_transaction(refund, movement, amount=amount, now=sandbox.clock.now())
    sandbox.store.put("balance_transaction", moved)
    id: str = moved["id"]
    return id


def _card(sandbox: Sandbox, charge: Document) -> Card:
    method = sandbox.store.get("payment_method", charge["payment_method"]) or {}
    return cards.CARDS[method["_number"]]


def _charge(sandbox: Sandbox, values: dict[str, Any]) -> Document:
    if ("charge" in values) == ("payment_intent" in values):
        message = "One of the following params should be provided: charge or payment_intent."
        raise ApiError(400, message, code="parameter_missing")
    if "charge" in values:
        charge = sandbox.store.get("charge", values["charge"])
        if charge is None:
            raise missing_object("charge", values["charge"], param="charge")
        return _require_paid(charge)
    intent = sandbox.store.get("payment_intent", values["payment_intent"])
    if intent is None:
        raise missing_object("payment_intent", values["payment_intent"], param="payment_intent")
    charge = sandbox.store.get("charge", intent["latest_charge"] or "")
    if charge is None or not charge["paid"]:
        message = (
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
        )
        raise ApiError(400, message, param="payment_intent", executed=True)
    return charge


def _require_paid(charge: Document) -> Document:
    if charge["paid"]:
        return charge
    message = f"Charge {charge['id']} was not paid and cannot be refunded."
    raise ApiError(400, message, param="charge", executed=True)


def _amount(sandbox: Sandbox, charge: Document, values: dict[str, Any]) -> int:
    if is_charged_back(sandbox, charge["id"]):
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise ApiError(400, message, code="charge_disputed", executed=True)
    remaining: int = charge["amount"] - charge["amount_refunded"]
    if remaining == 0:
        message = f"Charge {charge['id']} has already been refunded."
        raise ApiError(400, message, code="charge_already_refunded", executed=True)
    amount: int = values.get("amount", remaining)
    if amount < 1:
        message = "Invalid positive integer"
        raise ApiError(400, message, code="parameter_invalid_integer", param="amount")
    if amount > remaining:
        currency = charge["currency"]
        message = (
            f"Refund amount ({display(amount, currency)}) is greater than unrefunded amount on"
            f" charge ({display(remaining, currency)})"
        )
        raise ApiError(400, message, param="amount", executed=True)
    return amount


def _book(sandbox: Sandbox, charge: Document, amount: int) -> dict[str, Any]:
    """Add a refund to the charge and return what was there before; `refunded` means all of it."""
    previous = {"amount_refunded": charge["amount_refunded"]}
    charge["amount_refunded"] += amount
    if charge["amount_refunded"] == charge["amount"]:
        previous["refunded"] = False
        charge["refunded"] = True
    sandbox.store.put("charge", charge)
    return previous


def _unbook(sandbox: Sandbox, refund: Document) -> Document:
    """Remove a failed refund from its charge, and return the charge."""
    charge = sandbox.store.get("charge", refund["charge"])
    if charge is None:
        raise missing_object("charge", refund["charge"])
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    sandbox.store.put("charge", charge)
    return charge


# In these states the money is with the cardholder's bank; inquiries take none.
_WITHDRAWN_STATUSES = ("needs_response", "under_review", "lost")


def find_disputes(sandbox: Sandbox, charge_id: str) -> list[Document]:
    """Return the disputes and inquiries of a charge, oldest first."""
    return sandbox.store.find("dispute", ("charge", "=", charge_id))


def is_charged_back(sandbox: Sandbox, charge_id: str) -> bool:
    """Whether an open or lost dispute forbids refunds of a charge."""
    return any(
        dispute["status"] in _WITHDRAWN_STATUSES for dispute in find_disputes(sandbox, charge_id)
    )


def allows_refund(status: str, charge: Document) -> bool:
    """Return `is_charge_refundable` of a dispute in this state."""
    return status not in _WITHDRAWN_STATUSES and not charge["refunded"]


def recheck(sandbox: Sandbox, charge: Document) -> None:
    """Update disputes and fraud warnings after their charge was refunded or disputed."""
    for dispute in find_disputes(sandbox, charge["id"]):
        dispute["is_charge_refundable"] = allows_refund(dispute["status"], charge)
        sandbox.store.put("dispute", dispute)
    actionable = not (charge["disputed"] or charge["refunded"])
    for warning in sandbox.store.find("radar.early_fraud_warning", ("charge", "=", charge["id"])):
        if warning["actionable"] != actionable:
            previous = {"actionable": warning["actionable"]}
            warning["actionable"] = actionable
            sandbox.store.put("radar.early_fraud_warning", warning)
            emit(sandbox, "radar.early_fraud_warning.updated", warning, previous=previous)
