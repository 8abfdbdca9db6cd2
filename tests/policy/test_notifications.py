"""When "few licenses left" is said."""

import pytest

from subscriptions.policy.licenses import threshold_reached

pytestmark = pytest.mark.one_database

USUAL = [3, 2, 1, 0]


@pytest.mark.parametrize(
    ("before", "after", "reached"),
    [
        (5, 4, None),
        (4, 3, 3),
        (3, 2, 2),
        (2, 1, 1),
        (1, 0, 0),
        (10, 0, 0),
        (10, 2, 2),
        (4, 4, None),
    ],
)
def test_coming_down_to_a_threshold(before: int, after: int, reached: int | None) -> None:
    assert threshold_reached(USUAL, before=before, after=after) == reached


def test_without_thresholds_nothing_is_said() -> None:
    assert threshold_reached([], before=1, after=0) is None


def test_going_up_again_says_nothing() -> None:
    assert threshold_reached(USUAL, before=0, after=5) is None
