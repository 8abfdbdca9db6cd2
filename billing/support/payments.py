"""Support's actions on payments: refund a purchase; fulfill or refund a held payment (R15, R30).

Each is recorded under the lock, with actor and reason. The processor is called afterwards; if it
cannot be reached, reconciliation will retry.
"""

import logging
import uuid
from dataclasses import dataclass

from django.db import transaction

from billing.checkout.closing import close_checkout
from billing.checkout.renewals import find_open_renewal_checkout
from billing.events import follow_payment
from billing.gateway import processor
from billing.gateway.types import ProcessorError
from billing.models import PaymentProblem, Purchase, Refund
from billing.models.locks import lock_purchase, retry_until_done
from billing.refunds import problems, reversal, sync
from billing.refunds.reversal import RenewalCheckoutOpen
from billing.settlement import fulfillment
from billing.states import (
    FAILED_REFUNDS,
    ProblemReason,
    PurchaseKind,
    PurchaseStatus,
    RefundStatus,
    Resolution,
    require_transition,
)
from subscriptions import clock
from subscriptions.licenses import renewals
from subscriptions.models import Organization, User
from subscriptions.notifications import activity
from subscriptions.policy import refunds as rules
from subscriptions.policy.refusal import ALLOWED, Allowed, Reason, Refusal, Refused, require

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RefundOrder:
    """A refund that support requests; ``licenses`` is None for all that is left of the purchase."""

    licenses: int | None
    reason: str
    submission: uuid.UUID


def may_refund(purchase: Purchase, licenses: int | None = None) -> Allowed | Refusal:
    """Whether support may refund a purchase, or ``licenses`` of an add-on, now (R30)."""
    if purchase.status != PurchaseStatus.SETTLED:
        return Refusal(Reason.NOT_PAID)
    if sync.is_disputed(purchase.payment_intent_id or ""):
        return Refusal(Reason.PAYMENT_IS_DISPUTED)
    if purchase.refunds.filter(status=RefundStatus.REQUESTED).exists():
        return Refusal(Reason.REFUND_PENDING)
    paid = reversal.paid_purchase(purchase, include_requested=True)
    if purchase.kind == PurchaseKind.ADD_ON:
        left = paid.quantity - rules.reversed_add_ons(paid)
        return rules.may_refund_add_ons(paid, left if licenses is None else licenses)
    if licenses is not None:
        return Refusal(Reason.REFUND_NOT_IN_GROUPS, {"most": purchase.quantity})
    # A canceled term can be refunded even if a later one is paid (R30).
    is_active_term = purchase.term is not None and purchase.term.canceled_at is None
    later = renewals.later_term(purchase.term) if purchase.term and is_active_term else None
    return rules.may_refund_term(paid, later_term_starts_on=later.starts_on if later else None)


def refund_amount(purchase: Purchase, licenses: int | None) -> int:
    """Return the amount of a refund, in minor units."""
    paid = reversal.paid_purchase(purchase, include_requested=True)
    if licenses is None:
        return paid.amount_left
    return rules.amount_for(paid, licenses)


def refund_purchase(purchase: Purchase, order: RefundOrder, *, actor: User) -> Refund:
    """Refund a purchase, or groups of 5 licenses of an add-on; once per ``order.submission``.

    Returns the refund after calling the processor: REQUESTED if that failed. Raises Refused, and
    ProcessorUnavailable, with nothing done, if an open renewal could not be closed.
    """
    refund = Refund.objects.filter(submission=order.submission).first()

    def begin() -> Refund | None:
        require(may_refund(purchase, order.licenses))
        if purchase.organization is not None:
            # The renewal's frozen quantity includes the licenses that are about to be reversed.
            _close_renewal_checkout(purchase.organization)
        return _create_refund(purchase, order, actor)

    refused = Refused(Refusal(Reason.RENEWAL_BEING_PAID))
    return _send(refund or retry_until_done(begin, otherwise=refused))


