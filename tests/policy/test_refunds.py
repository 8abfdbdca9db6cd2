"""Licenses that refunds reverse, and refunds that support may make (R30)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.policy import refunds
from subscriptions.policy.refunds import PaidPurchase
from subscriptions.policy.refusal import ALLOWED, Reason, Refusal
from tests.support.checks import reason_of

pytestmark = pytest.mark.one_database


def bought(quantity: int = 10, refunded: int = 0, unit_amount: int = 500) -> PaidPurchase:
    return PaidPurchase(quantity, unit_amount, quantity * unit_amount, refunded, "usd")


@pytest.mark.parametrize(
    ("refunded", "licenses"),
    [(0, 0), (700, 0), (2499, 0), (2500, 5), (2501, 5), (4999, 5), (5000, 10), (6000, 10)],
)
def test_only_whole_groups_are_reversed(refunded: int, licenses: int) -> None:
    assert refunds.reversed_add_ons(bought(10, refunded)) == licenses


@given(groups=st.integers(1, 500), unit=st.integers(10, 5000), part=st.floats(0, 1))
def test_reversal_never_exceeds_the_refund(groups: int, unit: int, part: float) -> None:
    quantity = 5 * groups
    refunded = int(quantity * unit * part)
    licenses = refunds.reversed_add_ons(bought(quantity, refunded, unit))

    assert licenses % 5 == 0
    assert 0 <= licenses <= quantity
    assert licenses * unit <= refunded < (licenses + 5) * unit or licenses == quantity


@pytest.mark.parametrize(("refunded", "licenses"), [(0, 0), (12_499, 0), (12_500, 25)])
def test_term_is_reversed_only_by_a_full_refund(refunded: int, licenses: int) -> None:
    assert refunds.reversed_included_licenses(bought(25, refunded)) == licenses


def test_full_refund_of_a_discounted_purchase_reverses_it() -> None:
    purchase = PaidPurchase(25, 500, 10_000, 10_000, "usd")

    assert purchase.is_refunded
    assert refunds.reversed_included_licenses(purchase) == 25


def test_free_purchase_is_never_refunded() -> None:
    """Otherwise a free renewal would cancel itself."""
    free = PaidPurchase(25, 500, 0, 0, "usd")

    assert not free.is_refunded
    assert refunds.reversed_included_licenses(free) == 0
    decision = refunds.may_refund_term(free, later_term_starts_on=None)
    assert reason_of(decision) == Reason.NOTHING_WAS_PAID


class TestAddOnRefunds:
    @pytest.mark.parametrize("licenses", [5, 10])
    def test_groups_of_5_can_be_refunded(self, licenses: int) -> None:
        assert refunds.may_refund_add_ons(bought(10), licenses) == ALLOWED

    @pytest.mark.parametrize("licenses", [-5, 0, 1, 4, 6, 11, 15])
    def test_other_numbers_are_refused(self, licenses: int) -> None:
        decision = refunds.may_refund_add_ons(bought(10), licenses)

        assert isinstance(decision, Refusal)
        assert decision.reason == Reason.REFUND_NOT_IN_GROUPS
        assert decision.facts["most"] == 10

    def test_refund_is_limited_to_the_remaining_licenses(self) -> None:
        decision = refunds.may_refund_add_ons(bought(10, 2500), 10)

        assert isinstance(decision, Refusal)
        assert decision.facts["most"] == 5
        assert refunds.may_refund_add_ons(bought(10, 2500), 5) == ALLOWED

    def test_last_group_is_refunded_at_the_remaining_amount(self) -> None:
        """After a goodwill refund of $7, $43 remain for 10 licenses."""
        assert refunds.amount_for(bought(10, 700), 10) == 4300
        assert refunds.amount_for(bought(10, 700), 5) == 2500
        assert refunds.amount_for(bought(10, 2500), 5) == 2500

    def test_group_is_refunded_at_no_more_than_what_remains(self) -> None:
        """$27 of $50 have been refunded, $2 of that as goodwill, so only $23 remain."""
        assert refunds.amount_for(bought(10, 2700), 5) == 2300

    def test_second_refund_is_refused(self) -> None:
        assert reason_of(refunds.may_refund_add_ons(bought(10, 5000), 5)) == Reason.REFUNDED_ALREADY


def test_last_paid_term_must_be_refunded_first() -> None:
    decision = refunds.may_refund_term(bought(25), later_term_starts_on=date(2032, 1, 1))

    assert reason_of(decision) == Reason.LATER_TERM_IS_PAID
    assert refunds.may_refund_term(bought(25), later_term_starts_on=None) == ALLOWED


@pytest.mark.parametrize(
    ("total", "refunded", "is_full"),
    [(0, 0, False), (1, 0, False), (1, 1, True), (50, 49, False), (50, 50, True), (50, 51, True)],
)
def test_fully_refunded_purchase_is_recognized(total: int, refunded: int, is_full: bool) -> None:
    """R30"""
    assert refunds.is_fully_refunded(total, refunded) == is_full
