"""An organization's settings; changes are recorded with the values before and after."""

import secrets
from collections.abc import Iterable, Mapping

from django.db import transaction

from subscriptions.members import members
from subscriptions.models import Membership, NotifiedAddress, Organization
from subscriptions.models.organizations import lock_organization
from subscriptions.notifications import activity
from subscriptions.policy.members import Capability, can

# Digits and letters that do not look alike; 31**10 codes are possible.
_CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_CODE_LENGTH = 10


class NotAllowed(Exception):
    """The actor's role does not allow changing settings (R2)."""


def change(actor: Membership, values: Mapping[str, object]) -> list[str]:
    """Set fields of the organization; return the names of those that changed.

    Raises NotAllowed, because only Administrators change settings (R2).
    """
    with transaction.atomic():
        organization = _lock(actor)
        before = {name: getattr(organization, name) for name in values}
        changed = [name for name, value in values.items() if before[name] != value]
        if not changed:
            return []
        for name in changed:
            setattr(organization, name, values[name])
        organization.save(update_fields=changed)
        _record(actor, organization, {name: (before[name], values[name]) for name in changed})
    return changed


def set_join_code(actor: Membership, *, is_open: bool) -> str:
    """Replace the join code, or remove it; return the new code. Raises NotAllowed."""
    with transaction.atomic():
        organization = _lock(actor)
        organization.join_code = _new_code() if is_open else None
        organization.save(update_fields=["join_code"])
        # The code is not recorded, because not everyone who sees activity may hand it out.
        activity.record(
            organization,
            "join_code_changed" if is_open else "join_code_turned_off",
            actor=actor.user,
            data={},
        )
    return organization.join_code or ""


def change_addresses(actor: Membership, addresses: Iterable[NotifiedAddress]) -> None:
    """Replace the additional addresses for notifications. Raises NotAllowed."""
    with transaction.atomic():
        organization = _lock(actor)
        before = _describe_addresses(organization)
        organization.notified_addresses.all().delete()
        for address in addresses:
            address.pk = None
            address.organization = organization
            address.save(force_insert=True)
        after = _describe_addresses(organization)
        if before != after:
            _record(actor, organization, {"notified_addresses": (before, after)})


def _lock(actor: Membership) -> Organization:
    organization = lock_organization(actor.organization)
    if not can(members.current_role(actor), Capability.EDIT_SETTINGS):
        raise NotAllowed
    return organization


def _describe_addresses(organization: Organization) -> list[str]:
    return [
        f"{one.email} (receipts: {one.gets_receipts}, reminders: {one.gets_reminders})"
        for one in organization.notified_addresses.order_by("email")
    ]


def _record(
    actor: Membership, organization: Organization, changes: Mapping[str, tuple[object, object]]
) -> None:
    data = {name: {"before": before, "after": after} for name, (before, after) in changes.items()}
    activity.record(organization, "settings_changed", actor=actor.user, data=data)


def _new_code() -> str:
    return "".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH))