def fulfill_problem(problem: PaymentProblem, *, reason: str, actor: User) -> Purchase:
    """Fulfill a held payment for its purchase (R15).

    Raises Refused if it is already resolved or can no longer be fulfilled. Raises ProcessorError.
    """
    require(may_fulfill(problem))
    session = processor.retrieve_session(problem.session_id)
    payment = session.payment
    if payment is None or problem.purchase is None:
        raise Refused(Refusal(Reason.CANNOT_BE_FULFILLED))
    with transaction.atomic():
        purchase = lock_purchase(problem.purchase)
        problem = PaymentProblem.objects.select_for_update(of=("self",)).get(pk=problem.pk)
        problem.purchase = purchase
        require(may_fulfill(problem))
        require_transition(purchase.status, PurchaseStatus.SETTLED)
        purchase.session_id = session.id
        purchase.status = fulfillment.fulfill_held_payment(purchase, payment)
        purchase.save()
        problems.resolve(problem, Resolution.FULFILLED, actor=actor, reason=reason)
        _record(purchase, "payment_fulfilled", actor, reason)
    if payment.is_refunded_or_disputed:
        follow_payment.follow_up(payment.payment_intent_id)
    return purchase


def may_fulfill(problem: PaymentProblem) -> Allowed | Refusal:
    """Whether a held payment can be fulfilled: its purchase is in review, and its term exists."""
    if problem.resolution:
        return Refusal(Reason.PROBLEM_IS_RESOLVED)
    purchase = problem.purchase
    if purchase is None or purchase.status != PurchaseStatus.REVIEW:
        return Refusal(Reason.CANNOT_BE_FULFILLED)
    expected, received = problem.expected, problem.received
    for fact in ("amount_received", "currency"):
        if expected.get(fact) != received.get(fact):
            # The receipt would not show the amount that was charged (R31).
            return Refusal(Reason.AMOUNT_DIFFERS)
    if sync.unrefunded_amount(problem) < int(received.get("amount_received") or 0):
        return Refusal(Reason.CANNOT_BE_FULFILLED)
    is_own_payment = problem.session_id == purchase.session_id and problem.payment_intent_id
    if not is_own_payment or fulfillment.unfulfillable_reason(purchase) is not None:
        return Refusal(Reason.CANNOT_BE_FULFILLED)
    return ALLOWED


def may_refund_problem(problem: PaymentProblem) -> Allowed | Refusal:
    """Whether a payment on the list can be refunded in full."""
    if problem.resolution:
        return Refusal(Reason.PROBLEM_IS_RESOLVED)
    if not problem.payment_intent_id or not problem.received.get("amount_received"):
        return Refusal(Reason.NOTHING_WAS_PAID)
    fulfilled = _find_fulfilled_purchase(problem)
    if fulfilled is not None:
        return may_refund(fulfilled)
    if not sync.unrefunded_amount(problem):
        return Refusal(Reason.REFUNDED_ALREADY)
    if problem.refunds.exclude(status__in=FAILED_REFUNDS).exists():
        return Refusal(Reason.REFUND_PENDING)
    if sync.is_disputed(problem.payment_intent_id):
        return Refusal(Reason.PAYMENT_IS_DISPUTED)
    return ALLOWED


def refund_problem(
    problem: PaymentProblem, *, reason: str, actor: User, submission: uuid.UUID
) -> Refund:
    """Refund a payment on the list in full (R15).

    Returns the refund after calling the processor. Raises Refused.
    """
    existing = Refund.objects.filter(submission=submission).first()
    if existing is not None:
        return existing
    require(may_refund_problem(problem))
    fulfilled = _find_fulfilled_purchase(problem)
    if fulfilled is not None:
        return refund_purchase(fulfilled, RefundOrder(None, reason, submission), actor=actor)
    with transaction.atomic():
        purchase = lock_purchase(problem.purchase) if problem.purchase else None
        problem = PaymentProblem.objects.select_for_update(of=("self",)).get(pk=problem.pk)
        require(may_refund_problem(problem))
        refund = sync.request(
            problem,
            amount=sync.unrefunded_amount(problem),
            currency=problem.received["currency"],
            actor=actor,
            reason=reason,
            submission=submission,
        )
        is_own_payment = purchase and purchase.session_id == problem.session_id
        if purchase and is_own_payment and purchase.status == PurchaseStatus.REVIEW:
            fulfillment.mark_refunding(purchase)
        if purchase:
            _record(purchase, "payment_refunded", actor, reason)
    return _send(refund)


