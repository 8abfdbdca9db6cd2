"""Licenses held over a term, day by day, for the Subscription tab (R29).

What was held on any day is exact: the ledger keeps every difference. How many members there were
is not kept day by day (who was removed and came back is one row), so only today's number is told.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Sum
from django.db.models.functions import TruncDate

from subscriptions import clock
from subscriptions.licenses.status import SubscriptionStatus
from subscriptions.models import LicenseEntry, Term
from subscriptions.policy import calendar


@dataclass(frozen=True)
class Step:
    """A day on which the number changed, by how much, and to what."""

    day: date
    change: int
    held: int


@dataclass(frozen=True)
class History:
    """The licenses held from ``starts_on`` through ``ends_on``; ``steps`` are in order of days."""

    starts_on: date
    ends_on: date
    window_opens_on: date
    today: date
    in_use: int
    steps: tuple[Step, ...]

    @property
    def is_running(self) -> bool:
        """Whether today is one of its days."""
        return self.starts_on <= self.today <= self.ends_on


def history_of(subscription: SubscriptionStatus) -> History | None:
    """The history of the current term, else of the latest one: one query."""
    term = subscription.term or subscription.latest
    if term is None:
        return None
    return History(
        starts_on=term.starts_on,
        ends_on=term.expires_on,
        window_opens_on=calendar.renewal_opens_on(term.expires_on),
        today=subscription.today,
        in_use=subscription.licenses.in_use,
        steps=_steps(_changes(term), term.starts_on),
    )


def _changes(term: Term) -> dict[date, int]:
    """By how much the number changed on each day of the term; what was held before, on its first.

    Grouped by the database: as many rows as there are days with an entry.
    """
    rows = (
        LicenseEntry.objects.filter(
            term__organization=term.organization_id, term__expires_on__gte=term.starts_on
        )
        .annotate(day=TruncDate("effective_at", tzinfo=clock.zone()))
        .filter(day__lte=term.expires_on)
        .order_by("day")
        .values_list("day", "term__expires_on", "term__canceled_at")
        .annotate(sum=Sum("quantity"))
    )
    changes: dict[date, int] = defaultdict(int)
    for day, expires_on, canceled_at, quantity in rows:
        ends = [expires_on + timedelta(days=1)]
        if canceled_at is not None:
            ends.append(calendar.local_date(canceled_at, clock.zone()))
        begins, end = max(day, term.starts_on), min(ends)
        if begins < end:
            changes[begins] += quantity
            if end <= term.expires_on:
                changes[end] -= quantity
    return changes


def _steps(changes: dict[date, int], first: date) -> tuple[Step, ...]:
    held, steps = 0, []
    for day in sorted({first, *changes}):
        change = changes.get(day, 0)
        held += change
        if change or day == first:
            steps.append(Step(day, change, held))
    return tuple(steps)
