"""The only place that reads the current time (R18).

Rules take the time as an argument; their callers get it here. Tests move this clock, and the local
payment sandbox follows it. Sign-in sessions, password links, rate limits and webhook signatures
use real time instead.
"""

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

_frozen_at: datetime | None = None


def now() -> datetime:
    """Return the current time as an aware datetime."""
    return _frozen_at or timezone.now() + demo_offset()


def demo_offset() -> timedelta:
    """Return how far ahead the demo's clock is; all of its processes read that from one file."""
    if not settings.DEMO_CLOCK_FILE:
        return timedelta(0)
    try:
        return timedelta(seconds=int(Path(settings.DEMO_CLOCK_FILE).read_text()))
    except (FileNotFoundError, ValueError):
        return timedelta(0)


def zone() -> ZoneInfo:
    """Return the time zone in which terms begin and end."""
    return ZoneInfo(settings.SUBSCRIPTION_TIME_ZONE)


def today() -> date:
    """Return the current date in the subscription time zone."""
    return now().astimezone(zone()).date()


def freeze(instant: datetime | None) -> None:
    """Stop the clock of this process at ``instant``; None lets it run again."""
    global _frozen_at  # noqa: PLW0603  (one clock for the whole process)
    if instant is not None and timezone.is_naive(instant):
        raise ValueError("the clock needs an aware instant")
    _frozen_at = instant
