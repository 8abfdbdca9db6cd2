"""How far back each reconciliation run reads the processor's lists (R14)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# Anything missed earlier than that needs a run with an explicit lookback.
LOOKBACK = timedelta(days=1)
# Covers clock skew, and what was being created during the last run.
OVERLAP = timedelta(minutes=10)
FULL_DAY_INTERVAL = timedelta(hours=1)


@dataclass(frozen=True)
class FetchWindow:
    """What one run fetches: everything created at or after ``since``."""

    since: datetime
    is_full_day: bool


def next_window(
    now: datetime, *, last_run: datetime | None, last_full_day: datetime | None
) -> FetchWindow:
    """Return the next window: since the last complete run began or, once an hour, the whole day.

    A Checkout Session can be paid long after it was created, so fetching only new ones is not
    enough.
    """
    new = now - OVERLAP if last_run is None else min(last_run, now) - OVERLAP
    is_recent = last_full_day is not None and (
        timedelta(0) <= now - last_full_day < FULL_DAY_INTERVAL
    )
    if last_run is not None and is_recent:
        return FetchWindow(new, is_full_day=False)
    return FetchWindow(min(new, now - LOOKBACK - OVERLAP), is_full_day=True)
