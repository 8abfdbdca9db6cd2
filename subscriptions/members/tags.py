"""Hints about members, shown on several pages."""

from typing import Any

from django import template

from subscriptions import clock
from subscriptions.members import inactive, join_requests
from subscriptions.models import Organization

register = template.Library()


@register.inclusion_tag("members/_inactive_hint.html")
def inactive_hint(organization: Organization) -> dict[str, Any]:
    """Show the number of inactive members wherever licenses are sold."""
    return {
        "organization": organization,
        "count": inactive.count_inactive(organization, clock.now()),
        "days": inactive.inactive_after(organization).days,
    }


@register.inclusion_tag("members/_join_hint.html")
def join_hint(organization: Organization) -> dict[str, Any]:
    """Show how many join requests are pending, if the organization has a join code."""
    waiting = len(join_requests.pending_requests(organization)) if organization.join_code else 0
    return {"organization": organization, "waiting": waiting}
