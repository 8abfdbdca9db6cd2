"""Panels about purchases, for pages of subscriptions."""

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from billing.models import Purchase
from billing.states import UNSETTLED
from subscriptions.models import Organization

NEWEST = 5


def purchases_panel(organization: Organization) -> SafeString:
    """Render an organization's newest purchases, with a link to all of them (R7)."""
    purchases = Purchase.objects.filter(organization=organization).order_by("-created_at", "pk")
    newest = purchases.defer("request_parameters", "session_url")[:NEWEST]
    context = {"organization": organization, "purchases": newest, "unsettled": UNSETTLED}
    return render_to_string("billing/_purchases_panel.html", context)
