"""Where the lines of a chart go, as percentages: words beside it keep their size on any screen."""

from dataclasses import dataclass
from datetime import date, timedelta

from subscriptions.licenses.history import History, Step
from subscriptions.policy.licenses import LicenseCount

# The scale ends at the next multiple of this: above every line, and its half is a whole number too.
SCALE_STEP = 10
METER_WIDTH = 1000


@dataclass(frozen=True)
class Line:
    """A line of the picture; ``is_ahead``: of days to come."""

    x1: str
    y1: str
    x2: str
    y2: str
    is_ahead: bool = False


@dataclass(frozen=True)
class HistoryChart:
    """The history of a term as lines."""

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


def chart_of(history: History) -> HistoryChart:
    """Draw the steps up to today as they were, and those of later days as what is ahead."""
    most = max([history.in_use, *(step.held for step in history.steps)])
    top = (most // SCALE_STEP + 1) * SCALE_STEP
    return HistoryChart(
        history=history,
        top=top,
        lines=tuple(_lines(history, top)),
        window_from=_x(history, history.window_opens_on),
        window_width=_percent(100 - _across(history, history.window_opens_on)),
        today=_x(history, history.today) if history.is_running else None,
        in_use=_y(history.in_use, top),
    )


def _lines(history: History, top: int) -> list[Line]:
    """Along each number, and up or down to the next."""
    lines = []
    for step, following in zip(history.steps, [*history.steps[1:], None], strict=True):
        until = following.day if following else history.ends_on + timedelta(days=1)
        lines += _along(history, step, until, top)
        if following:
            x = _x(history, until)
            lines.append(Line(x, _y(step.held, top), x, _y(following.held, top)))
    return lines


def _along(history: History, step: Step, until: date, top: int) -> list[Line]:
    """One number: in two parts where today lies within."""
    start, now, end = (_x(history, day) for day in (step.day, history.today, until))
    y = _y(step.held, top)
    if until <= history.today:
        return [Line(start, y, end, y)]
    if step.day >= history.today:
        return [Line(start, y, end, y, is_ahead=True)]
    return [Line(start, y, now, y), Line(now, y, end, y, is_ahead=True)]


def _across(history: History, day: date) -> float:
    days = (history.ends_on - history.starts_on).days + 1
    return 100 * (day - history.starts_on).days / days


def _x(history: History, day: date) -> str:
    return _percent(_across(history, day))


def _y(number: int, top: int) -> str:
    return _percent(100 - 100 * number / top)


def _percent(number: float) -> str:
    return f"{number:.2f}%"


@dataclass(frozen=True)
class Meter:
    """Lengths out of METER_WIDTH, on a ground of what is free.

    ``limit_at``: how far members may go, where the bar goes further (R5).
    """

    in_use: int
    asked: int
    limit_at: int | None


def meter_of(licenses: LicenseCount, asked: int) -> Meter | None:
    """The bar of licenses held, or of all that is used and asked for where that is more."""
    whole = max(licenses.held, licenses.in_use + asked)
    if not whole:
        return None
    used_to, asked_to, limit_at = (
        number * METER_WIDTH // whole
        for number in (licenses.in_use, licenses.in_use + asked, licenses.usable)
    )
    return Meter(
        in_use=used_to,
        asked=asked_to - used_to,
        limit_at=limit_at if limit_at < METER_WIDTH else None,
    )
