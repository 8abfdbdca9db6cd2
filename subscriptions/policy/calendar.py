"""The calendar of a term: when it ends (R18, R23), when its renewal opens (R19), and which term of
an organization counts (R30).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

# The renewal window: these many calendar days before a term's end (R19). Before it add-ons are
# sold and renewal is closed; from its first midnight on it is the other way around.
RENEWAL_WINDOW_DAYS = 30


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of ``day`` in ``zone``."""
    return datetime.combine(day, time.min, tzinfo=zone)


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar date in ``zone`` at an aware instant."""
    return instant.astimezone(zone).date()


def expires_at(expires_on: date, zone: ZoneInfo) -> datetime:
    """The instant a term ends: it runs through its expiration date (R18)."""
    return midnight(expires_on + timedelta(days=1), zone)


def renewal_opens_on(expires_on: date) -> date:
    """The first day of the renewal window (R19): December 31 gives December 2."""
    return expires_on - timedelta(days=RENEWAL_WINDOW_DAYS - 1)


def last_day_to_add(expires_on: date) -> date:
    """The last day on which add-ons of a term are sold (R19): December 31 gives December 1."""
    return renewal_opens_on(expires_on) - timedelta(days=1)


def renewal_opens_at(expires_on: date, zone: ZoneInfo) -> datetime:
    """The instant at which add-ons stop and renewal opens (R19): a local midnight."""
    return midnight(renewal_opens_on(expires_on), zone)


def days_remaining(expires_on: date, today: date) -> int:
    """Days from ``today`` to the expiration date: 0 on that date, negative after it (R19)."""
    return (expires_on - today).days


def expiration_date(starts_on: date, years: int) -> date:
    """The last day of a term of whole ``years`` (R23).

    The day before the same date that many years on; February 29 counts as March 1 in a year
    without it.
    """
    try:
        same_date = starts_on.replace(year=starts_on.year + years)
    except ValueError:
        same_date = date(starts_on.year + years, 3, 1)
    return same_date - timedelta(days=1)


class PaidTerm(Protocol):
    """A term that was paid once; ``canceled_at`` where its payment was taken back."""

    @property
    def pk(self) -> int: ...
    @property
    def expires_on(self) -> date: ...
    @property
    def canceled_at(self) -> datetime | None: ...


@dataclass(frozen=True)
class LastTerm:
    """The term that add-ons are bought for and that a renewal is of.

    ``ended_at`` is set where a cancellation ended the subscription, rather than the expiration of
    this term.
    """

    expires_on: date
    ended_at: datetime | None = None
    key: int = 0

    def ends_at(self, zone: ZoneInfo) -> datetime:
        """The instant from which the organization counts as expired, by the clock of ``zone``.

        By that clock, so that days counted from it keep the hour when the clocks change.
        """
        if self.ended_at is not None:
            return self.ended_at.astimezone(zone)
        return expires_at(self.expires_on, zone)


def last_term(terms: Sequence[PaidTerm], *, now: datetime, zone: ZoneInfo) -> LastTerm | None:
    """The last term that is not canceled at ``now``, else the first one (R30).

    ``terms`` are an organization's, in the order of their start. Where a canceled term had carried
    the subscription further than the one that is left, it ended with the cancellation.
    """
    if not terms:
        return None
    canceled = [term for term in terms if is_canceled(term.canceled_at, now=now)]
    live = [term for term in terms if term not in canceled]
    carried_to = max((_end(term, zone) for term in canceled), default=None)
    # The renewal of a canceled original purchase is of that term.
    chosen = live[-1] if live else canceled[0]
    outlived = live and (carried_to is None or carried_to <= _end(chosen, zone))
    return LastTerm(chosen.expires_on, None if outlived else carried_to, chosen.pk)


def is_canceled(canceled_at: datetime | None, *, now: datetime) -> bool:
    """Whether a term counts for no rule any more."""
    return canceled_at is not None and canceled_at <= now


def _end(term: PaidTerm, zone: ZoneInfo) -> datetime:
    end = expires_at(term.expires_on, zone)
    return min(term.canceled_at, end) if term.canceled_at else end
