"""The Subscription tab of System Settings (R7)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from subscriptions import clock
from subscriptions.access.decorators import members_only
from subscriptions.licenses import history, removals
from subscriptions.licenses.status import get_status
from subscriptions.models import Membership
from subscriptions.policy.members import Capability


@members_only(Capability.SEE_SUBSCRIPTION)
@require_GET
def subscription(request: HttpRequest, member: Membership) -> HttpResponse:
    """Show the Subscription tab (R7)."""
    subscription = get_status(member.organization, clock.now())
    context = {
        "subscription": subscription,
        "history": history.get_history(subscription),
        "days_since_expiration": -(subscription.days_remaining or 0),
        "removals": removals.visible_removals(subscription),
        "requests": removals.pending_requests(subscription),
    }
    return render(request, "organizations/subscription.html", context)
