"""Discounts, fees and totals (R25, R26)."""

from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.policy import prices
from subscriptions.policy.refusal import ALLOWED, Reason
from tests.support.checks import reason_of

pytestmark = pytest.mark.one_database

TODAY = date(2031, 6, 16)


@dataclass(frozen=True)
class Discount:
    basis_points: int = 0
    amount: int = 0
    currency: str = "usd"
    valid_from: date | None = None
    valid_until: date | None = None


@pytest.mark.parametrize(
    ("quantity", "unit", "discount", "fee", "discounted", "total"),
    [
        (30, 500, None, 0, 0, 15_000),
        (30, 500, Discount(basis_points=1000), 0, 1500, 13_500),
        # Rounded down to a minor unit.
        (1, 333, Discount(basis_points=5000), 0, 166, 167),
        (3, 333, Discount(basis_points=1250), 0, 124, 875),
        (30, 500, Discount(amount=2000), 0, 2000, 13_000),
        # Capped at the subtotal.
        (1, 500, Discount(amount=2000), 0, 500, 0),
        (30, 500, Discount(basis_points=10_000), 0, 15_000, 0),
        # Never between 0 and the processor's minimum.
        (1, 500, Discount(amount=451), 0, 450, 50),
        (1, 500, Discount(amount=450), 0, 450, 50),
        (1, 500, Discount(amount=499), 0, 450, 50),
        (1, 500, Discount(amount=440), 0, 440, 60),
        (1, 500, Discount(amount=500), 0, 500, 0),
        (30, 500, Discount(basis_points=9999), 0, 14_950, 50),
        # The fee is added after the discount, which does not reduce it.
        (30, 500, Discount(basis_points=5000), 2500, 7500, 10_000),
        (30, 500, Discount(basis_points=10_000), 2500, 15_000, 2500),
        (30, 500, Discount(basis_points=10_000), 20, 14_970, 50),
    ],
)
def test_price_includes_discount_and_fee(
    quantity: int, unit: int, discount: Discount | None, fee: int, discounted: int, total: int
) -> None:
    price = prices.compute_price(quantity=quantity, unit_amount=unit, discount=discount, fee=fee)

    assert (price.discount_amount, price.fee_amount, price.total) == (discounted, fee, total)


@given(
    quantity=st.integers(1, 10_000),
    unit=st.integers(50, 10_000),
    basis_points=st.integers(0, 10_000),
    fee=st.integers(0, 100_000),
)
def test_every_price_multiplies_out_and_can_be_charged(
    quantity: int, unit: int, basis_points: int, fee: int
) -> None:
    price = prices.compute_price(
        quantity=quantity, unit_amount=unit, discount=Discount(basis_points=basis_points), fee=fee
    )

    assert price.total == quantity * unit - price.discount_amount + fee
    assert 0 <= price.discount_amount <= price.subtotal
    assert price.total == 0 or price.total >= 50
    assert price.discount_amount <= quantity * unit * basis_points / 10_000


@pytest.mark.parametrize(("quantity", "allowed"), [(199_999, True), (200_000, False)])
def test_total_is_limited_by_the_processor(quantity: int, allowed: bool) -> None:
    price = prices.compute_price(quantity=quantity, unit_amount=500)

    decision = prices.may_be_charged(price, currency="usd")

    assert (decision == ALLOWED) == allowed


@pytest.mark.parametrize(
    ("discount", "uses_left", "is_for_others", "reason"),
    [
        (Discount(), None, False, None),
        (Discount(), None, True, Reason.DISCOUNT_UNKNOWN),
        (Discount(currency="cad"), None, False, Reason.DISCOUNT_UNKNOWN),
        (Discount(valid_from=date(2031, 6, 17)), None, False, Reason.DISCOUNT_NOT_YET),
        (Discount(valid_from=TODAY), None, False, None),
        (Discount(valid_until=date(2031, 6, 15)), None, False, Reason.DISCOUNT_OVER),
        (Discount(valid_until=TODAY), None, False, None),
        (Discount(), 0, False, Reason.DISCOUNT_USED_UP),
        (Discount(), 1, False, None),
    ],
)
def test_only_valid_discounts_can_be_used(
    discount: Discount, uses_left: int | None, is_for_others: bool, reason: Reason | None
) -> None:
    decision = prices.may_use_discount(
        discount, today=TODAY, currency="usd", uses_left=uses_left, is_for_others=is_for_others
    )

    assert reason_of(decision) == reason


def test_discount_never_raises_a_small_price() -> None:
    price = prices.compute_price(quantity=1, unit_amount=30, discount=Discount(amount=5))

    assert (price.discount_amount, price.fee_amount) == (0, 0)
