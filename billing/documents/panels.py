"""Panels about purchases, for pages of subscriptions."""

from django.db.models import BigAutoField
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from billing.models import Purchase
from billing.states import UNSETTLED
from subscriptions.models import Organization
from subscriptions.prepared import Prepared

NEWEST = 5


def purchases_panel(organization: Organization) -> SafeString:
    """The newest purchases of an organization, with the way to all of them (R7)."""
    newest = _NEWEST.all(organization=organization.pk)
    context = {"organization": organization, "purchases": newest, "unsettled": UNSETTLED}
    return render_to_string("billing/_purchases_panel.html", context)


_NEWEST = Prepared(
    lambda given: (
        Purchase.objects.filter(organization=given["organization"])
        .order_by("-created_at", "pk")
        .defer("request_parameters", "session_url")[:NEWEST]
    ),
    organization=BigAutoField(),
)
