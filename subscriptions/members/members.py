"""Add, reinvite, join, change roles of, and remove members; take and free licenses (R3-R5).

Every function locks the organization first, so that simultaneous changes, such as adding a user or
removing Administrators, run one after the other and see each other's result.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import Q

from subscriptions import clock
from subscriptions.licenses.license_numbers import take_licenses
from subscriptions.members import invitations
from subscriptions.models import Membership, Organization, User
from subscriptions.models.batches import BATCH_SIZE, batches
from subscriptions.models.members import LICENSE_HOLDER_STATES, MembershipState
from subscriptions.models.organizations import lock_organization
from subscriptions.notifications import activity
from subscriptions.policy import members
from subscriptions.policy.refusal import Allowed, Reason, Refusal, Refused, require

_FIELDS_TO_UPDATE = (
    "license_number",
    "role",
    "state",
    "invited_as",
    "invited_at",
    "invitation_number",
    "created_at",
    "joined_at",
    "last_seen_at",
    "removed_at",
)


@dataclass(frozen=True)
class NewMember:
    name: str
    email: str
    role: str


def add(actor: Membership, new: NewMember) -> Membership:
    """Invite a person with the next license; never changes an existing account (R3-R5).

    Raises Refused if no license is free, the role is above the actor's own, or the person is
    already a member.
    """
    with transaction.atomic():
        organization = lock_organization(actor.organization)
        [membership] = _add(organization, actor, [new])
        invitations.send(membership, invited_by=str(actor.user))
        activity.record(organization, "member_added", actor=actor.user, data=_facts(membership))
    return membership


def add_all(actor: Membership, newcomers: Sequence[NewMember]) -> list[Membership]:
    """Add many members, all or none, and record a single activity.

    The invitations are sent from the mail queue, not within this call.
    """
    with transaction.atomic():
        organization = lock_organization(actor.organization)
        added = _add(organization, actor, newcomers)
        invitations.send_all(organization, added, invited_by=str(actor.user))
        facts = {
            "quantity": len(added),
            "people": [f"{one.invited_as} ({one.user.email}, {one.role})" for one in added[:200]],
        }
        activity.record(organization, "members_imported", actor=actor.user, data=facts)
    return added


def add_first_administrator(organization: Organization, name: str, email: str) -> Membership:
    """Invite the buyer of an original purchase with license 1; call it in its transaction (R4)."""
    new = NewMember(name=name, email=email, role=members.Role.ADMINISTRATOR)
    membership = Membership(
        organization=organization,
        user=_get_or_create_accounts([new])[_normalize_email(new)],
        role=new.role,
        state=MembershipState.INVITED,
        license_number=1,
        invited_as=name,
        created_at=clock.now(),
    )
    _invite(membership, invited_by=str(organization))
    return membership


def reinvite(actor: Membership, membership: Membership) -> None:
    """Send a new invitation link, which invalidates the old one (R4).

    Raises Refused if the member is no longer invited, or has a role above the actor's own.
    """
    with transaction.atomic():
        organization = lock_organization(actor.organization)
        actor_role = current_role(actor)
        membership = _member(organization, membership)
        require(members.may_change(actor_role, membership.role))
        _reinvite(membership, invited_by=str(actor.user), actor=actor.user)


def reinvite_by_support(staff: User, membership: Membership) -> bool:
    """Send a new invitation link on behalf of support, to any invited member (R4).

    The e-mail names the organization, not the support user. Returns False and sends nothing if an
    invitation newer than ``membership``'s has already been sent. Raises Refused if the member is no
    longer invited.
    """
    with transaction.atomic():
        organization = lock_organization(membership.organization)
        number = membership.invitation_number
        membership = _member(organization, membership)
        if membership.invitation_number > number:
            return False
        _reinvite(membership, invited_by=str(organization), actor=staff)
    return True


def join(membership: Membership, password: str | None = None) -> None:
    """Complete an invitation, which makes the person a member (R4).

    ``password`` is set only for an account without one; it never replaces a password (R3). Raises
    Refused if the invitation has been completed or withdrawn in the meantime.
    """
    with transaction.atomic():
        organization = lock_organization(membership.organization)
        number = membership.invitation_number
        membership = _member(organization, membership)
        if membership.state != MembershipState.INVITED or membership.invitation_number != number:
            raise Refused(Refusal(Reason.INVITATION_OVER))
        user = User.objects.select_for_update().get(pk=membership.user_id)
        if password is not None and not user.has_usable_password():
            user.set_password(password)
            user.save(update_fields=["password"])
        _complete_invitation(membership)


def join_all_after_password_reset(*, user: User, **signal: object) -> None:
    """Complete a person's invitations after a password reset by e-mail (R4).

    A password reset proves access to the invited mailbox. Connected to django-allauth's signal.
    """
    invited = Membership.objects.filter(user=user, state=MembershipState.INVITED)
    for membership in invited.select_related("organization").order_by("organization_id"):
        with transaction.atomic():
            organization = lock_organization(membership.organization)
            current = _member(organization, membership)
            if current.state == MembershipState.INVITED:
                _complete_invitation(current)


def record_last_seen(*, user: User, **signal: object) -> None:
    """Record a sign-in in the person's memberships; connected to Django's signal."""
    joined = Membership.objects.filter(user=user, joined_at__isnull=False)
    joined.update(last_seen_at=clock.now())


def change_role(actor: Membership, membership: Membership, role: str) -> None:
    """Change the role of a member (R3).

    Raises Refused if a role is above the actor's own, or the member is the last Administrator or no
    longer a member.
    """
    with transaction.atomic():
        organization = lock_organization(actor.organization)
        actor_role = current_role(actor)
        membership = _member(organization, membership)
        require(members.may_change(actor_role, membership.role))
        require(members.may_grant(actor_role, role))
        if membership.role == role:
            return
        _require_another_administrator(organization, membership)
        facts = _facts(membership) | {"role_before": membership.role, "role": role}
        membership.role = role
        membership.save(update_fields=["role"])
        activity.record(organization, "role_changed", actor=actor.user, data=facts)


def remove(actor: Membership, membership: Membership) -> int:
    """Remove a member and free the license right away (R4); return its number.

    Raises Refused if the role is above the actor's own, or the member is the last Administrator or
    no longer a member.
    """
    with transaction.atomic():
        organization = lock_organization(actor.organization)
        actor_role = current_role(actor)
        membership = _member(organization, membership)
        require(members.may_change(actor_role, membership.role))
        _require_another_administrator(organization, membership)
        number = membership.license_number or 0
        facts = _facts(membership)
        membership.state = MembershipState.REMOVED
        membership.license_number = None
        membership.removed_at = clock.now()
        membership.save(update_fields=["state", "license_number", "removed_at"])
        activity.record(organization, "member_removed", actor=actor.user, data=facts)
    return number


def removal_refusal(actor: Membership, membership: Membership) -> Refusal | None:
    """Return why ``actor`` cannot remove this member, for the confirmation page (R3)."""
    for decision in (
        members.may_change(actor.role, membership.role),
        _may_lose_role(actor.organization, membership),
    ):
        if isinstance(decision, Refusal):
            return decision
    return None


def find_by_address(organization: Organization, emails: Iterable[str]) -> dict[str, Membership]:
    """Return current and former members by address, with accounts; ``emails`` are lowercase."""
    found = Membership.objects.filter(organization=organization).select_related("user")
    return {
        membership.user.email: membership
        for batch in batches(emails)
        for membership in found.filter(user__email__in=batch)
    }


def _add(
    organization: Organization, actor: Membership, newcomers: Sequence[NewMember]
) -> list[Membership]:
    """Give licenses to new members, with the organization locked; the caller invites them."""
    actor_role = current_role(actor)
    for role in {new.role for new in newcomers}:
        require(members.may_grant(actor_role, role))
    accounts = _get_or_create_accounts(newcomers)
    known = find_by_address(organization, accounts)
    now = clock.now()
    added: dict[str, Membership] = {}
    for new in newcomers:
        email = _normalize_email(new)
        existing = known.get(email)
        if email in added:
            raise Refused(Refusal(Reason.ALREADY_A_MEMBER, {"name": added[email].invited_as}))
        if existing and existing.state in LICENSE_HOLDER_STATES:
            raise Refused(Refusal(Reason.ALREADY_A_MEMBER, {"name": existing.display_name}))
        if existing:
            require(members.may_change(actor_role, existing.role))
        membership = existing or Membership(user=accounts[email])
        membership.organization = organization
        membership.role = new.role
        membership.state = MembershipState.INVITED
        membership.invited_as = new.name
        membership.created_at = membership.invited_at = now
        membership.invitation_number += 1
        membership.joined_at = membership.last_seen_at = None
        membership.removed_at = None
        added[email] = membership
    numbers = take_licenses(organization, len(newcomers))
    for membership, number in zip(added.values(), numbers, strict=True):
        membership.license_number = number
    returning = [membership for membership in added.values() if membership.pk]
    Membership.objects.bulk_update(returning, _FIELDS_TO_UPDATE, batch_size=BATCH_SIZE)
    Membership.objects.bulk_create(
        [membership for membership in added.values() if not membership.pk], batch_size=BATCH_SIZE
    )
    return list(added.values())


def _get_or_create_accounts(newcomers: Iterable[NewMember]) -> dict[str, User]:
    """Return accounts for these addresses, without changing existing ones (R3)."""
    names = {_normalize_email(new): new.name for new in newcomers}
    found = _find_accounts(names)
    # Sorted, so that two callers that add the same people cannot deadlock. Conflicts are ignored,
    # because another organization may have just created the account.
    User.objects.bulk_create(
        [
            User(email=email, name=names[email], password=make_password(None))
            for email in sorted(names.keys() - found.keys())
        ],
        ignore_conflicts=True,
        batch_size=BATCH_SIZE,
    )
    return found | _find_accounts(names.keys() - found.keys())


def _find_accounts(emails: Iterable[str]) -> dict[str, User]:
    return {
        user.email: user
        for batch in batches(emails)
        for user in User.objects.filter(email__in=batch)
    }


def _normalize_email(new: NewMember) -> str:
    return new.email.strip().lower()


def _invite(membership: Membership, *, invited_by: str) -> None:
    membership.invited_at = clock.now()
    membership.invitation_number += 1
    membership.save()
    invitations.send(membership, invited_by=invited_by)


def _reinvite(membership: Membership, *, invited_by: str, actor: User) -> None:
    if membership.state != MembershipState.INVITED:
        raise Refused(Refusal(Reason.NOT_INVITED, {"name": membership.display_name}))
    _invite(membership, invited_by=invited_by)
    activity.record(
        membership.organization, "member_reinvited", actor=actor, data=_facts(membership)
    )


def _complete_invitation(membership: Membership) -> None:
    membership.state = MembershipState.ACTIVE
    membership.joined_at = membership.last_seen_at = clock.now()
    membership.save(update_fields=["state", "joined_at", "last_seen_at"])
    # The link was mailed to this address, so it belongs to the person.
    user = membership.user
    EmailAddress.objects.update_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )
    activity.record(membership.organization, "member_joined", actor=user, data=_facts(membership))


def current_role(actor: Membership) -> str:
    """Return the actor's role under the lock, because it may have changed since page load (R3)."""
    current = Membership.objects.filter(pk=actor.pk, state=MembershipState.ACTIVE).first()
    if current is None:
        raise Refused(Refusal(Reason.NOT_A_MEMBER, {"name": actor.display_name}))
    return current.role


def _member(organization: Organization, membership: Membership) -> Membership:
    """Return the membership as stored now; call it with the organization locked."""
    current = (
        Membership.objects.select_related("user", "organization")
        .filter(pk=membership.pk, organization=organization, state__in=LICENSE_HOLDER_STATES)
        .first()
    )
    if current is None:
        raise Refused(Refusal(Reason.NOT_A_MEMBER, {"name": membership.display_name}))
    return current


def _require_another_administrator(organization: Organization, membership: Membership) -> None:
    require(_may_lose_role(organization, membership))


def _may_lose_role(organization: Organization, membership: Membership) -> Allowed | Refusal:
    others = Membership.objects.filter(
        ~Q(pk=membership.pk),
        organization=organization,
        role=members.Role.ADMINISTRATOR,
        state=MembershipState.ACTIVE,
        user__last_login__isnull=False,
        user__is_active=True,
    )
    return members.may_lose_role(membership.role, signed_in_administrators_left=others.count())


def _facts(membership: Membership) -> dict[str, object]:
    return {
        "member": str(membership.key),
        "name": membership.display_name,
        "role": membership.role,
        "license": membership.license_number,
    }
