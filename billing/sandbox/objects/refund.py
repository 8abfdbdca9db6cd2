"""The refund."""

from __future__ import annotations

from billing.sandbox.objects.common import new_id
from billing.sandbox.process.store import Document


def build_refund(
    charge: Document,
    *,
    amount: int,
    pending: bool,
    reason: str | None,
    metadata: dict[str, str],
    now: int,
) -> Document:
    """Build a refund of a card charge."""
    empty = (
        "balance_transaction",
        "customer",
        "customer_account",
        "description",
        "failure_balance_transaction",
        "failure_reason",
        "instructions_email",
        "next_action",
        "presentment_details",
        "receipt_number",
        "source_transfer_reversal",
        "transfer_reversal",
    )
    return {
        **dict.fromkeys(empty),
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "destination_details": {
            "card": {"type": "pending" if pending else "refund"},
            "type": "card",
        },
        "metadata": metadata,
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "pending_reason": "processing" if pending else None,
        "reason": reason,
        "status": "pending" if pending else "succeeded",
        "_session": charge["_session"],
    }
