"""What a refund or a lost dispute reverses, and what support may refund (R30).

Amounts are in minor units.
"""

from dataclasses import dataclass
from datetime import date

from subscriptions.policy.add_ons import GROUP_SIZE
from subscriptions.policy.refusal import ALLOWED, Allowed, Reason, Refusal


def is_fully_refunded(total_amount: int, refunded_amount: int) -> bool:
    """Whether the whole payment has been refunded; never true for a free purchase (R30)."""
    return 0 < total_amount <= refunded_amount


@dataclass(frozen=True)
class PaidPurchase:
    """What was bought, what was paid, and how much has been refunded so far."""

    quantity: int
    unit_amount: int
    total_amount: int
    refunded_amount: int
    currency: str

    @property
    def is_refunded(self) -> bool:
        return is_fully_refunded(self.total_amount, self.refunded_amount)

    @property
    def amount_left(self) -> int:
        """The amount that can still be refunded."""
        return max(0, self.total_amount - self.refunded_amount)


def reversed_add_ons(purchase: PaidPurchase) -> int:
    """Return how many licenses of an add-on purchase its refunds have reversed.

    All of them after a full refund, else whole groups of 5; any remaining money is goodwill.
    """
    if purchase.is_refunded:
        return purchase.quantity
    groups = purchase.refunded_amount // (GROUP_SIZE * purchase.unit_amount)
    return min(purchase.quantity, GROUP_SIZE * groups)


def reversed_included_licenses(purchase: PaidPurchase) -> int:
    """Return the reversed licenses of a renewal or original purchase: all of them, or none."""
    return purchase.quantity if purchase.is_refunded else 0


def may_refund_add_ons(purchase: PaidPurchase, licenses: int) -> Allowed | Refusal:
    """Whether support may refund ``licenses`` add-ons of a purchase: groups of 5, or all left."""
    left = purchase.quantity - reversed_add_ons(purchase)
    if not purchase.amount_left or not left:
        return Refusal(Reason.REFUNDED_ALREADY)
    if licenses < GROUP_SIZE or licenses % GROUP_SIZE or licenses > left:
        return Refusal(Reason.REFUND_NOT_IN_GROUPS, {"most": left})
    return ALLOWED


def amount_for(purchase: PaidPurchase, licenses: int) -> int:
    """Return the refund for ``licenses`` add-ons; the last ones get all the money left."""
    if licenses == purchase.quantity - reversed_add_ons(purchase):
        return purchase.amount_left
    return licenses * purchase.unit_amount


def may_refund_term(
    purchase: PaidPurchase, *, later_term_starts_on: date | None
) -> Allowed | Refusal:
    """Whether support may refund a renewal or original purchase: the last paid term first."""
    if purchase.total_amount == 0:
        return Refusal(Reason.NOTHING_WAS_PAID)
    if not purchase.amount_left:
        return Refusal(Reason.REFUNDED_ALREADY)
    if later_term_starts_on is not None:
        return Refusal(Reason.LATER_TERM_IS_PAID, {"starts_on": later_term_starts_on})
    return ALLOWED
