"""Requests to join an organization with its code, and their approval or denial (R2-R5).

A request holds no license. Approval adds the person by the same rules as Add User.
"""

from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction

from subscriptions import clock
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import JoinRequest, Membership, Organization, User
from subscriptions.models.members import LICENSE_HOLDER_STATES, JoinRequestState
from subscriptions.models.organizations import lock_organization
from subscriptions.notifications import activity, notify, recipients
from subscriptions.policy.members import Role
from subscriptions.policy.refusal import Reason, Refusal, Refused
from subscriptions.text import links

# More requests than anyone will read; later ones are refused until these are answered.
MAX_PENDING = 500


@dataclass(frozen=True)
class JoinApplicant:
    """A request to join, as entered; ``user`` is the applicant's own account if signed in."""

    name: str
    email: str
    user: User | None = None


def find_organization(code: str) -> Organization | None:
    """Return the organization with this join code; case, spaces and dashes are ignored."""
    letters = "".join(code.upper().replace("-", " ").split())
    if len(letters) > 24 or not (letters.isascii() and letters.isalnum()):
        return None
    return Organization.objects.filter(join_code=letters).first()


def ask(organization: Organization, applicant: JoinApplicant) -> None:
    """Store a request to join, and notify the people who may approve it.

    The result is the same for repeated requests and for members, so that it reveals nothing. Raises
    Refused if too many requests are pending.
    """
    with transaction.atomic():
        pending = JoinRequest.objects.filter(
            organization=organization, state=JoinRequestState.PENDING
        )
        if pending.count() >= MAX_PENDING:
            # Checked first, so that the refusal does not reveal who is a member.
            raise Refused(Refusal(Reason.TOO_MANY_REQUESTS_TO_JOIN))
        email = applicant.email.strip().lower()
        is_member = organization.memberships.filter(
            user__email=email, state__in=LICENSE_HOLDER_STATES
        ).exists()
        if is_member or pending.filter(email=email).exists():
            return
        try:
            with transaction.atomic():
                request = JoinRequest.objects.create(
                    organization=organization,
                    user=applicant.user,
                    name=applicant.name,
                    email=email,
                    state=JoinRequestState.PENDING,
                    created_at=clock.now(),
                )
        except IntegrityError:
            # The same form was submitted twice at the same moment.
            return
        _notify_approvers(request)


def approve(actor: Membership, request: JoinRequest, role: str = Role.GENERAL_MEMBER) -> bool:
    """Invite the person with the next license; return False if the request was already decided.

    Raises Refused if no license is free, or the role is above the actor's own.
    """
    with transaction.atomic():
        organization = lock_organization(actor.organization)
        current = _lock_pending(organization, request)
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
    """Deny a request and notify the person; return False if it was already decided."""
    with transaction.atomic():
        organization = lock_organization(actor.organization)
        # Check the actor's current role, as for all changes to members.
        members.current_role(actor)
        current = _lock_pending(organization, request)
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


def pending_requests(organization: Organization) -> list[JoinRequest]:
    """Return the pending requests, oldest first."""
    return list(organization.join_requests.filter(state=JoinRequestState.PENDING))


def _lock_pending(organization: Organization, request: JoinRequest) -> JoinRequest | None:
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
