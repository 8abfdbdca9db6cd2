"""An organization's history: its users' activity, and support's actions in the admin.

A support action that is in both is shown once, in the admin's words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from subscriptions.admin.parts import log
from subscriptions.admin.parts.display import MAX_LIST_ROWS, list_url
from subscriptions.models import Activity, Organization
from subscriptions.models.members import Role
from subscriptions.notifications.activity import describe_activity
from subscriptions.text import formats

# The log entry and the activity of one action are written within this time.
_SAME_ACTION_WINDOW = timedelta(minutes=2)
# Activity from support actions, which the admin also logs.
_LOGGED_VERBS = {
    "licenses_removed",
    "removal_undone",
    "refund_requested",
    "payment_fulfilled",
    "payment_refunded",
    "problem_closed",
    "member_reinvited",
}


@dataclass(frozen=True)
class HistoryRow:
    """A row of the history."""

    at: datetime
    who: str
    what: str
    change: str = ""
    why: str = ""


def get_history(organization: Organization) -> list[HistoryRow]:
    """Return the newest rows of an organization's history, in two queries."""
    entries = list(log.entries_for(organization).select_related("user")[:MAX_LIST_ROWS])
    logged = [(entry.user_id, entry.action_time) for entry in entries]
    activities = Activity.objects.filter(organization=organization).select_related("actor")
    rows = [
        _row(activity)
        for activity in activities.order_by("-at", "-pk")[: 2 * MAX_LIST_ROWS]
        if not _is_logged(activity, logged)
    ]
    for entry in entries:
        message = log.read(entry)
        rows.append(
            HistoryRow(
                entry.action_time, str(entry.user), message.what, message.change, message.why
            )
        )
    rows.sort(key=lambda row: row.at, reverse=True)
    return rows[:MAX_LIST_ROWS]


def activities_url(organization: Organization) -> str:
    """Return the URL of an organization's activity list."""
    return list_url(Activity, organization=organization.pk)


def summarize(activity: Activity) -> str:
    """Return what happened, with a name or number."""
    what = describe_activity(activity).what
    number = activity.data.get("quantity")
    name = activity.data.get("name")
    about = name or (formats.number(number) if isinstance(number, int) else "")
    return f"{what}: {about}" if about else what


def describe_change(activity: Activity) -> str:
    """Return what changed, if recorded."""
    data: Mapping[str, Any] = activity.data
    describe = _CHANGES.get(activity.verb)
    return describe(data) if describe else ""


def _role(data: Mapping[str, Any]) -> str:
    names = dict(Role.choices)
    before, after = str(data.get("role_before")), str(data.get("role"))
    return f"{names.get(before, before)} → {names.get(after, after)}"


def _license(data: Mapping[str, Any]) -> str:
    number = data.get("license")
    return _("license %(number)s") % {"number": number} if number else ""


def _freed_license(data: Mapping[str, Any]) -> str:
    number = data.get("license")
    return _("license %(number)s → available") % {"number": number} if number else ""


def _license_change(data: Mapping[str, Any]) -> str:
    licenses = data.get("licenses") or 0
    return _("%(licenses)s licenses") % {"licenses": f"{licenses:+d}"} if licenses else ""


_CHANGES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "role_changed": _role,
    "member_added": _license,
    "member_removed": _freed_license,
    "payment_reversed": _license_change,
    "reversal_undone": _license_change,
}


def _row(activity: Activity) -> HistoryRow:
    return HistoryRow(
        at=activity.at,
        who=str(activity.actor) if activity.actor else _("automatic"),
        what=summarize(activity),
        change=describe_change(activity),
        why=str(activity.data.get("reason", "")),
    )


def _is_logged(activity: Activity, logged: list[tuple[int, datetime]]) -> bool:
    return activity.verb in _LOGGED_VERBS and any(
        actor == activity.actor_id and abs(at - activity.at) < _SAME_ACTION_WINDOW
        for actor, at in logged
    )
