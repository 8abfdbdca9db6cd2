"""Quantity, price and dates of add-ons (R10, R11, R19-R22)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.policy import add_ons, calendar, prices
from subscriptions.policy.calendar import LastTerm
from subscriptions.policy.refusal import ALLOWED, Reason, Refusal
from tests.support.checks import reason_of

pytestmark = pytest.mark.one_database

NEW_YORK = ZoneInfo("America/New_York")
END = date(2026, 12, 31)


NOT_NUMBERS = [
    *["", "   ", "7.5", "5e1", "1,000", "ten", "٥", "５", "²", "10 5", "0x10", "+5", "-"],
    *["X5", "-\u0665", "-5\u0665", "-5x"],
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *[("5", 5), (" 10 ", 10), ("5000", 5000), ("0010", 10), ("0", 0), ("7", 7), ("000", 0)],
        *[("0" * 20 + "5", 5), ("999999999999", 999_999_999_999)],
        # Above every limit, however long.
        *[("1000000000000", 10**12), ("9" * 40, 10**12)],
        *[("-5", Reason.TOO_FEW), ("\u22125", Reason.TOO_FEW)],
        *[(text, Reason.NOT_A_NUMBER) for text in NOT_NUMBERS],
    ],
)
def test_entered_quantity_is_parsed_or_refused(text: str, expected: int | Reason) -> None:
    quantity = add_ons.read_quantity(text)

    assert (reason_of(quantity) or quantity) == expected


def test_huge_quantity_is_above_the_limit() -> None:
    decision = add_ons.check_quantity(10**12, unit_amount=500, currency="usd")

    assert reason_of(decision) == Reason.ABOVE_MAXIMUM


@pytest.mark.parametrize("quantity", [5, 10, 15, 5000])
def test_groups_of_five_are_sold(quantity: int) -> None:
    assert add_ons.check_quantity(quantity, unit_amount=500, currency="usd") == ALLOWED


@pytest.mark.parametrize(
    ("quantity", "nearest"), [(6, (5, 10)), (9, (5, 10)), (7, (5, 10)), (4999, (4995, 5000))]
)
def test_other_quantities_are_refused_with_the_nearest_groups(
    quantity: int, nearest: tuple[int, int]
) -> None:
    decision = add_ons.check_quantity(quantity, unit_amount=500, currency="usd")

    assert isinstance(decision, Refusal)
    assert decision.reason == Reason.NOT_IN_GROUPS
    assert decision.facts["nearest"] == nearest


@pytest.mark.parametrize("quantity", [-5, 0, 1, 4])
def test_fewer_than_one_group_is_refused(quantity: int) -> None:
    decision = add_ons.check_quantity(quantity, unit_amount=500, currency="usd")

    assert reason_of(decision) == Reason.TOO_FEW


def test_processor_limit_is_the_only_maximum() -> None:
    most = add_ons.max_per_purchase(500)

    assert most == 199_995
    assert prices.add_on_total(quantity=most, unit_amount=500) <= 99_999_999
    assert prices.add_on_total(quantity=most + 5, unit_amount=500) > 99_999_999
    assert add_ons.check_quantity(most, unit_amount=500, currency="usd") == ALLOWED
    above = add_ons.check_quantity(most + 5, unit_amount=500, currency="usd")
    assert isinstance(above, Refusal)
    assert above.facts["most"] == most


def test_quantity_above_the_last_group_is_above_the_limit() -> None:
    most = add_ons.max_per_purchase(99_999_999 // 10)

    decision = add_ons.check_quantity(7, unit_amount=99_999_999 // 5, currency="usd")

    assert most == 10
    assert reason_of(decision) == Reason.ABOVE_MAXIMUM


@given(quantity=st.integers(-100, 200_100), unit_amount=st.integers(10, 100_000))
def test_quantity_is_allowed_only_if_it_can_be_charged(quantity: int, unit_amount: int) -> None:
    can_be_charged = (
        quantity >= 5 and quantity % 5 == 0 and 50 <= quantity * unit_amount <= 99_999_999
    )

    decision = add_ons.check_quantity(quantity, unit_amount=unit_amount, currency="usd")

    assert (decision == ALLOWED) == can_be_charged


@given(quantity=st.integers(1, 100_000), unit_amount=st.integers(1, 10_000_000))
def test_total_is_a_multiple_of_the_unit_amount(quantity: int, unit_amount: int) -> None:
    total = prices.add_on_total(quantity=quantity, unit_amount=unit_amount)

    assert isinstance(total, int)
    assert total // unit_amount == quantity
    assert total % unit_amount == 0


@pytest.mark.parametrize(
    ("quantity", "up", "expected"),
    [
        *[(0, False, 5), (5, False, 5), (6, False, 5), (7, False, 5), (10, False, 5)],
        *[(11, False, 10), (20, False, 15), (0, True, 5), (4, True, 5), (5, True, 10)],
        *[(7, True, 10), (9, True, 10), (100, True, 100)],
    ],
)
def test_buttons_step_by_groups_up_to_the_maximum(quantity: int, up: bool, expected: int) -> None:
    new_quantity = add_ons.next_quantity(quantity, up=up, maximum=100)

    assert new_quantity == expected
    assert isinstance(new_quantity, int)


OPENS = datetime(2026, 12, 2, 5, tzinfo=UTC)
ENDS = datetime(2027, 1, 1, 5, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (OPENS - SECOND, None),
        (OPENS, Reason.RENEWAL_OPEN),
        (OPENS + SECOND, Reason.RENEWAL_OPEN),
        (ENDS - SECOND, Reason.RENEWAL_OPEN),
        (ENDS, Reason.EXPIRED),
        (ENDS + SECOND, Reason.EXPIRED),
    ],
)
def test_add_ons_are_sold_until_renewal_opens(now: datetime, reason: Reason | None) -> None:
    decision = add_ons.may_add_licenses(LastTerm(END), now=now, zone=NEW_YORK)

    assert reason_of(decision) == reason


def test_no_add_ons_are_sold_without_a_term() -> None:
    assert reason_of(add_ons.may_add_licenses(None, now=OPENS, zone=NEW_YORK)) == Reason.NO_TERM


def test_refusal_names_the_dates() -> None:
    decision = add_ons.may_add_licenses(LastTerm(END), now=OPENS, zone=NEW_YORK)

    assert isinstance(decision, Refusal)
    assert decision.facts == {
        "expires_on": END,
        "last_day_to_add": calendar.last_day_to_add(END),
        "renewal_opens_on": calendar.renewal_opens_on(END),
    }


def test_suggested_quantities_stay_within_the_maximum() -> None:
    """At this price, one payment covers at most 10 licenses."""
    decision = add_ons.check_quantity(7, unit_amount=9_999_999, currency="usd")

    assert decision == Refusal(Reason.NOT_IN_GROUPS, {"quantity": 7, "nearest": (5, 10)})


@pytest.mark.parametrize(
    ("missing", "licenses"), [(-3, 0), (0, 0), (1, 5), (4, 5), (5, 5), (6, 10), (12, 15)]
)
def test_missing_licenses_are_covered_by_whole_groups(missing: int, licenses: int) -> None:
    """R10"""
    assert add_ons.round_up_to_groups(missing) == licenses
