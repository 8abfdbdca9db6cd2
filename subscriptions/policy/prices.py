"""Prices of add-ons (R11), original purchases and renewals: subtotal, discount, fee, and total
(R25, R26).

All amounts are whole minor units of a two-decimal currency.
"""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from subscriptions.policy.refusal import ALLOWED, Allowed, Money, Reason, Refusal

# The processor's limits for one payment, in minor units of a two-decimal currency (R10).
PROCESSOR_MINIMUM = 50
PROCESSOR_MAXIMUM = 99_999_999
# The maximum and all amounts assume two decimals.
CURRENCIES = ("usd", "cad")
FULL_PERCENT = 10_000  # basis points


def add_on_total(*, quantity: int, unit_amount: int) -> int:
    """Return the price of add-ons in minor units: the quantity times the locked price (R11)."""
    return quantity * unit_amount


class Discount(Protocol):
    """A discount of ``basis_points`` of the subtotal, or of ``amount``; only one is set."""

    @property
    def basis_points(self) -> int: ...
    @property
    def amount(self) -> int: ...
    @property
    def currency(self) -> str: ...
    @property
    def valid_from(self) -> date | None: ...
    @property
    def valid_until(self) -> date | None: ...


@dataclass(frozen=True)
class Price:
    """A price whose lines multiply out: quantity x unit - discount + fee = total."""

    quantity: int
    unit_amount: int
    discount_amount: int
    fee_amount: int

    @property
    def subtotal(self) -> int:
        """The amount before discount and fee."""
        return self.quantity * self.unit_amount

    @property
    def total(self) -> int:
        """The amount charged: 0, or at least the processor's minimum."""
        return self.subtotal - self.discount_amount + self.fee_amount


def compute_price(
    *, quantity: int, unit_amount: int, discount: Discount | None = None, fee: int = 0
) -> Price:
    """Compute a price (R26).

    A percentage is rounded down to a minor unit, and an amount is capped at the subtotal. A
    discount that would leave a total between 0 and the processor's minimum is reduced until the
    minimum remains.
    """
    subtotal = quantity * unit_amount
    reduction = 0
    if discount is not None:
        reduction = min(
            subtotal, discount.amount + subtotal * discount.basis_points // FULL_PERCENT
        )
    total = subtotal - reduction + fee
    if 0 < total < PROCESSOR_MINIMUM:
        reduction = max(0, reduction - (PROCESSOR_MINIMUM - total))
    return Price(
        quantity=quantity, unit_amount=unit_amount, discount_amount=reduction, fee_amount=fee
    )


# No real subscription costs more than this before its discount (20 million).
SUBTOTAL_MAXIMUM = 2_000_000_000


def may_be_priced(*, quantity: int, unit_amount: int) -> Allowed | Refusal:
    """Whether a quantity is small enough to compute with."""
    maximum = SUBTOTAL_MAXIMUM // unit_amount
    return Refusal(Reason.TOO_MANY, {"most": maximum}) if quantity > maximum else ALLOWED


def may_be_charged(price: Price, *, currency: str) -> Allowed | Refusal:
    """Whether the processor accepts this total in one payment (R25)."""
    if price.total > PROCESSOR_MAXIMUM:
        maximum = Money(PROCESSOR_MAXIMUM, currency)
        facts = {"total": Money(price.total, currency), "maximum": maximum}
        return Refusal(Reason.TOTAL_ABOVE_MAXIMUM, facts)
    return ALLOWED


def may_use_discount(
    discount: Discount, *, today: date, currency: str, uses_left: int | None, is_for_others: bool
) -> Allowed | Refusal:
    """Whether a discount applies on ``today`` to a purchase in ``currency`` (R26).

    ``uses_left``: None means unlimited. A code of another organization gets the same refusal as an
    unknown code.
    """
    if is_for_others or discount.currency != currency:
        return Refusal(Reason.DISCOUNT_UNKNOWN)
    if discount.valid_from is not None and today < discount.valid_from:
        return Refusal(Reason.DISCOUNT_NOT_YET, {"valid_from": discount.valid_from})
    if discount.valid_until is not None and today > discount.valid_until:
        return Refusal(Reason.DISCOUNT_OVER, {"valid_until": discount.valid_until})
    if uses_left is not None and uses_left <= 0:
        return Refusal(Reason.DISCOUNT_USED_UP)
    return ALLOWED
