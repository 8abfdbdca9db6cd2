"""The pages that the processor sends buyers back to (R13)."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from billing.gateway import processor
from billing.gateway.types import ProcessorError
from billing.models import Purchase
from billing.settlement.settle import settle
from billing.states import UNSETTLED, PurchaseKind, PurchaseStatus
from subscriptions import clock
from subscriptions.access.decorators import members_only
from subscriptions.access.head_requests import is_head
from subscriptions.licenses.status import get_status
from subscriptions.models import Membership
from subscriptions.policy.members import Capability
from subscriptions.text import formats


@members_only(Capability.BUY_LICENSES, open_when_closed=True)
@require_GET
def return_page(request: HttpRequest, member: Membership) -> HttpResponse:
    """Settle at once and show what was bought (R13), no matter how often it is opened (R14).

    If the processor cannot be reached, say that the payment is being confirmed, and reload.
    """
    session_id = request.GET.get("session_id", "")
    if not processor.is_session_id(session_id):
        raise Http404("Not the id of a Checkout Session.")
    purchase = get_object_or_404(Purchase, session_id=session_id, organization=member.organization)
    if purchase.status in UNSETTLED and not is_head(request):
        try:
            purchase = settle(session_id) or purchase
        except ProcessorError:
            return _confirmation_page(request, purchase)
    if purchase.status == PurchaseStatus.OPEN:
        # Not paid, so the buyer did not come from the payment page.
        return _confirmation_page(request, purchase)
    if purchase.status == PurchaseStatus.SETTLED:
        messages.success(request, _success_message(member, purchase))
        if purchase.return_to:
            return redirect(purchase.return_to)
    return redirect("billing:purchase", member.organization.slug, purchase.pk)


@never_cache
@require_GET
def subscribed(request: HttpRequest) -> HttpResponse:
    """Settle at once and show the next steps; the session ID replaces a sign-in."""
    session_id = request.GET.get("session_id", "")
    if not processor.is_session_id(session_id):
        raise Http404("Not the id of a Checkout Session.")
    purchase = get_object_or_404(Purchase, session_id=session_id, kind=PurchaseKind.ORIGINAL)
    if purchase.status in UNSETTLED and not is_head(request):
        try:
            purchase = settle(session_id) or purchase
        except ProcessorError:
            return subscribed_page(request, purchase)
    return subscribed_page(request, purchase)


def subscribed_page(request: HttpRequest, purchase: Purchase) -> HttpResponse:
    """Show the next steps, or that the payment is being confirmed."""
    is_open = purchase.status in UNSETTLED
    context = {"purchase": purchase, "is_open": is_open}
    response = render(request, "billing/subscribed.html", context)
    if is_open:
        response["Refresh"] = "4"
    return response


def _confirmation_page(request: HttpRequest, purchase: Purchase) -> HttpResponse:
    response = render(request, "billing/confirming.html", {"purchase": purchase})
    # Reloads without JavaScript; the page says so.
    response["Refresh"] = "4"
    return response


def _success_message(member: Membership, purchase: Purchase) -> str:
    if purchase.kind == PurchaseKind.RENEWAL and purchase.term is not None:
        return _(
            "The subscription has been renewed with %(quantity)s licenses through %(expires)s. "
            "Licenses can be added again."
        ) % {
            "quantity": formats.number(purchase.quantity),
            "expires": formats.full_date(purchase.term.expires_on),
        }
    count = get_status(member.organization, clock.now()).licenses
    return ngettext(
        "You bought %(bought)s license. You now hold %(held)s, and %(free)s are available.",
        "You bought %(bought)s licenses. You now hold %(held)s, and %(free)s are available.",
        purchase.quantity,
    ) % {
        "bought": formats.number(purchase.quantity),
        "held": formats.number(count.held),
        "free": formats.number(count.free),
    }
