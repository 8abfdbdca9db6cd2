"""Panels about purchases for pages of the lower floor."""

from typing import Any

from django import template
from django.db.models import BigAutoField

from billing.models import Purchase
from billing.states import UNSETTLED
from subscriptions.models import Organization
from subscriptions.prepared import Prepared

register = template.Library()

NEWEST = 5


@register.inclusion_tag("billing/_purchases_panel.html")
def purchases_panel(organization: Organization) -> dict[str, Any]:
    """The newest purchases of an organization, with the way to all of them (R7)."""
    newest = _NEWEST.all(organization=organization.pk)
    return {"organization": organization, "purchases": newest, "unsettled": UNSETTLED}


_NEWEST = Prepared(
    lambda given: (
        Purchase.objects.filter(organization=given["organization"])
        .order_by("-created_at", "pk")
        .defer("request_parameters", "session_url")[:NEWEST]
    ),
    organization=BigAutoField(),
)
