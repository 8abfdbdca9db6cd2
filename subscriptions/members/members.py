"""Members: add, invite again, join, change role, remove. Takes and frees licenses (R3-R5).

Every function locks the organization first: two people adding, or one adding and one removing
Administrators, come one after the other and each sees what the other did.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import Q

from subscriptions import clock
from subscriptions.licenses.license_numbers import take_licenses
from subscriptions.members import invitations
from subscriptions.models import Membership, Organization, User
from subscriptions.models.members import HOLDS_LICENSE, MembershipState
from subscriptions.models.organizations import lock_organization
from subscriptions.notifications import activity
from subscriptions.policy import members
from subscriptions.policy.refusal import Allowed, Reason, Refusal, Refused, require

# Databases limit the values of one statement.
_AT_A_TIME = 500
_SET_BY_ADDING = (
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
    """What is asked for when somebody is added."""

    name: str
    email: str
    role: str


def add(actor: Membership, new: NewMember) -> Membership:
    """Invite a person on the next license; an existing account is joined, never changed (R3-R5).

    Raises Refused: no license free, role above the actor's own, already a member.
    """
    with transaction.atomic():
        organization = lock_organization(actor.organization)
        [membership] = _add(organization, actor, [new])
        invitations.send(membership, invited_by=str(actor.user))
        activity.record(organization, "member_added", actor=actor.user, data=_facts(membership))
    return membership


def add_all(actor: Membership, newcomers: Sequence[NewMember]) -> list[Membership]:
    """The same for many at once: all of them or none, and one line in the record.

    The invitations go out with the next sweeps of the mail queue, not within this call.
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
    """Invite the buyer of an original purchase, on license 1; inside its transaction (R4)."""
    new = NewMember(name=name, email=email, role=members.Role.ADMINISTRATOR)
    membership = Membership(
        organization=organization,
        user=_accounts([new])[_address(new)],
        role=new.role,
        state=MembershipState.INVITED,
        license_number=1,
        invited_as=name,
        created_at=clock.now(),
    )
    _invite(membership, invited_by=str(organization))
    return membership


def invite_again(actor: Membership, membership: Membership) -> None:
    """Send a new invitation link, which ends the old one (R4).

    Raises Refused: not invited any more, or a role above the actor's own.
    """
    with transaction.atomic():
        organization = lock_organization(actor.organization)
        actor_role = role_now(actor)
        membership = _member(organization, membership)
        require(members.may_touch(actor_role, membership.role))
        _send_again(membership, invited_by=str(actor.user), actor=actor.user)


def invite_again_by_support(staff: User, membership: Membership) -> bool:
    """The same by support staff, for any member that is invited (R4).

    The mail names the organization, not who of support has sent it. False, and nothing is sent,
    where a newer invitation than that of ``membership`` was sent already. Raises Refused: not
    invited any more.
    """
    with transaction.atomic():
        organization = lock_organization(membership.organization)
        number = membership.invitation_number
        membership = _member(organization, membership)
        if membership.invitation_number > number:
            return False
        _send_again(membership, invited_by=str(organization), actor=staff)
    return True


