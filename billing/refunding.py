"""Refunds that we ask the processor for: written down first, then asked, then followed up."""

import logging

from django.db import transaction

from billing import gateway, problems
from billing.models import PaymentProblem, Purchase, Refund
from billing.processor import ProcessorError, ProcessorRefused
from billing.states import PurchaseStatus, RefundStatus, require_move
from subscriptions import clock
from subscriptions.members import lock as lock_organization

logger = logging.getLogger(__name__)

_GONE_WRONG = (RefundStatus.FAILED, RefundStatus.CANCELED)


def request(problem: PaymentProblem, *, amount: int, currency: str) -> Refund:
    """Write down that a payment is to be given back: ``amount`` minor units of ``currency``."""
    return Refund.objects.create(
        purchase=problem.purchase,
        problem=problem,
        payment_intent_id=problem.payment_intent_id,
        amount=amount,
        currency=currency,
        status=RefundStatus.REQUESTED,
        created_at=clock.now(),
    )


def send_requested(purchase: Purchase) -> None:
    """Ask the processor for the refunds of a purchase that were written down.

    After the commit. Where the processor cannot be asked, reconciliation does it later.
    """
    for refund in Refund.objects.filter(purchase=purchase, status=RefundStatus.REQUESTED):
        try:
            send(refund)
        except ProcessorError:
            logger.exception("refund %s is not sent yet; reconciliation will", refund.pk)


def send(refund: Refund) -> Refund:
    """Ask for one refund; its own id is the key, so that asking twice gives it once.

    Raises ProcessorUnavailable. A refusal puts the payment on support's list.
    """
    try:
        answer = gateway.refund(
            payment_intent_id=refund.payment_intent_id,
            amount=refund.amount,
            our_id=str(refund.pk),
            purchase_id=str(refund.purchase_id or ""),
        )
    except ProcessorRefused:
        logger.exception("refund %s was refused by the processor", refund.pk)
        return _write(refund, None, RefundStatus.FAILED)
    return _write(refund, answer.id, RefundStatus(answer.status))


def follow_up(refund: Refund) -> Refund:
    """Ask what became of a refund that was still pending, or was perhaps never sent.

    Raises ProcessorError.
    """
    if refund.refund_id is not None:
        answer = gateway.retrieve_refund(refund.refund_id)
        return _write(refund, answer.id, RefundStatus(answer.status))
    # Asking again with the same key is not enough: an error is repeated under it, whatever was
    # done, and a day later the key is forgotten.
    found = gateway.find_refund(payment_intent_id=refund.payment_intent_id, our_id=str(refund.pk))
    return _write(refund, found.id, RefundStatus(found.status)) if found else send(refund)


def _write(refund: Refund, refund_id: str | None, status: RefundStatus) -> Refund:
    with transaction.atomic():
        if refund.purchase and refund.purchase.organization:
            lock_organization(refund.purchase.organization)
        refund = Refund.objects.select_for_update().get(pk=refund.pk)
        if refund.status in _GONE_WRONG:
            # For good; another answer is older than the one that said so.
            return refund
        if refund_id:
            refund.refund_id = refund_id
        refund.status = status
        refund.save(update_fields=["refund_id", "status"])
        if status in _GONE_WRONG and refund.problem:
            problems.hand_to_support(refund.problem)
        _move_purchase(refund, status)
    return refund


def _move_purchase(refund: Refund, status: RefundStatus) -> None:
    """A payment given back instead of granted: the purchase follows its refund."""
    problem, purchase = refund.problem, refund.purchase
    if not problem or not purchase or problem.session_id != purchase.session_id:
        return
    purchase = Purchase.objects.select_for_update().get(pk=purchase.pk)
    after = PurchaseStatus.REVIEW if status in _GONE_WRONG else PurchaseStatus.REFUNDED
    if purchase.status == after or purchase.status not in (
        PurchaseStatus.REFUNDING,
        PurchaseStatus.REFUNDED,
    ):
        return
    require_move(purchase.status, after)
    purchase.status = after
    purchase.save(update_fields=["status"])
