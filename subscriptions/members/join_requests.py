"""Asking to join an organization by its code, and the answer (R2-R5).

A request holds no license. Approving it adds the person under the same gate as Add User.
"""

from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction

from subscriptions import clock
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import JoinRequest, Membership, Organization, User
from subscriptions.models.members import HOLDS_LICENSE, JoinRequestState
from subscriptions.models.organizations import lock_organization
from subscriptions.notifications import activity, notify, recipients
from subscriptions.policy.members import Role
from subscriptions.policy.refusal import Reason, Refusal, Refused
from subscriptions.text import links

# Nobody reads more than that; whoever asks then is told that the organization answers first.
MOST_WAITING = 500


@dataclass(frozen=True)
class Asking:
    """What somebody typed to join. ``user`` where they had signed in: then it is their own."""

    name: str
    email: str
    user: User | None = None


def organization_of(code: str) -> Organization | None:
    """The organization that hands out this code. Capitals, spaces and dashes do not matter."""
    letters = "".join(code.upper().replace("-", " ").split())
    if len(letters) > 24 or not (letters.isascii() and letters.isalnum()):
        return None
    return Organization.objects.filter(join_code=letters).first()


def ask(organization: Organization, asking: Asking) -> None:
    """Write down that somebody would like to join, and tell who may answer.

    Says nothing about what it found: who has asked before, or is a member, is told the same. Raises
    Refused where too many wait for an answer.
    """
    with transaction.atomic():
        waiting = JoinRequest.objects.filter(
            organization=organization, state=JoinRequestState.PENDING
        )
        if waiting.count() >= MOST_WAITING:
            # Before anything else: the answer must not tell members from others.
            raise Refused(Refusal(Reason.TOO_MANY_REQUESTS_TO_JOIN))
        email = asking.email.strip().lower()
        is_member = organization.memberships.filter(
            user__email=email, state__in=HOLDS_LICENSE
        ).exists()
        if is_member or waiting.filter(email=email).exists():
            return
        try:
            with transaction.atomic():
                request = JoinRequest.objects.create(
                    organization=organization,
                    user=asking.user,
                    name=asking.name,
                    email=email,
                    state=JoinRequestState.PENDING,
                    created_at=clock.now(),
                )
        except IntegrityError:
            # The same form twice at the same moment.
            return
        _notify_approvers(request)


def approve(actor: Membership, request: JoinRequest, role: str = Role.GENERAL_MEMBER) -> bool:
    """Invite the person on the next license; False where that was decided before.

    Raises Refused: no license free, role above the actor's own.
    """
    with transaction.atomic():
        organization = lock_organization(actor.organization)
        current = _waiting(organization, request)
        if current is None:
            return False
        try:
            members.add(actor, NewMember(current.name, current.email, role))
        except Refused as refused:
            if refused.refusal.reason != Reason.ALREADY_A_MEMBER:
                raise
        _decide(actor, current, JoinRequestState.APPROVED)
    return True


def deny(actor: Membership, request: JoinRequest) -> bool:
    """Turn the request down, and say so to the person; False where it was decided before."""
    with transaction.atomic():
        organization = lock_organization(actor.organization)
        # Asked for by role, like everything that concerns members.
        members.role_now(actor)
        current = _waiting(organization, request)
        if current is None:
            return False
        _decide(actor, current, JoinRequestState.DENIED)
        notify.send(
            current.email,
            "join_denied",
            reference=f"join:{current.pk}",
            organization=organization,
            data={
                "name": current.name,
                "organization_name": organization.name,
                "link": settings.SITE_URL,
            },
        )
    return True


def waiting_requests(organization: Organization) -> list[JoinRequest]:
    """The requests nobody has answered yet, the oldest first."""
    return list(organization.join_requests.filter(state=JoinRequestState.PENDING))


def _waiting(organization: Organization, request: JoinRequest) -> JoinRequest | None:
    return (
        JoinRequest.objects.select_for_update(of=("self",))
        .filter(pk=request.pk, organization=organization, state=JoinRequestState.PENDING)
        .first()
    )


def _decide(actor: Membership, request: JoinRequest, state: JoinRequestState) -> None:
    request.state = state
    request.decided_at = clock.now()
    request.decided_by = actor.user
    request.save(update_fields=["state", "decided_at", "decided_by"])
    facts = {"name": request.name, "email": request.email}
    activity.record(actor.organization, f"join_{state}", actor=actor.user, data=facts)


def _notify_approvers(request: JoinRequest) -> None:
    organization = request.organization
    for member in recipients.people_who_may_buy(organization):
        notify.send(
            member.user.email,
            "join_requested",
            reference=f"join:{request.pk}",
            organization=organization,
            data={
                "name": str(member.user),
                "organization_name": organization.name,
                "who": request.name,
                "email": request.email,
                "link": links.full_link("subscriptions:join_requests", organization.slug),
            },
        )
