"""Text for the roster preview: its rows, and the licenses it needs (R8)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from subscriptions.models import RosterImport
from subscriptions.policy.roster_import import Need, RowState
from subscriptions.roster_import import rosters
from subscriptions.roster_import.rosters import CheckedRoster
from subscriptions.roster_import.words import Column
from subscriptions.text import formats

# Labels for row states; they never reveal whether a non-member has an account elsewhere.
STATES = {
    RowState.INVITED: gettext_lazy("Will be invited"),
    RowState.INVALID: gettext_lazy("Needs correction"),
    RowState.REPEATED: gettext_lazy("Duplicate address"),
    RowState.MEMBER: gettext_lazy("Already a user"),
    RowState.LEFT_OUT: gettext_lazy("Left out"),
    RowState.ADDED: gettext_lazy("Added"),
}

_COLUMNS = {
    Column.NAME: gettext_lazy("Name"),
    Column.FIRST_NAME: gettext_lazy("First name"),
    Column.LAST_NAME: gettext_lazy("Last name"),
    Column.EMAIL: gettext_lazy("E-mail"),
    Column.ROLE: gettext_lazy("Role"),
    Column.STATUS: gettext_lazy("Status"),
}


@dataclass(frozen=True)
class ImportSummary:
    """How a file was read, for the template: the sheet, the columns, and the rows left out."""

    sheet: str
    sheets: Sequence[tuple[int, str, int]]
    used: Sequence[tuple[str, str]]
    unused: Sequence[str]
    hidden: Sequence[str]
    hidden_rows: int
    inactive_rows: int


def summarize_import(checked: CheckedRoster) -> ImportSummary | None:
    """Return how the roster's file was read; None if an earlier version stored it."""
    roster, notes = checked.roster, rosters.notes(checked.roster)
    if not notes:
        return None
    names = [note.name or _("Table %(number)s") % {"number": n} for n, note in enumerate(notes, 1)]
    note = notes[roster.sheet]
    return ImportSummary(
        sheet=names[roster.sheet] if len(notes) > 1 or note.name else "",
        sheets=[
            (number, names[number], other.rows)
            for number, other in enumerate(notes)
            if number != roster.sheet
        ],
        used=[(str(_COLUMNS[Column(column)]), heading) for column, heading in note.used],
        unused=note.unused,
        hidden=note.hidden,
        hidden_rows=sum(one.row.is_hidden for one in checked.rows),
        inactive_rows=sum(bool(one.row.status) for one in checked.rows),
    )


def encode_choices(roster: RosterImport) -> str:
    """Return the choices for a whole roster, which the page sends back to detect changes."""
    return f"{roster.sheet}-{roster.includes_hidden:d}-{roster.includes_inactive:d}"


def describe_need(need: Need) -> str:
    """Return one sentence about the new users, the free licenses, and what to buy."""
    if not need.new:
        return _("This roster has no one to add.")
    new = ngettext("%(new)s new user", "%(new)s new users", need.new) % {
        "new": formats.number(need.new)
    }
    free = ngettext("%(free)s license available", "%(free)s licenses available", need.free) % {
        "free": formats.number(need.free)
    }
    if need.offer is None or need.refusals:
        return _("%(new)s, %(free)s.") % {"new": new, "free": free}
    offer = need.offer
    groups = ngettext("%(groups)s group of 5", "%(groups)s groups of 5", offer.groups) % {
        "groups": formats.number(offer.groups)
    }
    return _("%(new)s, %(free)s: buy %(quantity)s more (%(groups)s, %(total)s).") % {
        "new": new,
        "free": free,
        "quantity": formats.number(offer.quantity),
        "groups": groups,
        "total": formats.money(offer.total, offer.currency),
    }
