"""Settling: ask the processor about a Checkout Session and act on the response (R13-R15).

Lock order: organization, then purchase. The processor is never called inside a transaction: what is
to be asked is committed first, and the response is written in another transaction.
"""

import logging

from django.db import transaction

from billing.gateway import processor
from billing.gateway.types import (
    CheckoutSession,
    ProcessorError,
)
from billing.models import Purchase
from billing.models.locks import lock_purchase
from billing.refunds import sync
from billing.refunds.reversal import RenewalCheckoutOpen
from billing.settlement import fulfillment, metrics, rebuild
from billing.settlement.transitions import bind_session, move
from billing.states import PAID, PurchaseStatus
from subscriptions.access import request_context
from subscriptions.text.ids import read_uuid

logger = logging.getLogger(__name__)


def settle(session_id: str, *, defer_receipt: bool = False) -> Purchase | None:
    """Ask the processor about a Checkout Session and act on the response (R13-R15).

    The return page, webhooks and reconciliation all call this, any number of times and in any
    order. With ``defer_receipt``, the receipt goes out with the next sweep: no one is waiting for
    it. Returns None if it is not one of our purchases. Raises
    ProcessorUnavailable, ProcessorRefused.
    """
    purchase = Purchase.objects.filter(session_id=session_id).first()
    if purchase is not None and purchase.status == PurchaseStatus.SETTLED:
        # SETTLED is final, so there is nothing to ask.
        return purchase
    with metrics.settle_seconds.time():
        session = processor.retrieve_session(session_id)
        purchase = purchase or _find_purchase(session) or rebuild.rebuild(session)
        if purchase is None:
            if session.is_ours and session.payment:
                fulfillment.hold_unknown_payment(session)
            return None
        with request_context.bind_purchase(purchase.pk, purchase.started_by_request):
            return _settle(purchase, session, defer_receipt=defer_receipt)


def _settle(purchase: Purchase, session: CheckoutSession, *, defer_receipt: bool) -> Purchase:
    before = purchase.status
    with transaction.atomic():
        # Return page, webhook and reconciliation may settle the same payment at the same time;
        # the first one fulfills it, and the others see that.
        purchase = lock_purchase(purchase)
        was_unpaid = purchase.status not in PAID
        _act_on(purchase, session)
    if was_unpaid and purchase.status == PurchaseStatus.SETTLED and not defer_receipt:
        fulfillment.deliver_receipt(purchase)
    if purchase.status != before:
        _record_metrics(purchase)
    if purchase.status != PurchaseStatus.SETTLED or purchase.session_id != session.id:
        sync.send_requested(purchase)
    if session.payment and session.payment.is_refunded_or_disputed:
        _sync_refunds(session.payment.payment_intent_id)
    return purchase


def _record_metrics(purchase: Purchase) -> None:
    logger.info("purchase status changed", extra={"to": purchase.status, "kind": purchase.kind})
    if purchase.status in PAID:
        metrics.payments.labels(to=purchase.status).inc()
    if purchase.status == PurchaseStatus.SETTLED and purchase.paid_at and purchase.settled_at:
        seconds = (purchase.settled_at - purchase.paid_at).total_seconds()
        metrics.paid_to_fulfilled_seconds.observe(max(seconds, 0.0))


def _sync_refunds(payment_intent_id: str) -> None:
    """Follow up on a payment that was refunded or disputed before it was fulfilled here (R30)."""
    try:
        sync.refresh(payment_intent_id)
    except (ProcessorError, RenewalCheckoutOpen):
        logger.exception(
            "refunds of %s could not be read; reconciliation will retry", payment_intent_id
        )


def _act_on(purchase: Purchase, session: CheckoutSession) -> None:
    """Move a locked purchase to the status that its Checkout Session implies."""
    if purchase.status in PAID:
        if session.id != purchase.session_id and session.payment:
            fulfillment.refund_surplus_payment(purchase, session, session.payment)
        return
    if session.is_complete:
        # Of two sessions for one purchase, the one that was paid is the one that counts.
        bind_session(purchase, session)
        move(purchase, fulfillment.fulfill_or_refuse(purchase, session))
    elif purchase.session_id not in (None, session.id):
        return
    elif session.is_expired and purchase.status != PurchaseStatus.EXPIRED:
        bind_session(purchase, session)
        move(purchase, PurchaseStatus.EXPIRED)
    elif session.is_open and purchase.status == PurchaseStatus.PENDING:
        bind_session(purchase, session)
        move(purchase, PurchaseStatus.OPEN)


def _find_purchase(session: CheckoutSession) -> Purchase | None:
    """Find the purchase named in an unbound session's metadata."""
    key = read_uuid(session.purchase_id) if session.is_ours else None
    return Purchase.objects.filter(pk=key).first() if key else None
