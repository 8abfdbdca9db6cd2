"""Free up licenses by removing inactive members, and restore removed members (R3-R5)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from subscriptions import clock
from subscriptions.licenses.license_numbers import take_licenses
from subscriptions.members import members
from subscriptions.models import Membership, Organization
from subscriptions.models.members import LICENSE_HOLDER_STATES, MembershipState
from subscriptions.models.organizations import lock_organization
from subscriptions.notifications import activity, notify
from subscriptions.policy import members as rules
from subscriptions.policy.refusal import Reason, Refusal, Refused, require

# The size of one page of checkboxes; selecting more is usually a mistake.
MAX_AT_ONCE = 200
# Beyond this, the hint on purchase pages does not need an exact count.
MAX_COUNTED_INACTIVE = 100


def inactive_after(organization: Organization) -> timedelta:
    """Return how long a member can go without signing in before counting as inactive."""
    return timedelta(days=organization.inactive_after_days or settings.INACTIVE_AFTER_DAYS)


def inactive_members(organization: Organization, now: datetime) -> QuerySet[Membership]:
    """Return the active members who have not signed in for ``inactive_after``, longest first."""
    cutoff = now - inactive_after(organization)
    found = organization.memberships.filter(state=MembershipState.ACTIVE, last_seen_at__lt=cutoff)
    return found.select_related("user").order_by("last_seen_at", "license_number")


def count_inactive(organization: Organization, now: datetime) -> int:
    """Count the inactive members, up to ``MAX_COUNTED_INACTIVE``."""
    return inactive_members(organization, now).order_by()[:MAX_COUNTED_INACTIVE].count()


def find_selected(organization: Organization, keys: Iterable[UUID]) -> list[Membership]:
    """Return the members among ``keys`` who hold a license in the organization."""
    found = organization.memberships.filter(key__in=list(keys), state__in=LICENSE_HOLDER_STATES)
    return list(found.select_related("user").order_by("license_number"))


def remove_all(actor: Membership, memberships: Iterable[Membership]) -> int:
    """Remove all of these members or none; return how many licenses that frees.

    Raises Refused for the same reasons as ``members.remove``, with that member's name.
    """
    freed = 0
    with transaction.atomic():
        lock_organization(actor.organization)
        members.current_role(actor)
        # The actor comes last, because a former member cannot remove anyone.
        for membership in sorted(memberships, key=lambda one: one.pk == actor.pk):
            if not find_selected(actor.organization, [membership.key]):
                # Someone else has already removed this member, so there is nothing to do.
                continue
            try:
                members.remove(actor, membership)
            except Refused as refused:
                facts = dict(refused.refusal.facts) | {"name": membership.display_name}
                raise Refused(Refusal(refused.refusal.reason, facts)) from refused
            freed += 1
    return freed


def removed_members(organization: Organization) -> QuerySet[Membership]:
    """Return the removed members, most recent first."""
    removed = organization.memberships.filter(state=MembershipState.REMOVED)
    return removed.select_related("user").order_by("-removed_at", "pk")


def restore(actor: Membership, membership: Membership) -> Membership:
    """Restore a removed member with the next license and the previous role (R3-R5).

    A member who had joined is active right away; anyone else gets a new invitation. Raises Refused
    if no license is free, the role is above the actor's own, or the person is already a member.
    """
    with transaction.atomic():
        organization = lock_organization(actor.organization)
        actor_role = members.current_role(actor)
        current = (
            Membership.objects.select_related("user", "organization")
            .filter(pk=membership.pk, organization=organization)
            .get()
        )
        if current.state != MembershipState.REMOVED:
            raise Refused(Refusal(Reason.ALREADY_A_MEMBER, {"name": current.display_name}))
        require(rules.may_change(actor_role, current.role))
        if current.joined_at is None:
            new = members.NewMember(
                current.invited_as or current.user.name, current.user.email, current.role
            )
            return members.add(actor, new)
        [current.license_number] = take_licenses(organization, 1)
        current.state = MembershipState.ACTIVE
        current.removed_at = None
        current.save(update_fields=["license_number", "state", "removed_at"])
        facts = {"member": str(current.key), "name": current.display_name, "role": current.role}
        activity.record(organization, "member_restored", actor=actor.user, data=facts)
        notify.send(
            current.user.email,
            "member_restored",
            reference=f"restored:{current.pk}:{clock.now().isoformat()}"[:80],
            organization=organization,
            data={
                "name": str(current.user),
                "organization_name": organization.name,
                "link": settings.SITE_URL,
            },
        )
    return current
