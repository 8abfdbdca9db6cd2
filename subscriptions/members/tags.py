"""Panels about members that several pages show."""

from typing import Any

from django import template

from subscriptions import clock
from subscriptions.members import dormant, join_requests
from subscriptions.models import Organization

register = template.Library()


@register.inclusion_tag("members/_dormant_hint.html")
def dormant_hint(organization: Organization) -> dict[str, Any]:
    """Count inactive members, beside every way to buy."""
    return {
        "organization": organization,
        "count": dormant.count_dormant(organization, clock.now()),
        "days": dormant.dormant_after(organization).days,
    }


@register.inclusion_tag("members/_join_hint.html")
def join_hint(organization: Organization) -> dict[str, Any]:
    """How many wait for an answer, where people can ask to join."""
    waiting = len(join_requests.waiting_requests(organization)) if organization.join_code else 0
    return {"organization": organization, "waiting": waiting}
