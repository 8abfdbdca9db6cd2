"""Refunds and disputes: ours are written down, then asked for; all are followed up (R14, R30)."""

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
from billing.models.locks import lock_purchase, until_done
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
    require_move,
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
    """Write down that a payment that was not fulfilled is to be given back, in minor units."""
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

    Raises ProcessorUnavailable. A refusal is for good.
    """
    try:
        answer = processor.refund(
            payment_intent_id=refund.payment_intent_id,
            amount=refund.amount,
            our_id=str(refund.pk),
            purchase_id=str(refund.purchase_id or ""),
        )
    except ProcessorRefused as error:
        logger.exception("refund %s was refused by the processor", refund.pk)
        return _write_refusal(refund, error.code or str(error))
    return _write(refund, answer)


def follow_up(refund: Refund) -> Refund:
    """Ask what became of a refund that was still pending, or was perhaps never sent.

    Raises ProcessorError, CheckoutInTheWay.
    """
    if refund.refund_id is None:
        # Asking again with the same key is not enough: an error is repeated under it, whatever was
        # done, and a day later the key is forgotten.
        found = processor.find_refund(
            payment_intent_id=refund.payment_intent_id, our_id=str(refund.pk)
        )
        return _write(refund, found) if found else send(refund)
    ask(refund.payment_intent_id)
    refund.refresh_from_db()
    return refund


def ask(payment_intent_id: str) -> bool:
    """Ask what has gone back of a payment, whoever started it, and act on all of it (R30).

    False where the payment is none of ours. Raises ProcessorError; CheckoutInTheWay where a term
    is to be given back and a renewal in its place is being paid.
    """
    return until_done(
        lambda: _ask_once(payment_intent_id),
        otherwise=ProcessorUnavailable(
            f"ask: answers about {payment_intent_id} keep overtaking each other"
        ),
    )


def _ask_once(payment_intent_id: str) -> bool | None:
    """The same; None where another answer was taken in meanwhile."""
    purchase, problem = _payment(payment_intent_id)
    if purchase is None and problem is None:
        return False
    refunds = processor.refunds_of(payment_intent_id)
    disputes = processor.disputes_of(payment_intent_id)
    with transaction.atomic():
        if purchase is not None:
            checks = purchase.refund_checks
            purchase = lock_purchase(purchase)
            is_fulfilled = (
                purchase.status == PurchaseStatus.SETTLED
                and purchase.payment_intent_id == payment_intent_id
            )
            if purchase.refund_checks != checks or is_fulfilled != (problem is None):
                # That one may be newer. Or support has fulfilled the payment.
                return None
        _take_in(payment_intent_id, purchase, problem, refunds, disputes)
    return True


def _payment(payment_intent_id: str) -> tuple[Purchase | None, PaymentProblem | None]:
    """What we know a payment as: of a fulfilled purchase, or one that was not fulfilled."""
    if not payment_intent_id:
        return None, None
    fulfilled = Purchase.objects.filter(
        payment_intent_id=payment_intent_id, status=PurchaseStatus.SETTLED
    ).first()
    if fulfilled is not None:
        return fulfilled, None
    problem = PaymentProblem.objects.filter(payment_intent_id=payment_intent_id).first()
    return (problem.purchase if problem else None), problem


def _take_in(
    payment_intent_id: str,
    purchase: Purchase | None,
    problem: PaymentProblem | None,
    refunds: list[ProcessorRefund],
    disputes: list[ProcessorDispute],
) -> None:
    for heard in refunds:
        refund = _known(heard) or Refund(
            purchase=purchase,
            payment_intent_id=payment_intent_id,
            amount=heard.amount,
            currency=heard.currency,
            status=heard.status,
            created_at=heard.created_at,
        )
        _take_in_refund(refund, heard)
    if purchase is not None:
        for dispute in disputes:
            _take_in_dispute(payment_intent_id, purchase, dispute)
    if problem is not None:
        _answer_problem(problem)
    elif purchase is not None:
        reversal.apply(purchase)


def _known(heard: ProcessorRefund) -> Refund | None:
    found = Refund.objects.select_for_update(of=("self",)).filter(refund_id=heard.id).first()
    number = read_uuid(heard.our_id)
    if found is not None or number is None:
        return found
    return Refund.objects.select_for_update(of=("self",)).filter(pk=number).first()


def _take_in_refund(refund: Refund, heard: ProcessorRefund) -> None:
    _require_known(heard.status, RefundStatus.values)
    before = refund.status if refund.refund_id else ""
    refund.refund_id = heard.id
    refund.status = later_refund_status(refund.status, heard.status)
    if refund.status == heard.status:
        refund.failure_reason = heard.failure_reason[:80]
    refund.save()
    is_news = refund.status in FAILED_REFUNDS and before != refund.status
    if is_news and refund.problem is not None:
        _put_back(refund.problem)


def _take_in_dispute(payment_intent_id: str, purchase: Purchase, heard: ProcessorDispute) -> None:
    _require_known(heard.status, DisputeStatus.values)
    known = Dispute.objects.select_for_update(of=("self",)).filter(dispute_id=heard.id).first()
    before = known.status if known else ""
    dispute = known or Dispute(
        dispute_id=heard.id,
        purchase=purchase,
        payment_intent_id=payment_intent_id,
        created_at=heard.created_at,
        currency=heard.currency,
    )
    dispute.amount = heard.amount
    dispute.reason = heard.reason[:80]
    dispute.status = later_dispute_status(before, heard.status) if before else heard.status
    dispute.save()
    if dispute.status != before:
        problems.notify_of_dispute(dispute)


def _require_known(status: str, words: list[str]) -> None:
    if status not in words:
        raise ProcessorUnavailable(f"a status this program does not know: {status!r}")


def _write(refund: Refund, heard: ProcessorRefund) -> Refund:
    """What the processor answered to a refund of ours."""
    with transaction.atomic():
        purchase = lock_purchase(refund.purchase) if refund.purchase else None
        refund = Refund.objects.select_for_update(of=("self",)).get(pk=refund.pk)
        _take_in_refund(refund, heard)
        if refund.problem is not None:
            _answer_problem(refund.problem)
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
    """Put a payment back on support's list when its refund failed, unless fulfilled since."""
    purchase = problem.purchase
    is_fulfilled = (
        purchase is not None
        and Purchase.objects.filter(
            pk=purchase.pk,
            status=PurchaseStatus.SETTLED,
            payment_intent_id=problem.payment_intent_id,
        ).exists()
    )
    if is_fulfilled or left_of(problem) == 0:
        return
    if problem.resolution:
        problems.reopen(problem)
    problems.hand_to_support(problem)
    _move_purchase(problem, PurchaseStatus.REVIEW)


