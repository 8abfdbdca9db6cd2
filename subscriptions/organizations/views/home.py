"""The front page, My Organizations, and an organization's home."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from subscriptions import clock
from subscriptions.access.decorators import members_only
from subscriptions.licenses.status import get_status
from subscriptions.members import invitations, join_requests
from subscriptions.models import Membership, Package
from subscriptions.models.members import MembershipState
from subscriptions.notifications import recipients
from subscriptions.policy import members
from subscriptions.policy.members import Capability


@require_GET
def my_organizations(request: HttpRequest) -> HttpResponse:
    """List the user's organizations, or redirect to the only one.

    Visitors see what the site is for and what it costs (R9).
    """
    if not request.user.is_authenticated:
        packages = Package.objects.filter(is_offered=True)
        return render(request, "organizations/front.html", {"packages": packages})
    mine = list(
        Membership.objects.select_related("organization", "user")
        .filter(user=request.user.pk, state__in=[MembershipState.ACTIVE, MembershipState.INVITED])
        .order_by("organization__name")
    )
    active = [membership for membership in mine if membership.state == MembershipState.ACTIVE]
    if len(mine) == 1 and active:
        return redirect("subscriptions:home", active[0].organization.slug)
    invited = [
        (membership, invitations.get_valid_link(membership))
        for membership in mine
        if membership.state == MembershipState.INVITED
    ]
    context = {"active": active, "invited": invited}
    return render(request, "organizations/my_organizations.html", context)


@members_only(Capability.VISIT)
@require_GET
def home(request: HttpRequest, member: Membership) -> HttpResponse:
    """Members Home: what needs attention, what happens next, and whom to contact."""
    organization = member.organization
    sees_licenses = members.can(member.role, Capability.SEE_SUBSCRIPTION)
    asks_to_join = sees_licenses and bool(organization.join_code)
    invited = organization.memberships.filter(state=MembershipState.INVITED)
    return render(
        request,
        "organizations/home.html",
        {
            "administrators": recipients.administrators(organization),
            "subscription": get_status(organization, clock.now()),
            "sees_licenses": sees_licenses,
            "invited": invited.count() if sees_licenses else 0,
            "waiting": len(join_requests.pending_requests(organization)) if asks_to_join else 0,
            "buyers": [] if sees_licenses else recipients.people_who_may_buy(organization)[:20],
        },
    )
