"""The balance transaction: one movement of money, in or out."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from billing.sandbox.objects.common import new_id
from billing.sandbox.process.store import Document

Movement: TypeAlias = Literal["charge", "refund", "refund_failure", "dispute", "dispute_reversal"]

_SECONDS_UNTIL_AVAILABLE = 2 * 24 * 3600
_TYPES: dict[Movement, str] = {
    "charge": "charge",
    "refund": "refund",
    "refund_failure": "refund_failure",
    "dispute": "adjustment",
    "dispute_reversal": "adjustment",
}


def build_balance_transaction(
    source: Document,
    movement: Movement,
    *,
    amount: int,
    now: int,
    fee: int = 0,
    description: str | None = None,
) -> Document:
    """Build the movement that an object causes.

    Amount and fee are in minor units, negative for outgoing money.
    """
    is_incoming = movement == "charge"
    return {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": now + _SECONDS_UNTIL_AVAILABLE if is_incoming else now,
        "balance_type": "payments",
        "created": now,
        "currency": source["currency"],
        "description": description,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [_fee_detail(movement, fee, source["currency"])] if fee else [],
        "net": amount - fee,
        "reporting_category": movement,
        "source": source["id"],
        "status": "pending" if is_incoming else "available",
        "type": _TYPES[movement],
    }


def _fee_detail(movement: Movement, fee: int, currency: str) -> dict[str, Any]:
    return {
        "amount": fee,
        "application": None,
        "currency": currency,
        "description": "Dispute fee" if movement == "dispute" else "Stripe processing fees",
        "type": "stripe_fee",
    }
