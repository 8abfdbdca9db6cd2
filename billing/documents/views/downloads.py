"""Downloads of documents: receipt, quote, verification sheet (R25, R31)."""

from datetime import date
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from billing.checkout.renewals import plan_renewal
from billing.documents import quotes, receipts, sheets
from billing.documents.sheets import sheet_heading
from billing.models import Purchase
from billing.states import PurchaseStatus
from subscriptions import clock
from subscriptions.access.decorators import members_only
from subscriptions.licenses.packages import offered_packages
from subscriptions.licenses.status import get_status
from subscriptions.models import Membership, Term
from subscriptions.policy.members import Capability
from subscriptions.policy.refusal import Refused
from subscriptions.text.csv import csv_response


@members_only(Capability.SEE_PURCHASES, open_when_closed=True)
@require_GET
def receipt(request: HttpRequest, member: Membership, pk: UUID) -> HttpResponse:
    """Return the receipt of a settled purchase."""
    purchase = get_object_or_404(
        Purchase, pk=pk, organization=member.organization, status=PurchaseStatus.SETTLED
    )
    name = f"receipt-{member.organization.slug}-{purchase.receipt_number}.pdf"
    return _pdf(name, receipts.receipt_pdf(purchase))


@members_only(Capability.RENEW, open_when_closed=True)
@require_GET
def quote(request: HttpRequest, member: Membership) -> HttpResponse:
    """Return a quote for renewing with the package in the query."""
    subscription = get_status(member.organization, clock.now())
    offered = {str(package.pk): package for package in offered_packages(member.organization)}
    package = offered.get(request.GET.get("package", ""))
    if package is None:
        raise Http404("This package is not on the price list.")
    try:
        plan = plan_renewal(subscription, package, code=request.GET.get("code", "")[:40])
    except Refused as refused:
        raise Http404("There is nothing to quote.") from refused
    name = f"renewal-quote-{member.organization.slug}-{subscription.today}.pdf"
    return _pdf(name, quotes.quote_pdf(subscription, plan))


@members_only(Capability.SEE_PURCHASES, open_when_closed=True)
@require_GET
def sheet(request: HttpRequest, member: Membership, starts_on: str) -> HttpResponse:
    """Return the verification sheet for the term that began on that day."""
    name = f"verification-{member.organization.slug}-{starts_on}.pdf"
    return _pdf(name, sheets.sheet_pdf(member.organization, _terms(member, starts_on)))


@members_only(Capability.SEE_PURCHASES, open_when_closed=True)
@require_GET
def sheet_csv(request: HttpRequest, member: Membership, starts_on: str) -> StreamingHttpResponse:
    """Return the verification sheet as CSV."""
    name = f"verification-{member.organization.slug}-{starts_on}.csv"
    rows = sheets.sheet_rows(_terms(member, starts_on))
    return csv_response(name, sheet_heading(), rows)


def _terms(member: Membership, starts_on: str) -> list[Term]:
    try:
        day = date.fromisoformat(starts_on)
    except ValueError as error:
        raise Http404("Not a date.") from error
    terms = list(member.organization.terms.filter(starts_on=day).order_by("pk"))
    if not terms:
        raise Http404("No term began on that day.")
    return terms


def _pdf(name: str, content: bytes) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}"'
    return response
