"""Licenses held over a term, day by day, for the Subscription tab (R29).

The number held on any day is exact, because the ledger keeps every change. The number of members is
known only for today: a member who was removed and restored is a single row.
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
    """A day when the number of licenses changed, the change, and the new number."""

    day: date
    change: int
    held: int


@dataclass(frozen=True)
class History:
    """The licenses held from ``starts_on`` through ``ends_on``; ``steps`` are in order."""

    starts_on: date
    ends_on: date
    window_opens_on: date
    today: date
    in_use: int
    steps: tuple[Step, ...]

    @property
    def is_running(self) -> bool:
        """Whether today is within the history."""
        return self.starts_on <= self.today <= self.ends_on


def get_history(subscription: SubscriptionStatus) -> History | None:
    """Return the history of the current term, or else of the latest one, in one query."""
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
    """Return the change on each day of the term; the first day includes licenses already held.

    The database groups entries by day, so there is one row for each day with an entry.
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
