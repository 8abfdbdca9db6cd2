"""Support's list: payments that a person has to look at (R14, R15)."""

from django.conf import settings
from django.urls import reverse

from billing.models import PaymentProblem
from subscriptions import notices


def hand_to_support(problem: PaymentProblem) -> None:
    """Put a payment on support's list and tell them, once; inside the caller's transaction."""
    if not problem.needs_support:
        problem.needs_support = True
        problem.save(update_fields=["needs_support"])
    if not settings.SUPPORT_EMAIL:
        return
    page = reverse("admin:billing_paymentproblem_change", args=[problem.pk])
    notices.tell(
        settings.SUPPORT_EMAIL,
        "payment_problem",
        reference=f"session:{problem.session_id}",
        organization=problem.purchase.organization if problem.purchase else None,
        data={
            "reason": str(problem.get_reason_display()),
            "session": problem.session_id,
            "link": f"{settings.SITE_URL}{page}",
        },
    )
