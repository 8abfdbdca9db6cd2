"""Members: add, invite again, join, change role, remove. Takes and frees licenses (R3-R5).

Every function locks the organization first: two people adding, or one adding and one removing
Administrators, come one after the other and each sees what the other did.
"""

from dataclasses import dataclass, replace

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.db.models import Exists, Max, OuterRef, Q

from subscriptions import clock, invitations, notices
from subscriptions.models import Membership, Organization, User
from subscriptions.models.people import HOLDS_LICENSE, MembershipState
from subscriptions.policy import licenses, people
from subscriptions.policy.decisions import Allowed, Reason, Refusal, Refused, require
from subscriptions.policy.people import Capability
from subscriptions.standing import standing_of


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
        organization = lock(actor.organization)
        actor_role = role_now(actor)
        require(people.may_grant(actor_role, new.role))
        user = _account(new)
        existing = Membership.objects.filter(organization=organization, user=user).first()
        if existing and existing.state in HOLDS_LICENSE:
            raise Refused(Refusal(Reason.ALREADY_A_MEMBER, {"name": existing.display_name}))
        if existing:
            require(people.may_touch(actor_role, existing.role))
        membership = existing or Membership(organization=organization, user=user)
        membership.license_number = take_license(organization)
        membership.role = new.role
        membership.state = MembershipState.INVITED
        membership.invited_as = new.name
        membership.created_at = clock.now()
        membership.joined_at = None
        membership.removed_at = None
        _invite(membership, invited_by=str(actor.user))
        notices.record(organization, "member_added", actor=actor.user, data=_facts(membership))
    return membership


