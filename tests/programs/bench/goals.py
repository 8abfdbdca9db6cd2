"""Measured figures, compared with their goals."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PASS, FAIL, INCONCLUSIVE, NO_GOAL = "PASS", "FAIL", "INCONCLUSIVE", "no goal"
# If a baseline varies by a larger factor, something else was running on the machine.
MAX_VARIATION = 2.0


@dataclass(frozen=True)
class Result:
    """A figure measured in several rounds. ``goal`` is empty or looks like "<= 8"."""

    name: str
    values: Sequence[float]
    goal: str = ""
    unit: str = ""
    # What the ratios are relative to, round by round.
    baseline: Sequence[float] = ()
    note: str = ""

    @property
    def median(self) -> float:
        """Return the figure that is compared with the goal."""
        return statistics.median(self.values)

    @property
    def verdict(self) -> str:
        """Return whether the median reaches the goal."""
        if not self.goal:
            return NO_GOAL
        sign, limit = self.goal.split()
        reached = self.median >= float(limit) if sign == ">=" else self.median <= float(limit)
        if self.baseline and max(self.baseline) > MAX_VARIATION * min(self.baseline):
            return INCONCLUSIVE
        return PASS if reached else FAIL


def table(results: Sequence[Result]) -> str:
    """Return the results as text, one per line."""
    width = max(len(result.name) for result in results)
    head = f"{'':{width}}  {'median':>10} {'min':>10} {'max':>10}  {'goal':8} "
    return "\n".join([head, *(_line(result, width) for result in results)])


def _line(result: Result, width: int) -> str:
    figures = (result.median, min(result.values), max(result.values))
    columns = " ".join(f"{_format(figure):>10}" for figure in figures)
    unit = f"{result.unit}  {result.note}" if result.note else result.unit
    return f"{result.name:{width}}  {columns}  {result.goal:8} {result.verdict:12} {unit}".rstrip()


def _format(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 or figure == int(figure) else f"{figure:.3g}"


def write(results: Sequence[Result], about: dict[str, Any], path: Path) -> None:
    """Save the results as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{**asdict(one), "median": one.median, "verdict": one.verdict} for one in results]
    path.write_text(json.dumps({"about": about, "results": rows}, indent=1))
