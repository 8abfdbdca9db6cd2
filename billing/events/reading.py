"""How far back a run of reconciliation reads the processor's lists (R14)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# What was missed for longer is looked for on purpose.
LOOK_BACK = timedelta(days=1)
# What the processor's clock and ours may differ by, and as much again for what was being created
# while the run before was reading.
OVERLAP = timedelta(minutes=10)
WHOLE_DAY_EVERY = timedelta(hours=1)


@dataclass(frozen=True)
class Reading:
    """What one run reads: all that was created at or after ``since``."""

    since: datetime
    is_whole_day: bool


def next_reading(
    now: datetime, *, last_run: datetime | None, last_whole_day: datetime | None
) -> Reading:
    """What is new since the last complete run began; the whole day where none has read it lately.

    A payment page can be paid long after it was created, so that what is new does not show all.
    """
    new = now - OVERLAP if last_run is None else min(last_run, now) - OVERLAP
    is_recent = last_whole_day is not None and (
        timedelta(0) <= now - last_whole_day < WHOLE_DAY_EVERY
    )
    if last_run is not None and is_recent:
        return Reading(new, is_whole_day=False)
    return Reading(min(new, now - LOOK_BACK - OVERLAP), is_whole_day=True)
