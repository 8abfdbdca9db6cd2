"""Calendar rules: when a term ends (R18, R23), when its renewal opens (R19), and which of an
organization's terms counts (R30).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

# Length of the renewal window in calendar days, up to the end of the term (R19). Add-ons are sold
# until it opens; renewal opens at its first midnight.
RENEWAL_WINDOW_DAYS = 30


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of ``day`` in ``zone``."""
    return datetime.combine(day, time.min, tzinfo=zone)


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """Return the calendar date in ``zone`` at an aware instant."""
    return instant.astimezone(zone).date()


def expires_at(expires_on: date, zone: ZoneInfo) -> datetime:
    """Return the instant a term ends: it runs through its expiration date (R18)."""
    return midnight(expires_on + timedelta(days=1), zone)


def renewal_opens_on(expires_on: date) -> date:
    """Return the first day of the renewal window (R19): December 2 for December 31."""
    return expires_on - timedelta(days=RENEWAL_WINDOW_DAYS - 1)


def last_day_to_add(expires_on: date) -> date:
    """Return the last day on which add-ons are sold (R19): December 1 for December 31."""
    return renewal_opens_on(expires_on) - timedelta(days=1)


def renewal_opens_at(expires_on: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which add-on sales end and renewal opens, a local midnight (R19)."""
    return midnight(renewal_opens_on(expires_on), zone)


def days_remaining(expires_on: date, today: date) -> int:
    """Return the days from ``today`` to expiration: 0 on the date, negative after it (R19)."""
    return (expires_on - today).days


def expiration_date(starts_on: date, years: int) -> date:
    """Return the last day of a term of whole ``years`` (R23).

    That is the day before the anniversary of ``starts_on``; in a year without February 29, the
    anniversary is March 1.
    """
    try:
        same_date = starts_on.replace(year=starts_on.year + years)
    except ValueError:
        same_date = date(starts_on.year + years, 3, 1)
    return same_date - timedelta(days=1)


class PaidTerm(Protocol):
    """A paid term; ``canceled_at`` is set once its payment has been refunded or disputed."""

    @property
    def pk(self) -> int: ...
    @property
    def expires_on(self) -> date: ...
    @property
    def canceled_at(self) -> datetime | None: ...


@dataclass(frozen=True)
class LastTerm:
    """The term that add-ons are bought for and that a renewal renews.

    ``ended_at`` is set if a cancellation, rather than expiration, ended the subscription.
    """

    expires_on: date
    ended_at: datetime | None = None
    key: int = 0

    def ends_at(self, zone: ZoneInfo) -> datetime:
        """Return the instant from which the organization counts as expired, in ``zone``.

        In that zone, days counted from it fall at the same time of day, also across daylight saving
        changes.
        """
        if self.ended_at is not None:
            return self.ended_at.astimezone(zone)
        return expires_at(self.expires_on, zone)


def last_term(terms: Sequence[PaidTerm], *, now: datetime, zone: ZoneInfo) -> LastTerm | None:
    """Return the last term that is not canceled at ``now``, or else the first one (R30).

    ``terms``: an organization's terms in order of their start. If a canceled term would have lasted
    longer than the remaining one, the subscription ended with the cancellation.
    """
    if not terms:
        return None
    canceled = [term for term in terms if is_canceled(term.canceled_at, now=now)]
    live = [term for term in terms if term not in canceled]
    canceled_until = max((_end(term, zone) for term in canceled), default=None)
    # If the original purchase is canceled, renewal renews that term.
    last = live[-1] if live else canceled[0]
    expires_normally = live and (canceled_until is None or canceled_until <= _end(last, zone))
    return LastTerm(last.expires_on, None if expires_normally else canceled_until, last.pk)


def is_canceled(canceled_at: datetime | None, *, now: datetime) -> bool:
    """Whether a term no longer counts for any rule."""
    return canceled_at is not None and canceled_at <= now


def _end(term: PaidTerm, zone: ZoneInfo) -> datetime:
    end = expires_at(term.expires_on, zone)
    return min(term.canceled_at, end) if term.canceled_at else end
