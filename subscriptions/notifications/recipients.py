"""Recipients of an organization's e-mails: users who may buy, and the addresses it has added."""

from django.db.models import QuerySet

from subscriptions.models import Membership, Organization, User
from subscriptions.models.members import MembershipState
from subscriptions.policy import members
from subscriptions.policy.members import Capability


def people_who_may_buy(organization: Organization) -> list[Membership]:
    """Return the active members to contact when licenses are needed (R5)."""
    return list(_may_buy(organization).select_related("user").order_by("role", "user__name"))


def _may_buy(organization: Organization) -> QuerySet[Membership]:
    return Membership.objects.filter(
        organization=organization,
        state=MembershipState.ACTIVE,
        user__is_active=True,
        role__in=members.roles_with(Capability.BUY_LICENSES),
    )


def administrators(organization: Organization) -> list[Membership]:
    """Return the first twenty active Administrators, by name."""
    found = organization.memberships.filter(
        role=members.Role.ADMINISTRATOR, state=MembershipState.ACTIVE
    )
    return list(found.select_related("user").order_by("user__name")[:20])


def reminder_addresses(organization: Organization) -> list[str]:
    """Return the addresses for reminders and for "few licenses left"."""
    buyers = [member.user.email for member in people_who_may_buy(organization)]
    return list(dict.fromkeys([*buyers, *added_reminder_addresses(organization)]))


def other_receipt_addresses(organization: Organization, buyer: User | None) -> list[str]:
    """Return everyone else who gets a receipt: users who may buy, and added addresses."""
    buyers = _may_buy(organization).exclude(user=buyer) if buyer else _may_buy(organization)
    named = organization.notified_addresses.filter(gets_receipts=True).order_by()
    emails = buyers.values_list("user__email").union(named.values_list("email"), all=True)
    return list(dict.fromkeys(email for (email,) in emails))


def added_reminder_addresses(organization: Organization) -> list[str]:
    """Return the added addresses that get reminders."""
    named = organization.notified_addresses.filter(gets_reminders=True)
    return list(named.values_list("email", flat=True))
