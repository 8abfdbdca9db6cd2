"""Number, price and dates of add-ons (R10, R11, R19-R22)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.policy import add_ons, calendar, prices
from subscriptions.policy.calendar import LastTerm
from subscriptions.policy.refusal import ALLOWED, Reason, Refusal

pytestmark = pytest.mark.one_database

NEW_YORK = ZoneInfo("America/New_York")
END = date(2026, 12, 31)


@pytest.mark.parametrize(
    ("typed", "quantity"),
    [("5", 5), (" 10 ", 10), ("5000", 5000), ("0010", 10), ("0", 0), ("7", 7)],
)
def test_digits_are_parsed(typed: str, quantity: int) -> None:
    assert add_ons.read_quantity(typed) == quantity


@pytest.mark.parametrize(
    "typed", ["", "   ", "7.5", "5e1", "1,000", "ten", "٥", "５", "²", "10 5", "0x10", "+5", "-"]
)
def test_anything_else_is_not_a_number(typed: str) -> None:
    read = add_ons.read_quantity(typed)

    assert isinstance(read, Refusal)
    assert read.reason == Reason.NOT_A_NUMBER


@pytest.mark.parametrize("typed", ["-5", "−5"])
def test_negative_number_is_too_few(typed: str) -> None:
    read = add_ons.read_quantity(typed)

    assert isinstance(read, Refusal)
    assert read.reason == Reason.TOO_FEW


@pytest.mark.parametrize("typed", ["1000000000000", "9" * 40])
def test_huge_number_is_above_the_ceiling(typed: str) -> None:
    read = add_ons.read_quantity(typed)

    assert isinstance(read, int)
    decision = add_ons.check_quantity(read, unit_amount=500, currency="usd")
    assert isinstance(decision, Refusal)
    assert decision.reason == Reason.ABOVE_CEILING


@pytest.mark.parametrize("quantity", [5, 10, 15, 5000])
def test_groups_of_five_are_sold(quantity: int) -> None:
    assert add_ons.check_quantity(quantity, unit_amount=500, currency="usd") == ALLOWED


@pytest.mark.parametrize(
    ("quantity", "nearest"), [(6, (5, 10)), (9, (5, 10)), (7, (5, 10)), (4999, (4995, 5000))]
)
def test_other_numbers_are_refused_with_the_nearest_groups(
    quantity: int, nearest: tuple[int, int]
) -> None:
    decision = add_ons.check_quantity(quantity, unit_amount=500, currency="usd")

    assert isinstance(decision, Refusal)
    assert decision.reason == Reason.NOT_IN_GROUPS
    assert decision.facts["nearest"] == nearest


@pytest.mark.parametrize("quantity", [-5, 0, 1, 4])
def test_less_than_one_group_is_too_few(quantity: int) -> None:
    decision = add_ons.check_quantity(quantity, unit_amount=500, currency="usd")

    assert isinstance(decision, Refusal)
    assert decision.reason == Reason.TOO_FEW


def test_processor_ceiling_is_the_only_limit() -> None:
    most = add_ons.most_per_purchase(500)

    assert most == 199_995
    assert prices.add_on_total(quantity=most, unit_amount=500) <= 99_999_999
    assert prices.add_on_total(quantity=most + 5, unit_amount=500) > 99_999_999
    assert add_ons.check_quantity(most, unit_amount=500, currency="usd") == ALLOWED
    above = add_ons.check_quantity(most + 5, unit_amount=500, currency="usd")
    assert isinstance(above, Refusal)
    assert above.facts["most"] == most


def test_just_above_the_last_group_only_the_lower_group_is_named() -> None:
    most = add_ons.most_per_purchase(99_999_999 // 10)

    decision = add_ons.check_quantity(7, unit_amount=99_999_999 // 5, currency="usd")

    assert most == 10
    assert isinstance(decision, Refusal)
    assert decision.reason == Reason.ABOVE_CEILING


@given(quantity=st.integers(-100, 200_100), unit_amount=st.integers(10, 100_000))
def test_quantity_is_allowed_exactly_when_it_can_be_charged(
    quantity: int, unit_amount: int
) -> None:
    can_be_charged = (
        quantity >= 5 and quantity % 5 == 0 and 50 <= quantity * unit_amount <= 99_999_999
    )

    decision = add_ons.check_quantity(quantity, unit_amount=unit_amount, currency="usd")

    assert (decision == ALLOWED) == can_be_charged


@given(quantity=st.integers(1, 100_000), unit_amount=st.integers(1, 10_000_000))
def test_price_is_a_whole_multiple(quantity: int, unit_amount: int) -> None:
    total = prices.add_on_total(quantity=quantity, unit_amount=unit_amount)

    assert isinstance(total, int)
    assert total // unit_amount == quantity
    assert total % unit_amount == 0


@pytest.mark.parametrize(
    ("quantity", "up", "after"),
    [(5, True, 10), (7, True, 10), (5, False, 5), (7, False, 5), (10, False, 5), (0, True, 5)],
)
def test_buttons_step_by_groups(quantity: int, up: bool, after: int) -> None:
    assert add_ons.stepped(quantity, up=up, most=1000) == after


def test_plus_button_stops_at_the_ceiling() -> None:
    assert add_ons.stepped(1000, up=True, most=1000) == 1000


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

    assert (decision.reason if isinstance(decision, Refusal) else None) == reason


def test_nothing_is_sold_without_a_term() -> None:
    decision = add_ons.may_add_licenses(None, now=OPENS, zone=NEW_YORK)

    assert isinstance(decision, Refusal)
    assert decision.reason == Reason.NO_TERM


def test_refusal_names_the_dates() -> None:
    decision = add_ons.may_add_licenses(LastTerm(END), now=OPENS, zone=NEW_YORK)

    assert isinstance(decision, Refusal)
    assert decision.facts == {
        "expires_on": END,
        "last_day_to_add": calendar.last_day_to_add(END),
        "renewal_opens_on": calendar.renewal_opens_on(END),
    }


class TestParsing:
    @pytest.mark.parametrize(
        ("text", "number"),
        [
            ("005", 5),
            ("0", 0),
            ("000", 0),
            ("X5", None),
            ("0" * 20 + "5", 5),
            ("999999999999", 999_999_999_999),
            ("1000000000000", 10**12),
            ("9" * 40, 10**12),
            ("\u22125", None),
            ("-\u0665", None),
            ("-5x", None),
        ],
    )
    def test_only_digits_are_allowed_at_any_length(self, text: str, number: int | None) -> None:
        response = add_ons.read_quantity(text)

        assert (None if isinstance(response, Refusal) else response) == number

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("-5", Reason.TOO_FEW),
            ("\u22125", Reason.TOO_FEW),
            ("-\u0665", Reason.NOT_A_NUMBER),
            ("-5\u0665", Reason.NOT_A_NUMBER),
            ("X5", Reason.NOT_A_NUMBER),
            ("-", Reason.NOT_A_NUMBER),
        ],
    )
    def test_negative_number_is_too_few(self, text: str, reason: Reason) -> None:
        response = add_ons.read_quantity(text)

        assert isinstance(response, Refusal)
        assert response.reason == reason

    @pytest.mark.parametrize(
        ("quantity", "up", "expected"),
        [
            *[(0, False, 5), (5, False, 5), (6, False, 5), (10, False, 5), (11, False, 10)],
            *[(20, False, 15), (4, True, 5), (5, True, 10), (9, True, 10), (100, True, 100)],
        ],
    )
    def test_steps_end_on_whole_groups(self, quantity: int, up: bool, expected: int) -> None:
        stepped = add_ons.stepped(quantity, up=up, most=100)

        assert stepped == expected
        assert isinstance(stepped, int)

    def test_above_the_maximum_no_number_is_suggested(self) -> None:
        """At this price one payment covers at most ten."""
        response = add_ons.check_quantity(7, unit_amount=9_999_999, currency="usd")

        assert response == Refusal(Reason.NOT_IN_GROUPS, {"quantity": 7, "nearest": (5, 10)})


@pytest.mark.parametrize(
    ("missing", "licenses"), [(-3, 0), (0, 0), (1, 5), (4, 5), (5, 5), (6, 10), (12, 15)]
)
def test_missing_licenses_are_covered_by_whole_groups(missing: int, licenses: int) -> None:
    """R10."""
    assert add_ons.in_groups(missing) == licenses
