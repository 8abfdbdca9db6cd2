"""System Settings."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from subscriptions import clock, removals
from subscriptions.access import members_only
from subscriptions.models import Membership
from subscriptions.policy.people import Capability
from subscriptions.standing import standing_of


@members_only(Capability.SEE_SUBSCRIPTION)
@require_GET
def settings(request: HttpRequest, member: Membership) -> HttpResponse:
    """The first tab."""
    return redirect("subscriptions:subscription", member.organization.slug)


@members_only(Capability.SEE_SUBSCRIPTION)
@require_GET
def subscription(request: HttpRequest, member: Membership) -> HttpResponse:
    """The Subscription tab (R7)."""
    standing = standing_of(member.organization, clock.now())
    context = {
        "standing": standing,
        "days_since_expiration": -(standing.days_remaining or 0),
        "removals": removals.shown_for(standing),
        "requests": removals.waiting_requests(standing),
    }
    return render(request, "subscriptions/subscription.html", context)
