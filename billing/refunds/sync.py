"""Refunds and disputes: requesting our refunds, and following up on all of them (R14, R30)."""

import logging
import uuid

from django.db import transaction

from billing.gateway import processor
from billing.gateway.types import (
    ProcessorDispute,
    ProcessorError,
    ProcessorRefund,
    ProcessorRefused,
    ProcessorUnavailable,
)
from billing.models import Dispute, PaymentProblem, Purchase, Refund
from billing.models.locks import lock_purchase, retry_until_done
from billing.refunds import problems, reversal
from billing.states import (
    FAILED_REFUNDS,
    LIVE_REFUNDS,
    LOST_DISPUTES,
    OPEN_DISPUTES,
    DisputeStatus,
    PurchaseStatus,
    RefundStatus,
    Resolution,
    later_dispute_status,
    later_refund_status,
    require_transition,
)
from subscriptions import clock
from subscriptions.models import User
from subscriptions.text.ids import read_uuid

logger = logging.getLogger(__name__)


def request(
    problem: PaymentProblem,
    *,
    amount: int,
    currency: str,
    actor: User | None = None,
    reason: str = "",
    submission: uuid.UUID | None = None,
) -> Refund:
    """Record a refund, in minor units, to send later for a payment that was not fulfilled."""
    return Refund.objects.create(
        purchase=problem.purchase,
        problem=problem,
        payment_intent_id=problem.payment_intent_id,
        amount=amount,
        currency=currency,
        status=RefundStatus.REQUESTED,
        created_at=clock.now(),
        actor=actor,
        reason=reason,
        submission=submission,
    )


def send_requested(purchase: Purchase) -> None:
    """Request the recorded refunds of a purchase from the processor.

    Call it after the commit. If the processor cannot be reached, reconciliation will retry.
    """
    for refund in Refund.objects.filter(purchase=purchase, status=RefundStatus.REQUESTED):
        try:
            send(refund)
        except ProcessorError:
            logger.exception(
                "refund %s has not been sent yet; reconciliation will retry", refund.pk
            )


def send(refund: Refund) -> Refund:
    """Request one refund; its own ID is the idempotency key, so it is made only once.

    Raises ProcessorUnavailable. A refusal is final.
    """
    try:
        response = processor.refund(
            payment_intent_id=refund.payment_intent_id,
            amount=refund.amount,
            our_id=str(refund.pk),
            purchase_id=str(refund.purchase_id or ""),
        )
    except ProcessorRefused as error:
        logger.exception("the processor refused refund %s", refund.pk)
        return _write_refusal(refund, error.code or str(error))
    return _write(refund, response)


def follow_up(refund: Refund) -> Refund:
    """Ask about a refund that was pending, or may never have reached the processor.

    Raises ProcessorError, RenewalCheckoutOpen.
    """
    if refund.refund_id is None:
        # Retrying is not enough: the processor repeats an error under its key even if it made the
        # refund, and forgets the key after a day.
        found = processor.find_refund(
            payment_intent_id=refund.payment_intent_id, our_id=str(refund.pk)
        )
        return _write(refund, found) if found else send(refund)
    refresh(refund.payment_intent_id)
    refund.refresh_from_db()
    return refund


def refresh(payment_intent_id: str) -> bool:
    """Ask for all refunds and disputes of a payment, and act on them (R30).

    Returns False if the payment is not ours. Raises ProcessorError, and RenewalCheckoutOpen if
    this would restore a term while a renewal that replaces it is being paid.
    """
    return retry_until_done(
        lambda: _refresh_once(payment_intent_id),
        otherwise=ProcessorUnavailable(
            f"refresh: other updates to {payment_intent_id} keep interfering"
        ),
    )


def _refresh_once(payment_intent_id: str) -> bool | None:
    """Ask once; return None if another response was processed in the meantime."""
    purchase, problem = _find_purchase_or_problem(payment_intent_id)
    if purchase is None and problem is None:
        return False
    refunds = processor.list_refunds(payment_intent_id)
    disputes = processor.list_disputes(payment_intent_id)
    with transaction.atomic():
        if purchase is not None:
            checks = purchase.refund_checks
            purchase = lock_purchase(purchase)
            is_fulfilled = (
                purchase.status == PurchaseStatus.SETTLED
                and purchase.payment_intent_id == payment_intent_id
            )
            if purchase.refund_checks != checks or is_fulfilled != (problem is None):
                # The other response may be newer, or support has fulfilled the payment.
                return None
        _process(payment_intent_id, purchase, problem, refunds, disputes)
    return True


def _find_purchase_or_problem(
    payment_intent_id: str,
) -> tuple[Purchase | None, PaymentProblem | None]:
    """Return the purchase fulfilled by a payment, or the problem of one that was not fulfilled."""
    if not payment_intent_id:
        return None, None
    fulfilled = Purchase.objects.filter(
        payment_intent_id=payment_intent_id, status=PurchaseStatus.SETTLED
    ).first()
    if fulfilled is not None:
        return fulfilled, None
    problem = PaymentProblem.objects.filter(payment_intent_id=payment_intent_id).first()
    return (problem.purchase if problem else None), problem


def _process(
    payment_intent_id: str,
    purchase: Purchase | None,
    problem: PaymentProblem | None,
    refunds: list[ProcessorRefund],
    disputes: list[ProcessorDispute],
) -> None:
    for reported in refunds:
        refund = _find_refund(reported) or Refund(
            purchase=purchase,
            payment_intent_id=payment_intent_id,
            amount=reported.amount,
            currency=reported.currency,
            status=reported.status,
            created_at=reported.created_at,
        )
        _update_refund(refund, reported)
    if purchase is not None:
        for dispute in disputes:
            _update_dispute(payment_intent_id, purchase, dispute)
    if problem is not None:
        _resolve_if_refunded(problem)
    elif purchase is not None:
        reversal.apply(purchase)


