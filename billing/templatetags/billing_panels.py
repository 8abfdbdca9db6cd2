"""Panels about purchases for pages of the lower floor."""

from typing import Any

from django import template

from billing.states import UNSETTLED
from subscriptions.models import Organization

register = template.Library()

NEWEST = 5


@register.inclusion_tag("billing/_purchases_panel.html")
def purchases_panel(organization: Organization) -> dict[str, Any]:
    """The newest purchases of an organization, with the way to all of them (R7)."""
    newest = organization.purchases.order_by("-created_at", "pk")[:NEWEST]
    return {"organization": organization, "purchases": newest, "unsettled": UNSETTLED}
