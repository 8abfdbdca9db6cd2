"""Store, preview and correct imported rosters, and add all their users at once (R3-R5, R8).

The result for each row is computed on every request, because other users may have changed the
members. A roster is kept while its author buys licenses.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cached_property
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet

from subscriptions import clock
from subscriptions.licenses.status import SubscriptionStatus
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import Membership, Organization, RosterImport, RosterRow
from subscriptions.models.batches import BATCH_SIZE, batches
from subscriptions.models.members import LICENSE_HOLDER_STATES
from subscriptions.models.organizations import lock_organization
from subscriptions.policy import roster_import as rules
from subscriptions.policy.refusal import Reason, Refusal, Refused
from subscriptions.policy.roster_import import (
    MAX_STORED,
    KnownPerson,
    Need,
    Row,
    RowResult,
    RowState,
)
from subscriptions.roster_import.columns import Sheet
from subscriptions.roster_import.words import read_role
from subscriptions.text.addresses import clean_address

# The same as for Add User drafts, because rows hold names and addresses too.
RETENTION_PERIOD = timedelta(days=7)


@dataclass(frozen=True)
class CheckedRow:
    """A row, and what adding it would do now."""

    row: RosterRow
    result: RowResult


@dataclass(frozen=True)
class CheckedRoster:
    """All rows of a roster in order, with what adding them would do now."""

    roster: RosterImport
    rows: tuple[CheckedRow, ...]

    @cached_property
    def counts(self) -> dict[RowState, int]:
        """Number of rows in each state."""
        return rules.count_by_state(checked.result for checked in self.rows)

    @property
    def new(self) -> int:
        """Number of users it would add."""
        return self.counts[RowState.INVITED]

    def in_state(self, state: RowState) -> list[CheckedRow]:
        """Return the rows in one state."""
        return [checked for checked in self.rows if checked.result.state == state]

    @property
    def has_unknown_roles(self) -> bool:
        """Whether any row's only problem is its role."""
        return any(_role_is_unknown(checked) for checked in self.rows)


@dataclass(frozen=True)
class SheetNote:
    """A sheet to choose from: its name, number of rows, and headings by their use."""

    name: str
    rows: int
    used: Sequence[tuple[str, str]] = ()
    unused: Sequence[str] = ()
    hidden: Sequence[str] = ()


@dataclass(frozen=True)
class RosterOptions:
    """Choices for a whole roster; None leaves a value unchanged."""

    sheet: int | None = None
    includes_hidden: bool | None = None
    includes_inactive: bool | None = None


@dataclass(frozen=True)
class Change:
    """Corrections to a row; None means that the field was not shown."""

    is_left_out: bool
    name: str | None = None
    email: str | None = None
    role: str | None = None


# Storing and deleting -----------------------------------------------------------------------------


def store(author: Membership, sheets: Sequence[Sheet], *, source: str) -> RosterImport:
    """Store the sheets for their author, whether valid or not; the first one is selected.

    Raises Refused if the author keeps too many rosters.
    """
    with transaction.atomic():
        # With the lock, parallel uploads by one person stay within the limit.
        organization = lock_organization(author.organization)
        if _own_rosters(author).count() >= MAX_STORED:
            raise Refused(Refusal(Reason.TOO_MANY_ROSTERS, {"most": MAX_STORED}))
        roster = RosterImport.objects.create(
            organization=organization,
            author=author.user,
            source=rules.one_line(source)[:120],
            created_at=clock.now(),
            sheets=[asdict(_sheet_note(sheet)) for sheet in sheets],
        )
        RosterRow.objects.bulk_create(
            [
                RosterRow(roster=roster, sheet=number, **asdict(line))
                for number, sheet in enumerate(sheets)
                for line in sheet.lines
            ],
            batch_size=BATCH_SIZE,
        )
    return roster


def find(author: Membership, key: UUID) -> RosterImport | None:
    """Return the author's roster with this key in this organization, if any."""
    return _own_rosters(author).filter(pk=key).first()


def stored_rosters(author: Membership) -> QuerySet[RosterImport]:
    """Return the author's stored rosters with their numbers of rows, newest first."""
    rows = Count("rows", filter=Q(rows__sheet=F("sheet")))
    return _own_rosters(author).annotate(row_count=rows).order_by("-created_at")


def notes(roster: RosterImport) -> list[SheetNote]:
    """Return the roster's sheets with people; empty if an earlier version stored it."""
    return [SheetNote(**note) for note in roster.sheets]


def kept_until(roster: RosterImport) -> datetime:
    """Return the time when the roster will be deleted."""
    return roster.created_at + RETENTION_PERIOD


def drop(roster: RosterImport) -> None:
    """Delete a roster."""
    roster.delete()


def drop_old() -> int:
    """Delete abandoned rosters; return how many."""
    old = RosterImport.objects.filter(created_at__lt=clock.now() - RETENTION_PERIOD)
    number = old.count()
    old.delete()
    return number


def _sheet_note(sheet: Sheet) -> SheetNote:
    return SheetNote(sheet.name, len(sheet.lines), sheet.used, sheet.unused, sheet.hidden)


def _own_rosters(author: Membership) -> QuerySet[RosterImport]:
    return RosterImport.objects.filter(organization=author.organization, author=author.user)


# Previewing and correcting ------------------------------------------------------------------------


def check(roster: RosterImport, actor: Membership) -> CheckedRoster:
    """Return what each row would do if ``actor`` added the roster now."""
    return _check(roster, actor.organization, actor.role)