def join(membership: Membership, password: str | None = None) -> None:
    """Complete an invitation: the person is a member from now on (R4).

    ``password`` is set on an account that has none yet; it never replaces one (R3). Raises Refused
    where the invitation was completed or withdrawn meanwhile.
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
        _complete(membership)


def join_all_after_password_reset(*, user: User, **signal: object) -> None:
    """A password reset by the invited e-mail completes its invitations too (R4).

    Whoever can reset the password reads the invited mailbox. Called by django-allauth's signal.
    """
    invited = Membership.objects.filter(user=user, state=MembershipState.INVITED)
    for membership in invited.select_related("organization").order_by("organization_id"):
        with transaction.atomic():
            organization = lock_organization(membership.organization)
            current = _member(organization, membership)
            if current.state == MembershipState.INVITED:
                _complete(current)


def note_last_seen(*, user: User, **signal: object) -> None:
    """Note a sign-in in the person's memberships. Called by Django's signal."""
    joined = Membership.objects.filter(user=user, joined_at__isnull=False)
    joined.update(last_seen_at=clock.now())


def change_role(actor: Membership, membership: Membership, role: str) -> None:
    """Give a member another role (R3).

    Raises Refused: above the actor's own, the last Administrator, no member any more.
    """
    with transaction.atomic():
        organization = lock_organization(actor.organization)
        actor_role = role_now(actor)
        membership = _member(organization, membership)
        require(members.may_touch(actor_role, membership.role))
        require(members.may_grant(actor_role, role))
        if membership.role == role:
            return
        _keep_an_administrator(organization, membership)
        facts = _facts(membership) | {"role_before": membership.role, "role": role}
        membership.role = role
        membership.save(update_fields=["role"])
        activity.record(organization, "role_changed", actor=actor.user, data=facts)


def remove(actor: Membership, membership: Membership) -> int:
    """Remove a member, which frees the license at once (R4); the number of that license.

    Raises Refused: above the actor's own role, the last Administrator, no member any more.
    """
    with transaction.atomic():
        organization = lock_organization(actor.organization)
        actor_role = role_now(actor)
        membership = _member(organization, membership)
        require(members.may_touch(actor_role, membership.role))
        _keep_an_administrator(organization, membership)
        number = membership.license_number or 0
        facts = _facts(membership)
        membership.state = MembershipState.REMOVED
        membership.license_number = None
        membership.removed_at = clock.now()
        membership.save(update_fields=["state", "license_number", "removed_at"])
        activity.record(organization, "member_removed", actor=actor.user, data=facts)
    return number


def may_be_removed(actor: Membership, membership: Membership) -> Refusal | None:
    """Why ``actor`` could not remove this member, asked before the question is put (R3)."""
    for decision in (
        members.may_touch(actor.role, membership.role),
        _may_lose_role(actor.organization, membership),
    ):
        if isinstance(decision, Refusal):
            return decision
    return None


def by_address(organization: Organization, emails: Iterable[str]) -> dict[str, Membership]:
    """Who of these addresses, in lower case, is or once was a member; with their accounts."""
    found = Membership.objects.filter(organization=organization).select_related("user")
    return {
        membership.user.email: membership
        for some in _some_at_a_time(emails)
        for membership in found.filter(user__email__in=some)
    }


def _add(
    organization: Organization, actor: Membership, newcomers: Sequence[NewMember]
) -> list[Membership]:
    """Seat the newcomers, under the lock. Their invitations are still to be sent."""
    actor_role = role_now(actor)
    for role in {new.role for new in newcomers}:
        require(members.may_grant(actor_role, role))
    accounts = _accounts(newcomers)
    known = by_address(organization, accounts)
    now = clock.now()
    added: dict[str, Membership] = {}
    for new in newcomers:
        email = _address(new)
        before = known.get(email)
        if email in added:
            raise Refused(Refusal(Reason.ALREADY_A_MEMBER, {"name": added[email].invited_as}))
        if before and before.state in HOLDS_LICENSE:
            raise Refused(Refusal(Reason.ALREADY_A_MEMBER, {"name": before.display_name}))
        if before:
            require(members.may_touch(actor_role, before.role))
        membership = before or Membership(user=accounts[email])
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
    Membership.objects.bulk_update(returning, _SET_BY_ADDING, batch_size=_AT_A_TIME)
    Membership.objects.bulk_create(
        [membership for membership in added.values() if not membership.pk], batch_size=_AT_A_TIME
    )
    return list(added.values())


def _accounts(newcomers: Iterable[NewMember]) -> dict[str, User]:
    """The accounts of these addresses; those that have one are left as they are (R3)."""
    names = {_address(new): new.name for new in newcomers}
    found = _accounts_of(names)
    # In one order for everybody, so that two who add the same people never wait for each other; and
    # without complaint about an account that another organization has just made.
    User.objects.bulk_create(
        [
            User(email=email, name=names[email], password=make_password(None))
            for email in sorted(names.keys() - found.keys())
        ],
        ignore_conflicts=True,
        batch_size=_AT_A_TIME,
    )
    return found | _accounts_of(names.keys() - found.keys())


def _accounts_of(emails: Iterable[str]) -> dict[str, User]:
    return {
        user.email: user
        for some in _some_at_a_time(emails)
        for user in User.objects.filter(email__in=some)
    }


def _address(new: NewMember) -> str:
    return new.email.strip().lower()


def _some_at_a_time(values: Iterable[str]) -> Iterator[list[str]]:
    every = list(values)
    for start in range(0, len(every), _AT_A_TIME):
        yield every[start : start + _AT_A_TIME]


def _invite(membership: Membership, *, invited_by: str) -> None:
    membership.invited_at = clock.now()
    membership.invitation_number += 1
    membership.save()
    invitations.send(membership, invited_by=invited_by)


def _send_again(membership: Membership, *, invited_by: str, actor: User) -> None:
    if membership.state != MembershipState.INVITED:
        raise Refused(Refusal(Reason.NOT_INVITED, {"name": membership.display_name}))
    _invite(membership, invited_by=invited_by)
    activity.record(
        membership.organization, "member_reinvited", actor=actor, data=_facts(membership)
    )


def _complete(membership: Membership) -> None:
    membership.state = MembershipState.ACTIVE
    membership.joined_at = membership.last_seen_at = clock.now()
    membership.save(update_fields=["state", "joined_at", "last_seen_at"])
    # The link reached the mailbox, so the address is the person's own.
    user = membership.user
    EmailAddress.objects.update_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )
    activity.record(membership.organization, "member_joined", actor=user, data=_facts(membership))


def role_now(actor: Membership) -> str:
    """The actor's role under the lock: it may have been taken since the page was opened (R3)."""
    current = Membership.objects.filter(pk=actor.pk, state=MembershipState.ACTIVE).first()
    if current is None:
        raise Refused(Refusal(Reason.NOT_A_MEMBER, {"name": actor.display_name}))
    return current.role


def _member(organization: Organization, membership: Membership) -> Membership:
    """The membership as it is now, under the organization's lock."""
    current = (
        Membership.objects.select_related("user", "organization")
        .filter(pk=membership.pk, organization=organization, state__in=HOLDS_LICENSE)
        .first()
    )
    if current is None:
        raise Refused(Refusal(Reason.NOT_A_MEMBER, {"name": membership.display_name}))
    return current


def _keep_an_administrator(organization: Organization, membership: Membership) -> None:
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
