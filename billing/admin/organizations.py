"""Purchases on an organization's page, and what support may do about them."""

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from billing.admin import references
from billing.admin.refunds.actions import MAY_REFUND
from billing.admin.removals.actions import MAY_REMOVE, RemoveLicenses
from billing.admin.removals.facts import may_remove
from billing.checkout.renewals import find_open_renewal_checkout
from billing.models import Dispute, PaymentProblem, Purchase
from billing.states import PurchaseStatus
from subscriptions.admin.organizations import page, status_panels
from subscriptions.admin.parts import display
from subscriptions.admin.parts.display import Fact, Panel, Tool, highlight, link, moment, money
from subscriptions.admin.parts.filters import yes_filter
from subscriptions.licenses.status import SubscriptionStatus
from subscriptions.models import Organization
from subscriptions.text import formats

ProblemsFilter = yes_filter(
    "problems",
    _("payments"),
    _("With payments to review"),
    lambda: Q(
        pk__in=PaymentProblem.objects.filter(needs_support=True).values("purchase__organization")
    ),
)


def search_by_purchase(text: str) -> Q | None:
    """Search organizations by purchase number, or by processor ID."""
    purchase_ids = references.find_purchases(text)
    if purchase_ids is None:
        return None
    found = Purchase.objects.filter(pk__in=purchase_ids, organization__isnull=False)
    return Q(pk__in=list(found.values_list("organization", flat=True)))


def remove_licenses(request: HttpRequest, subscription: SubscriptionStatus) -> Tool | None:
    """Offer to remove licenses from the renewal (R27)."""
    if not request.user.has_perm(MAY_REMOVE):
        return None
    organization = subscription.organization
    address = display.admin_url(organization, "remove_licenses")
    return display.tool(gettext("Remove licenses…"), address, may_remove(organization))


def _count_waiting(organization: Organization) -> int:
    found = PaymentProblem.objects.filter(purchase__organization=organization, needs_support=True)
    return found.count()


def problem_alert(request: HttpRequest, subscription: SubscriptionStatus) -> list[str]:
    """Return an alert about payments to review."""
    waiting = _count_waiting(subscription.organization)
    if not waiting:
        return []
    text = ngettext("%(count)s payment to review.", "%(count)s payments to review.", waiting) % {
        "count": formats.number(waiting)
    }
    return [display.link_to("#problems", text)]


def payment_in_progress(subscription: SubscriptionStatus) -> Fact:
    """Return who is paying for the renewal now."""
    purchase = find_open_renewal_checkout(subscription.organization)
    if purchase is None:
        payer = gettext("none")
    else:
        payer = highlight(
            gettext("%(buyer)s, since %(when)s")
            % {
                "buyer": purchase.buyer_name or purchase.buyer_email,
                "when": moment(purchase.created_at),
            }
        )
    return gettext("Payment in progress"), payer


def problems(request: HttpRequest, subscription: SubscriptionStatus) -> Panel | None:
    """List payments under review, now or earlier; None if there are none."""
    organization = subscription.organization
    if not display.may_see(request, PaymentProblem):
        return None
    rows = PaymentProblem.objects.filter(purchase__organization=organization)
    found, total = display.first_rows(
        rows.select_related("purchase", "resolved_by").order_by("-needs_support", "-pk")
    )
    if not found:
        return None
    return Panel(
        gettext("Payments to review"),
        "problems",
        head=[
            gettext("Problem"),
            gettext("Purchase"),
            gettext("Found"),
            gettext("Resolution"),
            gettext("By"),
        ],
        rows=[
            [
                link(
                    problem,
                    highlight(problem.get_reason_display())
                    if problem.needs_support
                    else problem.get_reason_display(),
                ),
                link(problem.purchase),
                moment(problem.created_at),
                problem.get_resolution_display() or gettext("waiting"),
                str(problem.resolved_by or ""),
            ]
            for problem in found
        ],
        total=total,
        more=display.list_url(PaymentProblem, organization=organization.pk),
        is_urgent=any(problem.needs_support for problem in found),
    )


def purchases(request: HttpRequest, subscription: SubscriptionStatus) -> Panel | None:
    """List purchases, newest first."""
    organization = subscription.organization
    if not display.may_see(request, Purchase):
        return None
    rows = organization.purchases.select_related("buyer").order_by("-created_at")
    found, total = display.first_rows(rows)
    disputed = set(
        Dispute.objects.filter(purchase__in=[row.pk for row in found]).values_list(
            "purchase", flat=True
        )
    )
    may_refund = request.user.has_perm(MAY_REFUND)
    return Panel(
        gettext("Purchases"),
        "purchases",
        head=[
            gettext("Receipt"),
            gettext("Description"),
            gettext("Licenses"),
            gettext("Total"),
            gettext("Status"),
            gettext("Refunded"),
            gettext("Started"),
            gettext("Buyer"),
            "",
        ],
        rows=[
            [
                purchase.receipt_number or "–",
                link(purchase, purchase.get_kind_display()),
                formats.number(purchase.quantity),
                money(purchase.total_amount, purchase.currency),
                _status(purchase, is_disputed=purchase.pk in disputed),
                _refunded_amount(purchase),
                moment(purchase.created_at),
                purchase.buyer_name or purchase.buyer_email,
                _refund(purchase) if may_refund else "",
            ]
            for purchase in found
        ],
        empty=gettext("No purchases."),
        total=total,
        more=display.list_url(Purchase, organization=organization.pk),
    )


def _status(purchase: Purchase, *, is_disputed: bool) -> str:
    text = str(purchase.get_status_display())
    if is_disputed:
        return highlight(gettext("%(status)s, disputed") % {"status": text})
    return highlight(text) if purchase.status == PurchaseStatus.REVIEW else text


def _refunded_amount(purchase: Purchase) -> str:
    if not purchase.refunded_amount:
        return ""
    return highlight(money(purchase.refunded_amount, purchase.currency))


def _refund(purchase: Purchase) -> str:
    # The refund page gives the reason if it is not allowed; only the obvious cases are left out
    # here.
    is_left = purchase.refunded_amount < purchase.total_amount
    if purchase.status != PurchaseStatus.SETTLED or not is_left:
        return ""
    return display.link_to(display.admin_url(purchase, "refund"), gettext("Refund…"))


status_panels.RENEWAL_FACTS.register("paid_by", payment_in_progress)
page.PANELS.register("problems", problems)
page.PANELS.register("purchases", purchases)
page.ALERTS.register("problems", problem_alert)
page.TOOLS.register("remove_licenses", remove_licenses)
page.ACTIONS.register("remove_licenses", RemoveLicenses)
page.FILTERS.register("problems", ProblemsFilter)
page.SEARCHES.register("purchases", search_by_purchase)
page.TEXTS.register(
    "search_help",
    _(
        "The start of a name, address, or billing e-mail; a user's e-mail; a purchase number; "
        "or a complete cs_…, pi_…, re_…, or du_… ID from the processor."
    ),
)
