"""Getting licenses back from members who need none: removing several at once, and restoring.

R3-R5. What is freed here need not be paid for.
"""

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
from subscriptions.models.members import HOLDS_LICENSE, MembershipState
from subscriptions.models.organizations import lock_organization
from subscriptions.notifications import activity, notify
from subscriptions.policy import members as rules
from subscriptions.policy.refusal import Reason, Refusal, Refused, require

# One page of checkboxes; more at once is a mistake more often than a wish.
MOST_AT_ONCE = 200
# A hint beside the ways to buy is not worth reading more.
COUNTED_UP_TO = 100


def inactive_after(organization: Organization) -> timedelta:
    """How long a member of this organization has not signed in to count as inactive."""
    return timedelta(days=organization.inactive_after_days or settings.INACTIVE_AFTER_DAYS)


def inactive_members(organization: Organization, now: datetime) -> QuerySet[Membership]:
    """Active members who have not signed in for so long, the longest away first."""
    since = now - inactive_after(organization)
    found = organization.memberships.filter(state=MembershipState.ACTIVE, last_seen_at__lt=since)
    return found.select_related("user").order_by("last_seen_at", "license_number")


def count_inactive(organization: Organization, now: datetime) -> int:
    """How many licenses those hold; from ``COUNTED_UP_TO`` on, that many."""
    return inactive_members(organization, now).order_by()[:COUNTED_UP_TO].count()


def chosen(organization: Organization, keys: Iterable[UUID]) -> list[Membership]:
    """The members of the organization among ``keys`` who hold a license."""
    found = organization.memberships.filter(key__in=list(keys), state__in=HOLDS_LICENSE)
    return list(found.select_related("user").order_by("license_number"))


def remove_all(actor: Membership, memberships: Iterable[Membership]) -> int:
    """Remove several members, or none of them; how many licenses that frees.

    Raises Refused as ``members.remove`` does, with the name of the one it is about.
    """
    freed = 0
    with transaction.atomic():
        lock_organization(actor.organization)
        members.role_now(actor)
        # Oneself last: afterwards nobody else could be removed any more.
        for membership in sorted(memberships, key=lambda one: one.pk == actor.pk):
            if not chosen(actor.organization, [membership.key]):
                # Somebody else has removed them meanwhile: that is what was wanted.
                continue
            try:
                members.remove(actor, membership)
            except Refused as refused:
                facts = dict(refused.refusal.facts) | {"name": membership.display_name}
                raise Refused(Refusal(refused.refusal.reason, facts)) from refused
            freed += 1
    return freed


def removed_members(organization: Organization) -> QuerySet[Membership]:
    """Who was removed, the last one first."""
    removed = organization.memberships.filter(state=MembershipState.REMOVED)
    return removed.select_related("user").order_by("-removed_at", "pk")


def restore(actor: Membership, membership: Membership) -> Membership:
    """Make a removed member one again, on the next license and in the role held before (R3-R5).

    Who had joined is active at once; who had not gets a new invitation. Raises Refused: no license
    free, above the actor's own role, a member again already.
    """
    with transaction.atomic():
        organization = lock_organization(actor.organization)
        actor_role = members.role_now(actor)
        current = (
            Membership.objects.select_related("user", "organization")
            .filter(pk=membership.pk, organization=organization)
            .get()
        )
        if current.state != MembershipState.REMOVED:
            raise Refused(Refusal(Reason.ALREADY_A_MEMBER, {"name": current.display_name}))
        require(rules.may_touch(actor_role, current.role))
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