def _find_refund(reported: ProcessorRefund) -> Refund | None:
    found = Refund.objects.select_for_update(of=("self",)).filter(refund_id=reported.id).first()
    refund_pk = read_uuid(reported.our_id)
    if found is not None or refund_pk is None:
        return found
    return Refund.objects.select_for_update(of=("self",)).filter(pk=refund_pk).first()


def _update_refund(refund: Refund, reported: ProcessorRefund) -> None:
    _require_known(reported.status, RefundStatus.values)
    before = refund.status if refund.refund_id else ""
    refund.refund_id = reported.id
    refund.status = later_refund_status(refund.status, reported.status)
    if refund.status == reported.status:
        refund.failure_reason = reported.failure_reason[:80]
    refund.save()
    has_newly_failed = refund.status in FAILED_REFUNDS and before != refund.status
    if has_newly_failed and refund.problem is not None:
        _put_back(refund.problem)


def _update_dispute(payment_intent_id: str, purchase: Purchase, reported: ProcessorDispute) -> None:
    _require_known(reported.status, DisputeStatus.values)
    known = Dispute.objects.select_for_update(of=("self",)).filter(dispute_id=reported.id).first()
    before = known.status if known else ""
    dispute = known or Dispute(
        dispute_id=reported.id,
        purchase=purchase,
        payment_intent_id=payment_intent_id,
        created_at=reported.created_at,
        currency=reported.currency,
    )
    dispute.amount = reported.amount
    dispute.reason = reported.reason[:80]
    dispute.status = later_dispute_status(before, reported.status) if before else reported.status
    dispute.save()
    if dispute.status != before:
        problems.notify_of_dispute(dispute)


def _require_known(status: str, statuses: list[str]) -> None:
    if status not in statuses:
        raise ProcessorUnavailable(f"unknown status: {status!r}")


def _write(refund: Refund, reported: ProcessorRefund) -> Refund:
    """Write the processor's response to a refund of ours."""
    with transaction.atomic():
        purchase = lock_purchase(refund.purchase) if refund.purchase else None
        refund = Refund.objects.select_for_update(of=("self",)).get(pk=refund.pk)
        _update_refund(refund, reported)
        if refund.problem is not None:
            _resolve_if_refunded(refund.problem)
        elif purchase is not None:
            reversal.apply(purchase)
    return refund


def _write_refusal(refund: Refund, text: str) -> Refund:
    with transaction.atomic():
        if refund.purchase:
            lock_purchase(refund.purchase)
        refund = Refund.objects.select_for_update(of=("self",)).get(pk=refund.pk)
        if refund.status == RefundStatus.REQUESTED:
            refund.status = RefundStatus.FAILED
            refund.failure_reason = text[:80]
            refund.save(update_fields=["status", "failure_reason"])
            if refund.problem is not None:
                _put_back(refund.problem)
    return refund


def _put_back(problem: PaymentProblem) -> None:
    """Put a payment back on support's list when its refund fails, unless it has been fulfilled."""
    purchase = problem.purchase
    is_fulfilled = (
        purchase is not None
        and Purchase.objects.filter(
            pk=purchase.pk,
            status=PurchaseStatus.SETTLED,
            payment_intent_id=problem.payment_intent_id,
        ).exists()
    )
    if is_fulfilled or unrefunded_amount(problem) == 0:
        return
    if problem.resolution:
        problems.reopen(problem)
    problems.hand_to_support(problem)
    _move_purchase(problem, PurchaseStatus.REVIEW)


def _resolve_if_refunded(problem: PaymentProblem) -> None:
    """Resolve a payment's problem once all of its money has been refunded or lost."""
    problem = PaymentProblem.objects.select_for_update(of=("self",)).get(pk=problem.pk)
    if not _amount_received(problem) or unrefunded_amount(problem):
        return
    if not problem.resolution:
        ours = problem.refunds.filter(status__in=LIVE_REFUNDS).first()
        problems.resolve(
            problem,
            Resolution.REFUNDED,
            actor=ours.actor if ours else None,
            reason=ours.reason if ours else "",
        )
    _move_purchase(problem, PurchaseStatus.REFUNDED)


def unrefunded_amount(problem: PaymentProblem) -> int:
    """Return how much of a payment on the list is neither refunded nor lost, in minor units."""
    refunded = reversal.get_refunded_amount(
        problem.payment_intent_id, str(problem.received.get("currency", "")), LIVE_REFUNDS
    )
    return max(0, _amount_received(problem) - refunded)


def _amount_received(problem: PaymentProblem) -> int:
    return int(problem.received.get("amount_received") or 0)


def _move_purchase(problem: PaymentProblem, new_status: PurchaseStatus) -> None:
    if problem.purchase_id is None:
        return
    purchase = Purchase.objects.select_for_update(of=("self",)).get(pk=problem.purchase_id)
    movable = (PurchaseStatus.REFUNDING, PurchaseStatus.REFUNDED, PurchaseStatus.REVIEW)
    is_own_session = problem.session_id == purchase.session_id
    if not is_own_session or purchase.status == new_status or purchase.status not in movable:
        return
    require_transition(purchase.status, new_status)
    purchase.status = new_status
    purchase.save(update_fields=["status"])


def is_disputed(payment_intent_id: str) -> bool:
    """Whether a dispute is open or lost, so that the processor refuses refunds of this payment."""
    return Dispute.objects.filter(
        payment_intent_id=payment_intent_id, status__in=(*OPEN_DISPUTES, *LOST_DISPUTES)
    ).exists()