def compute_need(checked: CheckedRoster, subscription: SubscriptionStatus) -> Need:
    """Return what its new users need, and what to do if licenses are missing (R5, R10)."""
    term = subscription.latest
    return rules.compute_need(
        checked.new,
        subscription.licenses,
        may_take=subscription.may_take(checked.new),
        may_add_licenses=subscription.may_add_licenses,
        unit_amount=term.unit_amount if term else 1,
        currency=term.currency if term else "",
    )


def change(roster: RosterImport, changes: Mapping[int, Change]) -> int:
    """Apply corrections by row key; return how many rows changed."""
    with transaction.atomic():
        # With the lock, the same roster cannot be added at this moment.
        current = _lock(roster)
        rows = roster.rows.filter(pk__in=list(changes), is_added=False)
        changed = [row for row in rows if _apply(row, changes[row.pk], current)]
        fields = ("name", "email", "role", "is_left_out")
        RosterRow.objects.bulk_update(changed, fields, batch_size=BATCH_SIZE)
    return len(changed)


def set_options(roster: RosterImport, options: RosterOptions) -> None:
    """Select another sheet, or include hidden or inactive rows.

    Decisions about single rows do not change.
    """
    changes = {name: value for name, value in asdict(options).items() if value is not None}
    if changes.get("sheet", 0) >= max(1, len(roster.sheets)):
        del changes["sheet"]
    for name, value in changes.items():
        setattr(roster, name, value)
    roster.save(update_fields=list(changes))


def make_unknown_roles_general(roster: RosterImport, actor: Membership) -> int:
    """Change unknown roles to General member; return how many rows changed."""
    with transaction.atomic():
        current = _lock(roster)
        unknown = [one.row.pk for one in check(current, actor).rows if _role_is_unknown(one)]
        for some in batches(unknown):
            roster.rows.filter(pk__in=some).update(role="")
    return len(unknown)


# Adding -----------------------------------------------------------------------------------------


def add_all(roster: RosterImport, actor: Membership) -> int:
    """Add and invite all new users or none; return how many (R3-R5).

    If a repeated request has no one left to add, returns the number already added. Raises Refused,
    and changes nothing, if there are too few licenses, there is no one to add, or the actor's role
    does not allow it.
    """
    with transaction.atomic():
        organization = lock_organization(actor.organization)
        current = _lock(roster)
        checked = _check(current, organization, members.current_role(actor))
        new = checked.in_state(RowState.INVITED)
        if not new:
            if current.added_at is None:
                raise Refused(Refusal(Reason.NO_ONE_TO_ADD))
            return current.added
        members.add_all(actor, [_new_member(one) for one in new])
        for some in batches([one.row.pk for one in new]):
            current.rows.filter(pk__in=some).update(is_added=True)
        current.added, current.added_at = current.added + len(new), clock.now()
        current.save(update_fields=["added", "added_at"])
    return len(new)


def _new_member(checked: CheckedRow) -> NewMember:
    return NewMember(checked.row.name, checked.row.email, checked.result.role)


def _lock(roster: RosterImport) -> RosterImport:
    return RosterImport.objects.select_for_update().get(pk=roster.pk)


def _check(roster: RosterImport, organization: Organization, actor_role: str) -> CheckedRoster:
    rows = list(roster.rows.filter(sheet=roster.sheet).order_by("position"))
    results = rules.check(
        (_to_row(row) for row in rows),
        known=_known_people(organization, {row.email for row in rows}),
        roles={name: role for name in {row.role for row in rows} if (role := read_role(name))},
        actor_role=actor_role,
        includes_hidden=roster.includes_hidden,
        includes_inactive=roster.includes_inactive,
    )
    return CheckedRoster(
        roster,
        tuple(CheckedRow(row, result) for row, result in zip(rows, results, strict=True)),
    )


def _known_people(organization: Organization, emails: Iterable[str]) -> dict[str, KnownPerson]:
    found = members.find_by_address(organization, emails)
    return {
        email: KnownPerson(
            membership.display_name, membership.role, membership.state in LICENSE_HOLDER_STATES
        )
        for email, membership in found.items()
    }


def _to_row(row: RosterRow) -> Row:
    return Row(
        position=row.position,
        name=row.name,
        email=row.email,
        has_valid_email=_is_valid_email(row.email),
        role=row.role,
        is_left_out=row.is_left_out,
        is_added=row.is_added,
        is_hidden=row.is_hidden,
        status=row.status,
    )


def _is_valid_email(email: str) -> bool:
    try:
        validate_email(email)
    except ValidationError:
        return False
    return True


def _apply(row: RosterRow, change: Change, roster: RosterImport) -> bool:
    before = (row.name, row.email, row.role, row.is_left_out)
    left_out_reason = rules.why_left_out(
        _to_row(row),
        includes_hidden=roster.includes_hidden,
        includes_inactive=roster.includes_inactive,
    )
    if change.is_left_out != bool(row.is_left_out or left_out_reason):
        row.is_left_out = change.is_left_out
    if change.name is not None:
        row.name = rules.one_line(change.name)
    if change.email is not None:
        row.email = clean_address(change.email)
    # If the roster names no role, the field shows General member; that is not a correction.
    if change.role is not None and read_role(change.role) != read_role(row.role):
        row.role = rules.one_line(change.role)
    return before != (row.name, row.email, row.role, row.is_left_out)


def _role_is_unknown(checked: CheckedRow) -> bool:
    reason = checked.result.reason
    return reason is not None and reason.reason == Reason.ROLE_NOT_KNOWN
