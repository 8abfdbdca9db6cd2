"""An organization's activity: written with every change, shown to Assignors and Administrators.

``record`` runs in the transaction of each change; the rest turns activities into text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from subscriptions import clock
from subscriptions.models import Activity, Organization, User
from subscriptions.models.members import Role


@dataclass(frozen=True)
class Kind:
    """A filter: its label, and the verbs it includes."""

    label: Promise
    verbs: tuple[str, ...]


@dataclass(frozen=True)
class ActivityLine:
    """An activity as text: what was done, and details."""

    what: str
    details: list[str]


_VERBS: dict[str, Promise] = {
    "member_added": _("Added a user"),
    "members_imported": _("Imported users"),
    "member_reinvited": _("Resent an invitation"),
    "member_joined": _("Joined"),
    "member_removed": _("Removed a user"),
    "member_restored": _("Restored a user"),
    "role_changed": _("Changed a role"),
    "join_approved": _("Approved a request to join"),
    "join_denied": _("Denied a request to join"),
    "join_code_changed": _("Created a new join code"),
    "join_code_turned_off": _("Turned off the join code"),
    "settings_changed": _("Changed settings"),
    "organization_opened": _("Opened the organization"),
    "purchase_started": _("Started a license purchase"),
    "licenses_bought": _("Bought licenses"),
    "renewal_started": _("Started a renewal"),
    "renewal_ended": _("Canceled a renewal payment"),
    "subscription_renewed": _("Renewed the subscription"),
    "payment_fulfilled": _("Support fulfilled a payment"),
    "payment_refunded": _("Support refunded a payment"),
    "problem_closed": _("Support closed a payment after review"),
    "refund_requested": _("Support requested a refund"),
    "payment_reversed": _("Refunded to the card"),
    "reversal_undone": _("A refund failed"),
    "term_canceled": _("The term was canceled"),
    "cancellation_lifted": _("The term was reinstated"),
    "removal_requested": _("Requested fewer licenses"),
    "licenses_removed": _("Support removed licenses from the renewal"),
    "removal_undone": _("Support undid a removal"),
}

KINDS: dict[str, Kind] = {
    "users": Kind(
        _("Users"),
        (
            "member_added",
            "members_imported",
            "member_reinvited",
            "member_joined",
            "member_removed",
            "member_restored",
            "join_approved",
            "join_denied",
        ),
    ),
    "roles": Kind(_("Roles"), ("role_changed",)),
    "purchases": Kind(
        _("Purchases and renewals"),
        (
            "purchase_started",
            "licenses_bought",
            "renewal_started",
            "renewal_ended",
            "subscription_renewed",
            "organization_opened",
        ),
    ),
    "support": Kind(
        _("Support and refunds"),
        (
            "payment_fulfilled",
            "payment_refunded",
            "problem_closed",
            "refund_requested",
            "payment_reversed",
            "reversal_undone",
            "term_canceled",
            "cancellation_lifted",
            "removal_requested",
            "licenses_removed",
            "removal_undone",
        ),
    ),
    "settings": Kind(
        _("Settings"), ("settings_changed", "join_code_changed", "join_code_turned_off")
    ),
}

_ROLES = {role.value: role.label for role in Role}

# The facts to show, in this order; others are for programs only.
_FACTS: dict[str, Promise] = {
    "name": _("Name"),
    "email": _("E-mail"),
    "role_before": _("Previous role"),
    "role": _("Role"),
    "license": _("License"),
    "quantity": _("Licenses"),
    "people": _("Who"),
    "licenses": _("Licenses"),
    "requested_by": _("Requested by"),
    "reason": _("Reason"),
}


def record(
    organization: Organization, verb: str, *, actor: User | None, data: Mapping[str, object]
) -> None:
    """Record who did what; ``actor`` None means the payment processor or a periodic job."""
    Activity.objects.create(
        organization=organization, actor=actor, verb=verb, data=dict(data), at=clock.now()
    )


def for_organization(organization: Organization) -> QuerySet[Activity]:
    """Return the activities of an organization, newest first."""
    return organization.activities.select_related("actor").order_by("-at", "-id")


def get_actors(organization: Organization) -> list[User]:
    """Return the users who appear in an organization's activity."""
    actors = organization.activities.order_by().values("actor").distinct()
    return list(User.objects.filter(pk__in=actors).order_by("name", "email")[:200])


def describe_activity(activity: Activity) -> ActivityLine:
    """Return an activity as text; an unknown verb is shown unchanged."""
    what = _VERBS.get(activity.verb)
    return ActivityLine(str(what) if what else activity.verb, _details(activity))


def _details(activity: Activity) -> list[str]:
    data: Mapping[str, Any] = activity.data
    if activity.verb == "settings_changed":
        return [
            f"{_field_name(name)}: {_text(change.get('before'))} → {_text(change.get('after'))}"
            for name, change in data.items()
            if isinstance(change, Mapping)
        ]
    # Of imported users, how many there are.
    labels = _FACTS | ({"quantity": _("Users")} if activity.verb == "members_imported" else {})
    return [
        f"{label}: {_text(_ROLES.get(data[name], data[name]) if 'role' in name else data[name])}"
        for name, label in labels.items()
        if data.get(name) not in (None, "")
    ]


def _field_name(name: str) -> str:
    if name == "notified_addresses":
        return str(_("other addresses"))
    names = {field.name: field.verbose_name for field in Organization._meta.fields}
    return str(names.get(name, name))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, list):
        return ", ".join(str(one) for one in value) or "–"
    return str(value) if value not in (None, "") else "–"
