"""What was measured, held against its goal."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PASS, FAIL, INCONCLUSIVE, NOTED = "PASS", "FAIL", "INCONCLUSIVE", "noted"
# An anchor that swings by more says that something else was at work on the machine.
STEADY = 2.0


@dataclass(frozen=True)
class Result:
    """A figure of several rounds. ``goal``: ">= 0.5", "<= 8", or empty for a mere figure."""

    name: str
    values: Sequence[float]
    goal: str = ""
    unit: str = ""
    # What the ratios were taken against, round by round.
    anchor: Sequence[float] = ()
    note: str = ""

    @property
    def median(self) -> float:
        """The figure that is judged."""
        return statistics.median(self.values)

    @property
    def verdict(self) -> str:
        """Whether the median reaches the goal."""
        if not self.goal:
            return NOTED
        sign, limit = self.goal.split()
        reached = self.median >= float(limit) if sign == ">=" else self.median <= float(limit)
        if self.anchor and max(self.anchor) > STEADY * min(self.anchor):
            return INCONCLUSIVE
        return PASS if reached else FAIL


def table(results: Sequence[Result]) -> str:
    """The results as text, one a line."""
    width = max(len(result.name) for result in results)
    head = f"{'':{width}}  {'median':>10} {'least':>10} {'most':>10}  {'goal':8} "
    return "\n".join([head, *(_line(result, width) for result in results)])


def _line(result: Result, width: int) -> str:
    figures = (result.median, min(result.values), max(result.values))
    shown = " ".join(f"{_short(figure):>10}" for figure in figures)
    words = f"{result.unit}  {result.note}" if result.note else result.unit
    return f"{result.name:{width}}  {shown}  {result.goal:8} {result.verdict:12} {words}".rstrip()


def _short(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 or figure == int(figure) else f"{figure:.3g}"


def write(results: Sequence[Result], about: dict[str, Any], path: Path) -> None:
    """The same for machines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{**asdict(one), "median": one.median, "verdict": one.verdict} for one in results]
    path.write_text(json.dumps({"about": about, "results": rows}, indent=1))
