"""Invitation links: signed, valid for 14 days, and replaced by any newer one (R4)."""

from collections.abc import Iterable

from subscriptions import clock
from subscriptions.models import Membership, Organization
from subscriptions.models.members import MembershipState, Role, get_invited_membership
from subscriptions.notifications import notify
from subscriptions.policy import members
from subscriptions.policy.refusal import Reason, Refusal, Refused
from subscriptions.text import links
from subscriptions.text.languages import untranslated

INVITATION = "invitation"


def get_valid_link(membership: Membership) -> str:
    """Return the invitation link, to show to the invited person; empty if it has expired."""
    invited_at = membership.invited_at
    if invited_at is None or not members.is_invitation_valid(invited_at, clock.now()):
        return ""
    return links.invitation_link(membership)


def get_membership(token: str) -> Membership:
    """Return the membership that an invitation link is for.

    Raises Refused if the link is forged, used, replaced or older than 14 days, or if the membership
    has been removed. The refusal is always the same, so that it reveals nothing.
    """
    over = Refused(Refusal(Reason.INVITATION_OVER))
    try:
        membership = get_invited_membership(token)
    except Membership.DoesNotExist:
        raise over from None
    invited_at = membership.invited_at
    if membership.state != MembershipState.INVITED or invited_at is None:
        raise over
    if not members.is_invitation_valid(invited_at, clock.now()):
        raise over
    return membership


def send(membership: Membership, *, invited_by: str) -> None:
    """Queue the invitation e-mail; call it in the transaction that invites the member."""
    draft = _draft(membership, invited_by)
    notify.send(
        draft.recipient,
        INVITATION,
        reference=draft.reference,
        organization=membership.organization,
        data=draft.data,
    )


def send_all(
    organization: Organization, memberships: Iterable[Membership], *, invited_by: str
) -> None:
    """Queue the invitation e-mails of many members of one organization."""
    drafts = [_draft(membership, invited_by) for membership in memberships]
    notify.send_all(INVITATION, drafts, organization=organization)


def _draft(membership: Membership, invited_by: str) -> notify.Draft:
    return notify.Draft(
        recipient=membership.user.email,
        reference=f"invitation:{membership.key}:{membership.invitation_number}",
        data={
            "membership": membership.pk,
            "name": membership.display_name,
            "role": untranslated(Role(membership.role).label),
            "invited_by": invited_by,
            "days": members.INVITATION_LIFE.days,
        },
    )