def close_problem(problem: PaymentProblem, *, reason: str, actor: User) -> None:
    """Take a payment off the list without fulfillment or refund, because it was settled elsewhere.

    Raises Refused if it is already resolved, or if money received would be neither fulfilled nor
    refunded (R14).
    """
    with transaction.atomic():
        problem = PaymentProblem.objects.select_for_update(of=("self",)).get(pk=problem.pk)
        require(may_close(problem))
        problems.resolve(problem, Resolution.CLOSED, actor=actor, reason=reason)
        if problem.purchase:
            _record(problem.purchase, "problem_closed", actor, reason)


# These payments have already been fulfilled or refunded; they only inform support.
_CLOSABLE_REASONS = (
    ProblemReason.TERM_CANCELED,
    ProblemReason.LATER_TERM_PAID,
    ProblemReason.REFUND_UNDONE,
)


def may_close(problem: PaymentProblem) -> Allowed | Refusal:
    """Whether a payment may leave the list without any action on its money."""
    if problem.resolution:
        return Refusal(Reason.PROBLEM_IS_RESOLVED)
    purchase = problem.purchase
    is_settled = purchase is not None and purchase.status == PurchaseStatus.SETTLED
    if problem.reason not in _CLOSABLE_REASONS or not is_settled:
        return Refusal(Reason.MUST_BE_FULFILLED_OR_REFUNDED)
    return ALLOWED


def _find_fulfilled_purchase(problem: PaymentProblem) -> Purchase | None:
    """Return the purchase that this payment fulfilled, if any."""
    purchase = problem.purchase
    if purchase is None or purchase.status != PurchaseStatus.SETTLED:
        return None
    return purchase if purchase.payment_intent_id == problem.payment_intent_id else None


def _close_renewal_checkout(organization: Organization) -> None:
    checkout = find_open_renewal_checkout(organization)
    if checkout is not None:
        close_checkout(checkout)


def _create_refund(purchase: Purchase, order: RefundOrder, actor: User) -> Refund | None:
    """Check again under the lock and commit; return None if a renewal has been opened."""
    with transaction.atomic():
        purchase = lock_purchase(purchase)
        existing = Refund.objects.filter(submission=order.submission).first()
        if existing is not None:
            return existing
        if purchase.organization and find_open_renewal_checkout(purchase.organization):
            return None
        require(may_refund(purchase, order.licenses))
        refund = Refund.objects.create(
            purchase=purchase,
            payment_intent_id=purchase.payment_intent_id or "",
            amount=refund_amount(purchase, order.licenses),
            currency=purchase.currency,
            status=RefundStatus.REQUESTED,
            created_at=clock.now(),
            actor=actor,
            reason=order.reason,
            submission=order.submission,
        )
        _record(purchase, "refund_requested", actor, order.reason, amount=refund.amount)
    return refund


def _send(refund: Refund) -> Refund:
    """Call the processor; leave what fails to reconciliation."""
    try:
        refund = sync.follow_up(refund)
        if refund.status == RefundStatus.FAILED:
            # It may have failed because of a refund or dispute not known here yet.
            follow_payment.follow_up(refund.payment_intent_id)
        follow_payment.close_checkouts_of_canceled_terms()
    except RenewalCheckoutOpen:
        follow_payment.follow_up(refund.payment_intent_id)
    except ProcessorError:
        logger.exception("refund %s has not been sent yet; reconciliation will retry", refund.pk)
    refund.refresh_from_db()
    return refund


def _record(purchase: Purchase, verb: str, actor: User, reason: str, **facts: object) -> None:
    if purchase.organization is not None:
        data = {"purchase": str(purchase.pk), "reason": reason} | facts
        activity.record(purchase.organization, verb, actor=actor, data=data)
