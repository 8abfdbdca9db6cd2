"""When Assignors and Administrators are reminded that a term expires (R32)."""

from calendar import monthrange
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from subscriptions.policy import calendar

MONTHS_BEFORE = (4, 3, 2, 1)
DAYS_BEFORE = (28, 21, 14, 7, 6, 5, 4, 3, 2, 1, 0)
# "Last day to add licenses" is sent this many days before renewal opens.
LAST_DAY_REMINDER_DAYS = 7


def months_before(day: date, months: int) -> date:
    """Return the same day of the month ``months`` earlier, or the last day of that month."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def due_dates(starts_on: date, expires_on: date) -> list[date]:
    """Return when this term's reminders are due, earliest first; none are due before it starts."""
    due = {months_before(expires_on, months) for months in MONTHS_BEFORE}
    due |= {expires_on - timedelta(days=days) for days in DAYS_BEFORE}
    return sorted(day for day in due if day >= starts_on)


@dataclass(frozen=True)
class Reminders:
    """What one run does for one person: sends at most one reminder and skips earlier ones."""

    send: date | None
    skip: tuple[date, ...]


def reminders_to_send(
    starts_on: date, expires_on: date, *, today: date, covered: Collection[date]
) -> Reminders:
    """Return the latest due date that is not covered yet, and the missed ones before it.

    ``covered``: due dates whose reminders have been sent to this person or skipped. After the
    expiration date nothing is sent, and missed reminders are skipped.
    """
    missed = [
        day for day in due_dates(starts_on, expires_on) if day <= today and day not in covered
    ]
    if not missed:
        return Reminders(None, ())
    # A reminder older than one already sent would say nothing new.
    latest_covered = max(covered, default=date.min)
    if today > expires_on or missed[-1] < latest_covered:
        return Reminders(None, tuple(missed))
    return Reminders(missed[-1], tuple(missed[:-1]))


def last_day_reminder_on(expires_on: date) -> date:
    """Return the day "last day to add licenses" is sent (R32)."""
    return calendar.renewal_opens_on(expires_on) - timedelta(days=LAST_DAY_REMINDER_DAYS)
