"""Panels about members that several pages show."""

from typing import Any

from django import template

from subscriptions import clock
from subscriptions.members import inactive, join_requests
from subscriptions.models import Organization

register = template.Library()


@register.inclusion_tag("members/_inactive_hint.html")
def inactive_hint(organization: Organization) -> dict[str, Any]:
    """Count inactive members, beside every way to buy."""
    return {
        "organization": organization,
        "count": inactive.count_inactive(organization, clock.now()),
        "days": inactive.inactive_after(organization).days,
    }


@register.inclusion_tag("members/_join_hint.html")
def join_hint(organization: Organization) -> dict[str, Any]:
    """How many wait for an answer, where people can ask to join."""
    waiting = len(join_requests.waiting_requests(organization)) if organization.join_code else 0
    return {"organization": organization, "waiting": waiting}
