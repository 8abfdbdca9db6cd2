"""The time, asked in one place (R18).

Rules take the time as an argument; whoever calls them asks here. Tests move this clock, and the
local payment sandbox with it. Sign-in sessions, password links, rate limits and webhook signatures
do not ask here: they stay in real time.
"""

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

_frozen_at: datetime | None = None


def now() -> datetime:
    """The current instant, aware."""
    return _frozen_at or timezone.now() + demo_offset()


def demo_offset() -> timedelta:
    """How far the demo's clock is ahead; every process of the demo reads it from one file."""
    if not settings.DEMO_CLOCK_FILE:
        return timedelta(0)
    try:
        return timedelta(seconds=int(Path(settings.DEMO_CLOCK_FILE).read_text()))
    except (FileNotFoundError, ValueError):
        return timedelta(0)


def zone() -> ZoneInfo:
    """The zone in which terms begin and end."""
    return ZoneInfo(settings.SUBSCRIPTION_TIME_ZONE)


def today() -> date:
    """The current date in the subscription time zone."""
    return now().astimezone(zone()).date()


def freeze(instant: datetime | None) -> None:
    """Stand still at ``instant`` in this process; None lets the time run again."""
    global _frozen_at  # noqa: PLW0603  (one clock for the whole process is the point)
    if instant is not None and timezone.is_naive(instant):
        raise ValueError("the clock needs an aware instant")
    _frozen_at = instant
