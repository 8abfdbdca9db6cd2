"""The calendar of a term: when it ends, and when its renewal opens (R18, R19, R23)."""

from datetime import date, datetime, time, timedelta
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
