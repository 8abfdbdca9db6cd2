"""Who may do what, and to which members (R1-R4)."""

from datetime import datetime, timedelta
from enum import StrEnum

from subscriptions.policy.refusal import ALLOWED, Allowed, Reason, Refusal

# How long an invitation link is valid (R4).
INVITATION_LIFE = timedelta(days=14)


class Role(StrEnum):
    """The roles in an organization (R1)."""

    GENERAL_MEMBER = "general_member"
    OBSERVER = "observer"
    OBSERVER_WITH_FINANCE = "observer_with_finance"
    ASSIGNOR = "assignor"
    ADMINISTRATOR = "administrator"


class Capability(StrEnum):
    """What a page or action requires of a role (R2)."""

    VISIT = "visit"
    MANAGE_USERS = "manage_users"
    SEE_SUBSCRIPTION = "see_subscription"
    BUY_LICENSES = "buy_licenses"
    SEE_PURCHASES = "see_purchases"
    RENEW = "renew"
    EDIT_SETTINGS = "edit_settings"


_ASSIGNOR = frozenset(Capability) - {Capability.EDIT_SETTINGS}

CAPABILITIES: dict[Role, frozenset[Capability]] = {
    Role.GENERAL_MEMBER: frozenset({Capability.VISIT}),
    Role.OBSERVER: frozenset({Capability.VISIT}),
    Role.OBSERVER_WITH_FINANCE: frozenset({Capability.VISIT}),
    Role.ASSIGNOR: _ASSIGNOR,
    Role.ADMINISTRATOR: frozenset(Capability),
}

# Higher ranks may manage lower ones (R3).
_RANK = {Role.ADMINISTRATOR: 2, Role.ASSIGNOR: 1}


def can(role: str, capability: Capability) -> bool:
    """Whether a member with ``role`` has ``capability`` (R2)."""
    return capability in CAPABILITIES[Role(role)]


def roles_with(capability: Capability) -> list[Role]:
    """Return the roles that include ``capability``."""
    return [role for role, capabilities in CAPABILITIES.items() if capability in capabilities]


def grantable_roles(actor_role: str) -> list[Role]:
    """Return the roles a member with ``actor_role`` may assign: none above their own (R3)."""
    return [role for role in Role if _rank(role) <= _rank(actor_role)]


def may_grant(actor_role: str, role: str) -> Allowed | Refusal:
    """Whether a member with ``actor_role`` may assign ``role`` (R3)."""
    if _rank(role) > _rank(actor_role):
        return Refusal(Reason.ABOVE_OWN_ROLE)
    return ALLOWED


def may_change(actor_role: str, target_role: str) -> Allowed | Refusal:
    """Whether the actor may change, remove, restore or re-invite a member (R3)."""
    return may_grant(actor_role, target_role)


def may_lose_role(target_role: str, *, signed_in_administrators_left: int) -> Allowed | Refusal:
    """Whether a member may be removed or given a lower role (R3).

    ``signed_in_administrators_left``: Administrators who have signed in, not counting this member.
    """
    if target_role == Role.ADMINISTRATOR and signed_in_administrators_left == 0:
        return Refusal(Reason.LAST_ADMINISTRATOR)
    return ALLOWED


def is_invitation_valid(invited_at: datetime, now: datetime) -> bool:
    """Whether an invitation link sent at ``invited_at`` is still valid at ``now`` (R4)."""
    return now < invited_at + INVITATION_LIFE


def _rank(role: str) -> int:
    return _RANK.get(Role(role), 0)
