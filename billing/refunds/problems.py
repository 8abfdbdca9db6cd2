"""Support's list: payments that a person must review (R14, R15, R30)."""

from collections.abc import Mapping

from django.conf import settings
from django.db.models import QuerySet

from billing.models import Dispute, PaymentProblem, Purchase
from billing.states import DisputeStatus, ProblemReason, Resolution
from subscriptions import clock
from subscriptions.models import User
from subscriptions.notifications import notify
from subscriptions.text import links
from subscriptions.text.languages import untranslated


def note(purchase: Purchase, reason: ProblemReason, facts: Mapping[str, object]) -> None:
    """Put a settled purchase on the list, once per reason; again if it was already resolved."""
    problem, is_new = PaymentProblem.objects.get_or_create(
        session_id=purchase.session_id or "",
        reason=reason,
        defaults={
            "purchase": purchase,
            "payment_intent_id": purchase.payment_intent_id or "",
            "received": dict(facts),
            "needs_support": True,
            "created_at": clock.now(),
        },
    )
    if is_new or problem.resolution:
        reopen(problem)
        hand_to_support(problem)


def reopen(problem: PaymentProblem) -> None:
    """Put a payment back on the list when its resolution did not hold."""
    problem.resolution = ""
    problem.resolved_at = problem.resolved_by = None
    problem.resolution_note = ""
    problem.needs_support = True
    problem.save()


def resolve(
    problem: PaymentProblem, resolution: Resolution, *, actor: User | None, reason: str = ""
) -> None:
    """Take a payment off the list; ``actor`` is None if the processor's response resolved it."""
    problem.resolution = resolution
    problem.resolved_at = clock.now()
    problem.resolved_by = actor
    problem.resolution_note = reason
    problem.needs_support = False
    problem.save()


def resolve_all(waiting: QuerySet[PaymentProblem], resolution: Resolution) -> None:
    """Take payments that no longer need support off the list."""
    for problem in waiting.filter(resolution=""):
        resolve(problem, resolution, actor=None)


def hand_to_support(problem: PaymentProblem) -> None:
    """Put a payment on support's list and notify support once, in the caller's transaction."""
    if not problem.needs_support:
        problem.needs_support = True
        problem.save(update_fields=["needs_support"])
    if not settings.SUPPORT_EMAIL:
        return
    notify.send(
        settings.SUPPORT_EMAIL,
        "payment_problem",
        reference=f"problem:{problem.pk}",
        organization=problem.purchase.organization if problem.purchase else None,
        data={
            "reason": untranslated(ProblemReason(problem.reason).label),
            "session": problem.session_id,
            "link": links.full_link("admin:billing_paymentproblem_change", problem.pk),
        },
    )


def notify_of_dispute(dispute: Dispute) -> None:
    """Notify support of each change in a dispute's status; they respond at the processor."""
    if not settings.SUPPORT_EMAIL:
        return
    purchase = dispute.purchase
    notify.send(
        settings.SUPPORT_EMAIL,
        "dispute",
        reference=f"{dispute.dispute_id}:{dispute.status}"[-80:],
        organization=purchase.organization,
        data={
            "organization_name": purchase.organization_name,
            "status": untranslated(DisputeStatus(dispute.status).label),
            "reason": dispute.reason,
            "amount": dispute.amount,
            "currency": dispute.currency,
            "link": links.full_link("admin:billing_dispute_change", dispute.pk),
        },
    )
