"""When "few licenses left" is said."""

from collections.abc import Iterable


def threshold_reached(thresholds: Iterable[int], *, before: int, after: int) -> int | None:
    """The lowest threshold that the number of free licenses has come down to, if any.

    ``before`` and ``after``: free licenses before and after some were taken. Coming down past
    several at once is said once.
    """
    reached = [threshold for threshold in thresholds if after <= threshold < before]
    return min(reached, default=None)