def _answer_problem(problem: PaymentProblem) -> None:
    """Follow the money of a payment that was refunded instead of fulfilled."""
    problem = PaymentProblem.objects.select_for_update(of=("self",)).get(pk=problem.pk)
    if not _received(problem) or left_of(problem):
        return
    if not problem.resolution:
        ours = problem.refunds.filter(status__in=LIVE_REFUNDS).first()
        problems.solve(
            problem,
            Resolution.REFUNDED,
            actor=ours.actor if ours else None,
            why=ours.reason if ours else "",
        )
    _move_purchase(problem, PurchaseStatus.REFUNDED)


def left_of(problem: PaymentProblem) -> int:
    """What of a payment on the list has neither gone back nor been lost, in minor units."""
    back = reversal.refunded_amount_of(
        problem.payment_intent_id, str(problem.received.get("currency", "")), LIVE_REFUNDS
    )
    return max(0, _received(problem) - back)


def _received(problem: PaymentProblem) -> int:
    return int(problem.received.get("amount_received") or 0)


def _move_purchase(problem: PaymentProblem, after: PurchaseStatus) -> None:
    if problem.purchase_id is None:
        return
    purchase = Purchase.objects.select_for_update(of=("self",)).get(pk=problem.purchase_id)
    movable = (PurchaseStatus.REFUNDING, PurchaseStatus.REFUNDED, PurchaseStatus.REVIEW)
    is_its_own = problem.session_id == purchase.session_id
    if not is_its_own or purchase.status == after or purchase.status not in movable:
        return
    require_move(purchase.status, after)
    purchase.status = after
    purchase.save(update_fields=["status"])


def is_disputed(payment_intent_id: str) -> bool:
    """Whether a dispute stands, or was lost: the processor refunds nothing of that payment."""
    return Dispute.objects.filter(
        payment_intent_id=payment_intent_id, status__in=(*OPEN_DISPUTES, *LOST_DISPUTES)
    ).exists()
