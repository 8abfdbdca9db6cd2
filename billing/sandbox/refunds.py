"""Refunds: full or partial, never more than was paid."""

from __future__ import annotations

from typing import Any

from billing.sandbox import params as parameters
from billing.sandbox.errors import ApiError, missing_object, unsupported
from billing.sandbox.events import emit
from billing.sandbox.money import display
from billing.sandbox.objects.charge import build_balance_transaction
from billing.sandbox.objects.refund import build_refund
from billing.sandbox.runtime import Sandbox
from billing.sandbox.schema import REFUND_CREATE
from billing.sandbox.store import Document

_NOT_DONE = (
    "customer",
    "instructions_email",
    "origin",
    "refund_application_fee",
    "reverse_transfer",
)


def create(sandbox: Sandbox, sent: dict[str, Any], *, pending: bool = False) -> Document:
    """Refund a charge, named by itself or by its payment intent."""
    values = parameters.check(sent, REFUND_CREATE)
    for name in _NOT_DONE:
        if name in values:
            raise unsupported(name, name)
    charge = _charge(sandbox, values)
    amount = _amount(charge, values)
    now = sandbox.clock.now()
    refund = build_refund(
        charge,
        amount=amount,
        pending=pending,
        reason=values.get("reason"),
        metadata=values.get("metadata", {}),
        now=now,
    )
    if not pending:
        moved = build_balance_transaction(refund, amount=-amount, fee=0, now=now)
        refund["balance_transaction"] = moved["id"]
        sandbox.store.put("balance_transaction", moved)
    sandbox.store.put("refund", refund)
    _book(sandbox, charge, amount)
    emit(sandbox, "refund.created", refund)
    return refund


def _charge(sandbox: Sandbox, values: dict[str, Any]) -> Document:
    if ("charge" in values) == ("payment_intent" in values):
        message = "One of the following params should be provided: charge or payment_intent."
        raise ApiError(400, message, code="parameter_missing")
    if "charge" in values:
        charge = sandbox.store.get("charge", values["charge"])
        if charge is None:
            raise missing_object("charge", values["charge"], param="charge")
        return _paid(charge)
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


def _paid(charge: Document) -> Document:
    if charge["paid"]:
        return charge
    message = f"Charge {charge['id']} was not paid and cannot be refunded."
    raise ApiError(400, message, param="charge", executed=True)


def _amount(charge: Document, values: dict[str, Any]) -> int:
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


def _book(sandbox: Sandbox, charge: Document, amount: int) -> None:
    """Count the refund on the charge; `refunded` means all of it."""
    previous = {"amount_refunded": charge["amount_refunded"]}
    charge["amount_refunded"] += amount
    if charge["amount_refunded"] == charge["amount"]:
        previous["refunded"] = False
        charge["refunded"] = True
    sandbox.store.put("charge", charge)
    emit(sandbox, "charge.refunded", charge, previous=previous)
