"""Panels about members that several pages show."""

from typing import Any

from django import template

from subscriptions import clock
from subscriptions.members import dormant, join_requests
from subscriptions.models import Membership, Organization
from subscriptions.models.members import MembershipState

register = template.Library()
# More are on the page of all organizations.
MOST_SHOWN = 10


@register.inclusion_tag("members/_dormant_hint.html")
def dormant_hint(organization: Organization) -> dict[str, Any]:
    """Members who have not signed in for long, beside every way to buy."""
    return {
        "organization": organization,
        "count": dormant.count_dormant(organization, clock.now()),
        "days": dormant.dormant_after(organization).days,
    }


@register.inclusion_tag("organizations/_switcher.html")
def switcher(membership: Membership) -> dict[str, Any]:
    """The person's other organizations, with the role held there, to go to at once."""
    if not getattr(membership, "has_others", True):
        return {"others": []}
    others = (
        Membership.objects.select_related("organization")
        .filter(user=membership.user_id, state=MembershipState.ACTIVE)
        .exclude(pk=membership.pk)
        .order_by("organization__name")
    )
    return {"others": others[:MOST_SHOWN]}


@register.inclusion_tag("members/_join_hint.html")
def join_hint(organization: Organization) -> dict[str, Any]:
    """How many wait for an answer, where people can ask to join."""
    waiting = len(join_requests.waiting_requests(organization)) if organization.join_code else 0
    return {"organization": organization, "waiting": waiting}
