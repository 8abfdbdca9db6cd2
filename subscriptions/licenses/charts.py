"""Coordinates of charts as percentages, so that labels keep their size on any screen."""

from dataclasses import dataclass
from datetime import date, timedelta

from subscriptions.licenses.history import History, Step
from subscriptions.policy.licenses import LicenseCount

# The scale ends at the next multiple of this, above every line; half of it is a whole number too.
SCALE_STEP = 10
METER_WIDTH = 1000


@dataclass(frozen=True)
class Line:
    """A line of the chart; ``is_future`` marks future days."""

    x1: str
    y1: str
    x2: str
    y2: str
    is_future: bool = False


@dataclass(frozen=True)
class HistoryChart:
    """The history of a term as chart lines."""

    history: History
    top: int
    lines: tuple[Line, ...]
    window_from: str
    window_width: str
    today: str | None
    in_use: str

    @property
    def half(self) -> int:
        """The middle of the scale."""
        return self.top // 2


def build_chart(history: History) -> HistoryChart:
    """Return the chart of a history; days after today are marked as future."""
    most = max([history.in_use, *(step.held for step in history.steps)])
    top = (most // SCALE_STEP + 1) * SCALE_STEP
    return HistoryChart(
        history=history,
        top=top,
        lines=tuple(_lines(history, top)),
        window_from=_x(history, history.window_opens_on),
        window_width=_percent(100 - _percent_across(history, history.window_opens_on)),
        today=_x(history, history.today) if history.is_running else None,
        in_use=_y(history.in_use, top),
    )


def _lines(history: History, top: int) -> list[Line]:
    """Return a horizontal line for each number of licenses, joined by vertical lines."""
    lines = []
    for step, following in zip(history.steps, [*history.steps[1:], None], strict=True):
        until = following.day if following else history.ends_on + timedelta(days=1)
        lines += _step_lines(history, step, until, top)
        if following:
            x = _x(history, until)
            lines.append(Line(x, _y(step.held, top), x, _y(following.held, top)))
    return lines


def _step_lines(history: History, step: Step, until: date, top: int) -> list[Line]:
    """Return the horizontal line for one step, split at today if today is within it."""
    start, now, end = (_x(history, day) for day in (step.day, history.today, until))
    y = _y(step.held, top)
    if until <= history.today:
        return [Line(start, y, end, y)]
    if step.day >= history.today:
        return [Line(start, y, end, y, is_future=True)]
    return [Line(start, y, now, y), Line(now, y, end, y, is_future=True)]


def _percent_across(history: History, day: date) -> float:
    days = (history.ends_on - history.starts_on).days + 1
    return 100 * (day - history.starts_on).days / days


def _x(history: History, day: date) -> str:
    return _percent(_percent_across(history, day))


def _y(number: int, top: int) -> str:
    return _percent(100 - 100 * number / top)


def _percent(number: float) -> str:
    return f"{number:.2f}%"


@dataclass(frozen=True)
class Meter:
    """Lengths of the bar's parts out of METER_WIDTH; the rest is free.

    ``limit_at``: the limit of members, if it is below the end of the bar (R5).
    """

    in_use: int
    requested: int
    limit_at: int | None


def build_meter(licenses: LicenseCount, requested: int) -> Meter | None:
    """Return the bar for licenses held, or for those in use and requested if that is more."""
    whole = max(licenses.held, licenses.in_use + requested)
    if not whole:
        return None
    used_to, requested_to, limit_at = (
        number * METER_WIDTH // whole
        for number in (licenses.in_use, licenses.in_use + requested, licenses.usable)
    )
    return Meter(
        in_use=used_to,
        requested=requested_to - used_to,
        limit_at=limit_at if limit_at < METER_WIDTH else None,
    )
