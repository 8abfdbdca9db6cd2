"""How far back a run of reconciliation reads the processor's lists (R14)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# Anything missed for longer needs a run with an explicit look-back.
LOOK_BACK = timedelta(days=1)
# Covers the difference between the clocks, and what was being created during the last run.
OVERLAP = timedelta(minutes=10)
WHOLE_DAY_EVERY = timedelta(hours=1)


@dataclass(frozen=True)
class Reading:
    """What one run reads: everything created at or after ``since``."""

    since: datetime
    is_whole_day: bool


def next_reading(
    now: datetime, *, last_run: datetime | None, last_whole_day: datetime | None
) -> Reading:
    """Return what to read: all since the last complete run began, or once an hour the whole day.

    A payment page can be paid long after it was created, so reading only new ones is not enough.
    """
    new = now - OVERLAP if last_run is None else min(last_run, now) - OVERLAP
    is_recent = last_whole_day is not None and (
        timedelta(0) <= now - last_whole_day < WHOLE_DAY_EVERY
    )
    if last_run is not None and is_recent:
        return Reading(new, is_whole_day=False)
    return Reading(min(new, now - LOOK_BACK - OVERLAP), is_whole_day=True)