def add_first_administrator(organization: Organization, name: str, email: str) -> Membership:
    """Invite the buyer of an original purchase, on license 1; inside its transaction (R4)."""
    new = NewMember(name=name, email=email, role=people.Role.ADMINISTRATOR)
    membership = Membership(
        organization=organization,
        user=_account(new),
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
        organization = lock(actor.organization)
        actor_role = role_now(actor)
        membership = _member(organization, membership)
        require(people.may_touch(actor_role, membership.role))
        _send_again(membership, invited_by=str(actor.user), actor=actor.user)


def invite_again_by_support(staff: User, membership: Membership) -> bool:
    """The same by support staff, for any member that is invited (R4).

    The mail names the organization, not who of support has sent it. False, and nothing is sent,
    where a newer invitation than that of ``membership`` was sent already. Raises Refused: not
    invited any more.
    """
    with transaction.atomic():
        organization = lock(membership.organization)
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
        organization = lock(membership.organization)
        number = membership.invitation_number
        membership = _member(organization, membership)
        if membership.state != MembershipState.INVITED or membership.invitation_number != number:
            raise Refused(Refusal(Reason.INVITATION_OVER))
        user = User.objects.select_for_update().get(pk=membership.user_id)
        if password is not None and not user.has_usable_password():
            user.set_password(password)
            user.save(update_fields=["password"])
        _complete(membership)


def join_all_after_password_reset(user: User) -> None:
    """A password reset by the invited e-mail completes its invitations too (R4)."""
    invited = Membership.objects.filter(user=user, state=MembershipState.INVITED)
    for membership in invited.select_related("organization").order_by("organization_id"):
        with transaction.atomic():
            organization = lock(membership.organization)
            current = _member(organization, membership)
            if current.state == MembershipState.INVITED:
                _complete(current)


def change_role(actor: Membership, membership: Membership, role: str) -> None:
    """Give a member another role (R3).

    Raises Refused: above the actor's own, the last Administrator, no member any more.
    """
    with transaction.atomic():
        organization = lock(actor.organization)
        actor_role = role_now(actor)
        membership = _member(organization, membership)
        require(people.may_touch(actor_role, membership.role))
        require(people.may_grant(actor_role, role))
        if membership.role == role:
            return
        _keep_an_administrator(organization, membership)
        facts = _facts(membership) | {"role_before": membership.role, "role": role}
        membership.role = role
        membership.save(update_fields=["role"])
        notices.record(organization, "role_changed", actor=actor.user, data=facts)


def remove(actor: Membership, membership: Membership) -> int:
    """Remove a member, which frees the license at once (R4); the number of that license.

    Raises Refused: above the actor's own role, the last Administrator, no member any more.
    """
    with transaction.atomic():
        organization = lock(actor.organization)
        actor_role = role_now(actor)
        membership = _member(organization, membership)
        require(people.may_touch(actor_role, membership.role))
        _keep_an_administrator(organization, membership)
        number = membership.license_number or 0
        facts = _facts(membership)
        membership.state = MembershipState.REMOVED
        membership.license_number = None
        membership.removed_at = clock.now()
        membership.save(update_fields=["state", "license_number", "removed_at"])
        notices.record(organization, "member_removed", actor=actor.user, data=facts)
    return number


def may_be_removed(actor: Membership, membership: Membership) -> Refusal | None:
    """Why ``actor`` could not remove this member, asked before the question is put (R3)."""
    for decision in (
        people.may_touch(actor.role, membership.role),
        _may_lose_role(actor.organization, membership),
    ):
        if isinstance(decision, Refusal):
            return decision
    return None


def people_who_may_buy(organization: Organization) -> list[Membership]:
    """The active members to turn to when licenses are needed (R5)."""
    return list(
        organization.memberships.filter(
            state=MembershipState.ACTIVE, role__in=people.roles_with(Capability.BUY_LICENSES)
        )
        .select_related("user")
        .order_by("role", "user__name")
    )


def lock(organization: Organization) -> Organization:
    """Lock the organization's row until the transaction ends.

    The first lock of every transaction that moves licenses or money: it serialises adding,
    removing, settling payments and renewing of one organization against each other.
    """
    return Organization.objects.select_for_update().get(pk=organization.pk)


def take_license(organization: Organization) -> int:
    """The license number for one more member, under the organization's lock (R5).

    Raises Refused where none is free.
    """
    standing = standing_of(organization, clock.now())
    if standing.is_late:
        # No license is held any more; that is the reason, not their number (R22).
        require(standing.may_add_licenses)
    count = standing.licenses
    require(licenses.may_take(count, 1))
    seated = Membership.objects.filter(organization=organization, state__in=HOLDS_LICENSE)
    highest = seated.aggregate(highest=Max("license_number"))["highest"] or 0
    number = licenses.next_license_number(
        highest=highest,
        lowest_gap=_lowest_gap(organization) if highest >= count.usable else 0,
        usable=count.usable,
    )
    if number > count.usable:
        # Not under the lock: somebody has taken the last one since it was counted. With this no
        # number is above the limit, and the unique index alone keeps it.
        require(licenses.may_take(replace(count, in_use=count.usable), 1))
    return number


def _lowest_gap(organization: Organization) -> int:
    seated = Membership.objects.filter(organization=organization, state__in=HOLDS_LICENSE)
    if not seated.filter(license_number=1).exists():
        return 1
    following = seated.filter(license_number=OuterRef("license_number") + 1)
    before = (
        seated.filter(~Exists(following))
        .order_by("license_number")
        .values_list("license_number", flat=True)
        .first()
    )
    return (before or 0) + 1


def _account(new: NewMember) -> User:
    email = new.email.strip().lower()
    user = User.objects.filter(email=email).first()
    if user:
        return user
    try:
        # A savepoint: another organization may be adding the same person at this moment.
        with transaction.atomic():
            return User.objects.create_user(email, name=new.name)
    except IntegrityError:
        return User.objects.get(email=email)


def _invite(membership: Membership, *, invited_by: str) -> None:
    membership.invited_at = clock.now()
    membership.invitation_number += 1
    membership.save()
    invitations.send(membership, invited_by=invited_by)


def _send_again(membership: Membership, *, invited_by: str, actor: User) -> None:
    if membership.state != MembershipState.INVITED:
        raise Refused(Refusal(Reason.NOT_INVITED, {"name": membership.display_name}))
    _invite(membership, invited_by=invited_by)
    notices.record(
        membership.organization, "member_reinvited", actor=actor, data=_facts(membership)
    )


def _complete(membership: Membership) -> None:
    membership.state = MembershipState.ACTIVE
    membership.joined_at = clock.now()
    membership.save(update_fields=["state", "joined_at"])
    # The link reached the mailbox, so the address is the person's own.
    user = membership.user
    EmailAddress.objects.update_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )
    notices.record(membership.organization, "member_joined", actor=user, data=_facts(membership))


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
        role=people.Role.ADMINISTRATOR,
        state=MembershipState.ACTIVE,
        user__last_login__isnull=False,
        user__is_active=True,
    )
    return people.may_lose_role(membership.role, signed_in_administrators_left=others.count())


def _facts(membership: Membership) -> dict[str, object]:
    return {
        "member": str(membership.key),
        "name": membership.display_name,
        "role": membership.role,
        "license": membership.license_number,
    }
