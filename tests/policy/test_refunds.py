"""What a refund takes back, and what support may refund (R30)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.policy import refunds
from subscriptions.policy.refunds import PaidPurchase
from subscriptions.policy.refusal import ALLOWED, Reason, Refusal

pytestmark = pytest.mark.one_database


def bought(quantity: int = 10, refunded: int = 0, unit_amount: int = 500) -> PaidPurchase:
    return PaidPurchase(quantity, unit_amount, quantity * unit_amount, refunded, "usd")


@pytest.mark.parametrize(
    ("refunded", "licenses"),
    [
        (0, 0),
        (700, 0),
        (2499, 0),
        (2500, 5),
        (2501, 5),
        (4999, 5),
        (5000, 10),
        (6000, 10),
    ],
)
def test_add_ons_go_in_whole_groups_and_the_rest_is_goodwill(refunded: int, licenses: int) -> None:
    assert refunds.reversed_add_ons(bought(10, refunded)) == licenses


@given(groups=st.integers(1, 500), unit=st.integers(10, 5000), part=st.floats(0, 1))
def test_never_more_than_was_bought_and_never_less_than_was_paid_for(
    groups: int, unit: int, part: float
) -> None:
    quantity = 5 * groups
    refunded = int(quantity * unit * part)
    taken = refunds.reversed_add_ons(bought(quantity, refunded, unit))

    assert taken % 5 == 0
    assert 0 <= taken <= quantity
    assert taken * unit <= refunded < (taken + 5) * unit or taken == quantity


@pytest.mark.parametrize(("refunded", "licenses"), [(0, 0), (12_499, 0), (12_500, 25)])
def test_a_term_goes_as_a_whole_or_not_at_all(refunded: int, licenses: int) -> None:
    assert refunds.reversed_included(bought(25, refunded)) == licenses


def test_a_discounted_purchase_is_refunded_in_full_by_what_was_paid() -> None:
    purchase = PaidPurchase(25, 500, 10_000, 10_000, "usd")

    assert purchase.is_refunded
    assert refunds.reversed_included(purchase) == 25


def test_a_free_purchase_is_never_refunded() -> None:
    """Else a renewal for nothing would cancel itself."""
    free = PaidPurchase(25, 500, 0, 0, "usd")

    assert not free.is_refunded
    assert refunds.reversed_included(free) == 0
    decision = refunds.may_refund_term(free, later_term_starts_on=None)
    assert isinstance(decision, Refusal)
    assert decision.reason == Reason.NOTHING_WAS_PAID


class TestRefundingAddOns:
    @pytest.mark.parametrize("licenses", [5, 10])
    def test_groups_of_5_up_to_all(self, licenses: int) -> None:
        assert refunds.may_refund_add_ons(bought(10), licenses) == ALLOWED

    @pytest.mark.parametrize("licenses", [-5, 0, 1, 4, 6, 11, 15])
    def test_any_other_number_is_refused(self, licenses: int) -> None:
        decision = refunds.may_refund_add_ons(bought(10), licenses)

        assert isinstance(decision, Refusal)
        assert decision.reason == Reason.REFUND_NOT_IN_GROUPS
        assert decision.facts["most"] == 10

    def test_not_more_than_is_left(self) -> None:
        decision = refunds.may_refund_add_ons(bought(10, 2500), 10)

        assert isinstance(decision, Refusal)
        assert decision.facts["most"] == 5
        assert refunds.may_refund_add_ons(bought(10, 2500), 5) == ALLOWED

    def test_the_last_group_takes_the_rest_of_the_money_along(self) -> None:
        """After $7 of goodwill the last 10 are worth $43: no more is left."""
        assert refunds.amount_for(bought(10, 700), 10) == 4300
        assert refunds.amount_for(bought(10, 700), 5) == 2500
        assert refunds.amount_for(bought(10, 2500), 5) == 2500

    def test_a_group_whose_price_is_not_left_any_more(self) -> None:
        """$27 of $50 are gone, $2 of them goodwill: the other group is all that is left."""
        assert refunds.amount_for(bought(10, 2700), 5) == 2300

    def test_twice(self) -> None:
        decision = refunds.may_refund_add_ons(bought(10, 5000), 5)

        assert isinstance(decision, Refusal)
        assert decision.reason == Reason.REFUNDED_ALREADY


def test_the_last_paid_term_goes_first() -> None:
    decision = refunds.may_refund_term(bought(25), later_term_starts_on=date(2032, 1, 1))

    assert isinstance(decision, Refusal)
    assert decision.reason == Reason.LATER_TERM_IS_PAID
    assert refunds.may_refund_term(bought(25), later_term_starts_on=None) == ALLOWED


@pytest.mark.parametrize(
    ("total", "refunded", "is_all"),
    [(0, 0, False), (1, 0, False), (1, 1, True), (50, 49, False), (50, 50, True), (50, 51, True)],
)
def test_when_all_the_money_is_back(total: int, refunded: int, is_all: bool) -> None:
    """R30."""
    assert refunds.is_all_back(total, refunded) == is_all
