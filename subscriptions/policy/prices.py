"""What add-ons cost (R11), and original purchase and renewal: subtotal, discount, fee, total (R25,
R26).

All amounts are whole minor units of a two-decimal currency.
"""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from subscriptions.policy.refusal import ALLOWED, Allowed, Money, Reason, Refusal

# What the processor takes in one payment, in minor units of a two-decimal currency (R10).
PROCESSOR_MINIMUM = 50
PROCESSOR_CEILING = 99_999_999
# All of two decimals: the ceiling and every amount here count on it.
CURRENCIES = ("usd", "cad")
FULL_PERCENT = 10_000  # basis points


def add_on_total(*, quantity: int, unit_amount: int) -> int:
    """The price of add-ons in minor units: the locked price times the number, whole (R11)."""
    return quantity * unit_amount


class Discount(Protocol):
    """What takes off ``basis_points`` of the subtotal, or ``amount``; one of them."""

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
        """Before discount and fee."""
        return self.quantity * self.unit_amount

    @property
    def total(self) -> int:
        """What is charged: 0, or what the processor takes."""
        return self.subtotal - self.discount_amount + self.fee_amount


def price_of(
    *, quantity: int, unit_amount: int, discount: Discount | None = None, fee: int = 0
) -> Price:
    """Work out a price (R26).

    A percentage is rounded down to a minor unit; an amount is capped at the subtotal. A discount
    that would leave a total between 0 and the processor's minimum is lowered until the minimum
    remains.
    """
    subtotal = quantity * unit_amount
    taken = 0
    if discount is not None:
        taken = min(subtotal, discount.amount + subtotal * discount.basis_points // FULL_PERCENT)
    total = subtotal - taken + fee
    if 0 < total < PROCESSOR_MINIMUM:
        taken = max(0, taken - (PROCESSOR_MINIMUM - total))
    return Price(quantity=quantity, unit_amount=unit_amount, discount_amount=taken, fee_amount=fee)


# A price before its discount that is larger than this is nobody's subscription (20 million).
SUBTOTAL_CEILING = 2_000_000_000


def may_be_counted(*, quantity: int, unit_amount: int) -> Allowed | Refusal:
    """Whether a number of licenses is one that can be worked with at all."""
    most = SUBTOTAL_CEILING // unit_amount
    return Refusal(Reason.TOO_MANY, {"most": most}) if quantity > most else ALLOWED


def may_be_charged(price: Price, *, currency: str) -> Allowed | Refusal:
    """Whether the processor takes this total in one payment (R25)."""
    if price.total > PROCESSOR_CEILING:
        ceiling = Money(PROCESSOR_CEILING, currency)
        facts = {"total": Money(price.total, currency), "ceiling": ceiling}
        return Refusal(Reason.TOTAL_ABOVE_CEILING, facts)
    return ALLOWED


def may_use_discount(
    discount: Discount, *, today: date, currency: str, uses_left: int | None, is_for_others: bool
) -> Allowed | Refusal:
    """Whether a discount applies on ``today`` to a purchase in ``currency`` (R26).

    ``uses_left`` None: without limit. A code of another organization gets the same answer as one
    that does not exist.
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
