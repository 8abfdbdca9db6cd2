"""The purchase history, its CSV export, and the page of one purchase."""

from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from billing.models import Purchase
from billing.states import UNSETTLED, VISIBLE_REFUNDS
from subscriptions import clock
from subscriptions.access.decorators import members_only
from subscriptions.licenses import ledger
from subscriptions.models import Membership, Organization
from subscriptions.policy.members import Capability
from subscriptions.text.csv import csv_response

PER_PAGE = 25


@members_only(Capability.SEE_PURCHASES, open_when_closed=True)
@require_GET
def purchases(request: HttpRequest, member: Membership) -> HttpResponse:
    """List purchases, newest first."""
    page = Paginator(_history(member.organization), PER_PAGE).get_page(request.GET.get("page"))
    terms = member.organization.terms.order_by("-starts_on", "-pk")
    return render(request, "billing/purchases.html", {"page": page, "terms": terms})


@members_only(Capability.SEE_PURCHASES, open_when_closed=True)
@require_GET
def purchases_csv(request: HttpRequest, member: Membership) -> StreamingHttpResponse:
    """Return the history as CSV, one row per purchase; amounts in major units with two decimals."""
    rows = (_cells(row) for row in _history(member.organization).iterator(chunk_size=500))
    return csv_response(f"purchases-{member.organization.slug}.csv", _heading(), rows)


@members_only(Capability.SEE_PURCHASES, open_when_closed=True)
@require_GET
def purchase(request: HttpRequest, member: Membership, pk: UUID) -> HttpResponse:
    """Show one purchase: its receipt (R31), or its status."""
    found = get_object_or_404(
        Purchase.objects.select_related("organization", "renewal", "term"),
        pk=pk,
        organization=member.organization,
    )
    context = {
        "purchase": found,
        "seller": found.sold_by,
        "is_open": found.status in UNSETTLED,
        "problem": found.problems.filter(session_id=found.session_id).first(),
        "refunds": found.refunds.filter(problem=None, status__in=VISIBLE_REFUNDS),
        "disputes": found.disputes.exclude(status__startswith="warning"),
        "licenses_removed": ledger.reversed_quantity(found.reference),
    }
    return render(request, "billing/purchase.html", context)


def _history(organization: Organization) -> QuerySet[Purchase]:
    # Lists do not need the request to the processor.
    rows = organization.purchases.order_by("-created_at", "pk")
    return rows.defer("request_parameters", "session_url")


def _heading() -> list[str]:
    return [
        _("Started"),
        _("Status"),
        _("Receipt"),
        _("Type"),
        _("Package"),
        _("Licenses"),
        _("Price per license"),
        _("Discount"),
        _("Fee"),
        _("Total"),
        _("Refunded"),
        _("Currency"),
        _("Paid"),
        _("Card"),
        _("Buyer"),
        _("Buyer's e-mail"),
    ]


def _cells(purchase: Purchase) -> list[str]:
    amounts = [
        purchase.unit_amount,
        purchase.discount_amount,
        purchase.fee_amount,
        purchase.total_amount,
        purchase.refunded_amount,
    ]
    zone = clock.zone()
    return [
        purchase.created_at.astimezone(zone).isoformat(timespec="seconds"),
        str(purchase.get_status_display()),
        str(purchase.receipt_number or ""),
        str(purchase.get_kind_display()),
        purchase.package_name,
        str(purchase.quantity),
        *(f"{amount // 100}.{amount % 100:02d}" for amount in amounts),
        purchase.currency.upper(),
        purchase.paid_at.astimezone(zone).isoformat(timespec="seconds") if purchase.paid_at else "",
        f"{purchase.card_brand} {purchase.card_last4}".strip(),
        purchase.buyer_name,
        purchase.buyer_email,
    ]
