"""Free licenses and the limit that applies (R5)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.policy import licenses
from subscriptions.policy.licenses import LaterTerm, Limit, threshold_reached
from subscriptions.policy.refusal import ALLOWED, Reason, Refusal

pytestmark = pytest.mark.one_database

NEXT = date(2027, 1, 1)


@pytest.mark.parametrize(
    ("held", "later", "checkout", "in_use", "free", "limit"),
    [
        (25, [], None, 23, 2, Limit.HELD_NOW),
        (25, [], None, 25, 0, Limit.HELD_NOW),
        (25, [20], None, 18, 2, Limit.NEXT_TERM),
        (25, [30], None, 23, 2, Limit.HELD_NOW),
        (25, [30, 19], None, 18, 1, Limit.NEXT_TERM),
        (25, [], 20, 20, 0, Limit.RENEWAL_CHECKOUT),
        (25, [], 30, 20, 5, Limit.HELD_NOW),
        (0, [], None, 17, 0, Limit.HELD_NOW),
        (25, [25], 25, 24, 1, Limit.HELD_NOW),
    ],
)
def test_free_licenses_are_the_smallest_limit_minus_those_in_use(
    held: int, later: list[int], checkout: int | None, in_use: int, free: int, limit: Limit
) -> None:
    count = licenses.count_licenses(
        held=held,
        in_use=in_use,
        later_terms=[LaterTerm(NEXT, number) for number in later],
        renewal_checkout_quantity=checkout,
    )

    assert (count.free, count.limit) == (free, limit)


def test_users_without_a_license_are_counted() -> None:
    count = licenses.count_licenses(held=20, in_use=23)

    assert (count.free, count.over) == (0, 3)


@pytest.mark.parametrize("number", [1, 2])
def test_free_licenses_can_be_used(number: int) -> None:
    count = licenses.count_licenses(held=25, in_use=23)

    assert licenses.may_take(count, number) == ALLOWED


@pytest.mark.parametrize(
    ("later", "checkout", "reason"),
    [
        ([], None, Reason.NO_LICENSE_FREE),
        ([24], None, Reason.LIMITED_BY_NEXT_TERM),
        ([], 24, Reason.LIMITED_BY_RENEWAL_CHECKOUT),
    ],
)
def test_refusal_names_the_limit_and_the_missing_number(
    later: list[int], checkout: int | None, reason: Reason
) -> None:
    count = licenses.count_licenses(
        held=25,
        in_use=24,
        later_terms=[LaterTerm(NEXT, number) for number in later],
        renewal_checkout_quantity=checkout,
    )
    decision = licenses.may_take(count, 3)

    assert isinstance(decision, Refusal)
    assert decision.reason == reason
    assert decision.facts["missing"] == 3 - count.free


@given(
    held=st.integers(0, 100),
    later=st.lists(st.integers(0, 100), max_size=3),
    checkout=st.none() | st.integers(1, 100),
    in_use=st.integers(0, 100),
    number=st.integers(1, 100),
)
def test_no_limit_is_ever_exceeded(
    held: int, later: list[int], checkout: int | None, in_use: int, number: int
) -> None:
    count = licenses.count_licenses(
        held=held,
        in_use=in_use,
        later_terms=[LaterTerm(NEXT, bound) for bound in later],
        renewal_checkout_quantity=checkout,
    )
    bounds = [held, *later, *([checkout] if checkout is not None else [])]

    allowed = licenses.may_take(count, number) == ALLOWED

    assert allowed == all(in_use + number <= bound for bound in bounds)


@pytest.mark.parametrize(
    ("number", "highest", "gaps", "usable", "numbers"),
    [
        (1, 0, [], 5, [1]),
        (1, 4, [2], 5, [5]),
        (1, 5, [2], 5, [2]),
        (1, 9, [3], 5, [3]),
        (3, 4, [2, 3], 5, [5, 2, 3]),
        (2, 5, [1, 4], 5, [1, 4]),
        # Fewer than requested, because none may be above the limit.
        (2, 5, [4], 5, [4]),
        (0, 4, [2], 5, []),
    ],
)
def test_next_numbers_follow_the_highest_and_then_fill_gaps(
    number: int, highest: int, gaps: list[int], usable: int, numbers: list[int]
) -> None:
    count = licenses.gaps_needed(number, highest=highest, usable=usable)

    found = licenses.next_license_numbers(number, highest=highest, gaps=gaps[:count], usable=usable)

    assert found == numbers


DEFAULT = [3, 2, 1, 0]


@pytest.mark.parametrize(
    ("thresholds", "before", "after", "reached"),
    [
        *[(DEFAULT, 5, 4, None), (DEFAULT, 4, 4, None), (DEFAULT, 0, 5, None), ([], 1, 0, None)],
        *[(DEFAULT, 4, 3, 3), (DEFAULT, 3, 2, 2), (DEFAULT, 2, 1, 1), (DEFAULT, 1, 0, 0)],
        *[(DEFAULT, 10, 0, 0), (DEFAULT, 10, 2, 2), ([3, 2], 3, 3, None), ([3, 2], 4, 3, 3)],
        *[([3, 2], 4, 2, 2), ([3, 2], 2, 2, None)],
    ],
)
def test_lowest_threshold_crossed_downward_is_reached(
    thresholds: list[int], before: int, after: int, reached: int | None
) -> None:
    assert threshold_reached(thresholds, before=before, after=after) == reached


class TestEqualLimits:
    def test_licenses_held_take_precedence_over_equal_limits(self) -> None:
        later = [LaterTerm(date(2032, 1, 1), 20), LaterTerm(date(2033, 1, 1), 20)]

        count = licenses.count_licenses(held=20, in_use=3, later_terms=later)

        assert (count.limit, count.limited_from) == (Limit.HELD_NOW, None)

    def test_first_of_equal_later_terms_is_the_limit(self) -> None:
        later = [LaterTerm(date(2033, 1, 1), 20), LaterTerm(date(2032, 1, 1), 20)]

        count = licenses.count_licenses(held=30, in_use=3, later_terms=later)

        assert count.limited_from == date(2033, 1, 1)

    @pytest.mark.parametrize(
        ("number", "highest", "usable", "gaps"),
        [(3, 10, 25, 0), (3, 22, 25, 0), (3, 23, 25, 1), (3, 25, 25, 3), (3, 30, 25, 3)],
    )
    def test_gaps_are_filled_only_after_the_highest_number(
        self, number: int, highest: int, usable: int, gaps: int
    ) -> None:
        assert licenses.gaps_needed(number, highest=highest, usable=usable) == gaps
