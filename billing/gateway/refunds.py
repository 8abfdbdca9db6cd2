"""Refunds and disputes of payments."""

from collections.abc import Iterable
from datetime import UTC, datetime

import stripe
from stripe import RequestOptions
from stripe.params import DisputeListParams, RefundCreateParams, RefundListParams

from billing.gateway.client import (
    METADATA_PRODUCT,
    METADATA_PURCHASE,
    METADATA_REFUND,
    PRODUCT,
    client,
    translate,
)
from billing.gateway.types import ProcessorDispute, ProcessorRefund


@translate
def refund(
    *, payment_intent_id: str, amount: int, our_id: str, purchase_id: str
) -> ProcessorRefund:
    """Refund ``amount`` minor units of a payment; the same ``our_id`` returns the same refund."""
    params: RefundCreateParams = {
        "payment_intent": payment_intent_id,
        "amount": amount,
        "metadata": {
            METADATA_PRODUCT: PRODUCT,
            METADATA_PURCHASE: purchase_id,
            METADATA_REFUND: our_id,
        },
    }
    options: RequestOptions = {"idempotency_key": f"refund:{our_id}"}
    return _refund(client().v1.refunds.create(params, options))


@translate
def list_refunds(payment_intent_id: str) -> list[ProcessorRefund]:
    """Return all current refunds of a payment, including those started elsewhere."""
    params: RefundListParams = {"payment_intent": payment_intent_id, "limit": 100}
    return [_refund(found) for found in client().v1.refunds.list(params).auto_paging_iter()]


def find_refund(*, payment_intent_id: str, our_id: str) -> ProcessorRefund | None:
    """Return the refund requested under ``our_id``, in case the response was lost."""
    for found in list_refunds(payment_intent_id):
        if found.our_id == our_id:
            return found
    return None


@translate
def list_disputes(payment_intent_id: str) -> list[ProcessorDispute]:
    """Return all current disputes and inquiries of a payment."""
    params: DisputeListParams = {"payment_intent": payment_intent_id, "limit": 100}
    return [_dispute(found) for found in client().v1.disputes.list(params).auto_paging_iter()]


@translate
def payments_touched_since(created: datetime) -> list[str]:
    """Return the Payment Intents with a refund or dispute created at or after ``created``."""
    since = int(created.timestamp())
    refunds = client().v1.refunds.list({"created": {"gte": since}, "limit": 100})
    disputes = client().v1.disputes.list({"created": {"gte": since}, "limit": 100})
    touched = [*_payments(refunds.auto_paging_iter()), *_payments(disputes.auto_paging_iter())]
    return list(dict.fromkeys(touched))


def _payments(rows: Iterable[stripe.Refund | stripe.Dispute]) -> list[str]:
    return [str(_id(row.payment_intent)) for row in rows if row.payment_intent]


def _id(value: object) -> str:
    return value if isinstance(value, str) else str(getattr(value, "id", "") or "")


def _refund(refund: stripe.Refund) -> ProcessorRefund:
    if not refund.id:
        raise ValueError("the refund has no id")
    metadata = refund.metadata.to_dict() if refund.metadata else {}
    return ProcessorRefund(
        id=refund.id,
        status=refund.status or "pending",
        amount=refund.amount,
        currency=refund.currency,
        our_id=str(metadata.get(METADATA_REFUND) or ""),
        failure_reason=str(getattr(refund, "failure_reason", None) or ""),
        created_at=datetime.fromtimestamp(refund.created, UTC),
    )


def _dispute(dispute: stripe.Dispute) -> ProcessorDispute:
    if not dispute.id:
        raise ValueError("the dispute has no id")
    return ProcessorDispute(
        id=dispute.id,
        status=dispute.status,
        amount=dispute.amount,
        currency=dispute.currency,
        reason=dispute.reason,
        created_at=datetime.fromtimestamp(dispute.created, UTC),
    )
