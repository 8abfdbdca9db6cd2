"""The figures on cost panels: all lines add up, and the total shown is the total charged."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from billing.models import Purchase
from subscriptions import clock
from subscriptions.licenses.status import SubscriptionStatus
from subscriptions.models import Discount, Package, Term
from subscriptions.policy import add_ons, calendar, prices
from subscriptions.policy.prices import Price


@dataclass(frozen=True)
class Quote:
    """The cost of add-ons at the locked price (R11). Amounts in minor units of ``currency``."""

    quantity: int
    unit_amount: int
    total: int
    currency: str
    held_before: int
    held_after: int
    # The largest number that one payment can buy (R10).
    maximum: int
    locked_on: date
    expires_on: date


def quote(subscription: SubscriptionStatus, term: Term, quantity: int) -> Quote:
    """Return the cost of ``quantity`` add-ons of ``term``, and the licenses held afterwards."""
    return Quote(
        quantity=quantity,
        unit_amount=term.unit_amount,
        total=prices.add_on_total(quantity=quantity, unit_amount=term.unit_amount),
        currency=term.currency,
        held_before=subscription.licenses.held,
        held_after=subscription.licenses.held + quantity,
        maximum=add_ons.max_per_purchase(term.unit_amount),
        locked_on=calendar.local_date(term.created_at, clock.zone()),
        expires_on=term.expires_on,
    )


@dataclass(frozen=True)
class Headcount:
    """People to add, and the add-ons needed; ``quote`` is None if enough licenses are free."""

    people: int
    free: int
    quote: Quote | None


def headcount(subscription: SubscriptionStatus, term: Term, people: int) -> Headcount:
    """Return the add-ons needed for ``people`` more users (R5, R10)."""
    quantity = add_ons.round_up_to_groups(people - subscription.licenses.room)
    return Headcount(
        people,
        subscription.licenses.free,
        quote(subscription, term, quantity) if quantity else None,
    )


class PriceChanged(Exception):
    """The price shown is no longer current; nothing was started."""


def price_fingerprint(package: Package, price: Price, discount: Discount | None) -> str:
    """Return all facts shown with a price as one line, for the form to send back.

    The total is not enough: a shorter term or fewer licenses may cost the same.
    """
    facts = (
        package.pk,
        package.term_years,
        price.quantity,
        price.unit_amount,
        discount.pk if discount else 0,
        price.discount_amount,
        price.fee_amount,
    )
    return "-".join(str(fact) for fact in facts)


def purchase_fingerprint(purchase: Purchase, package: Package) -> str:
    """Return the same line for a started purchase of ``package``, from its frozen facts."""
    price = Price(
        quantity=purchase.quantity,
        unit_amount=purchase.unit_amount,
        discount_amount=purchase.discount_amount,
        fee_amount=purchase.fee_amount,
    )
    package.term_years = purchase.term_years or package.term_years
    return price_fingerprint(package, price, purchase.discount)


@dataclass(frozen=True)
class Plan:
    """What a term costs, line by line. Amounts in minor units of ``currency``."""

    package: Package
    price: Price
    discount: Discount | None

    @property
    def currency(self) -> str:
        """The currency of all amounts."""
        return self.package.currency

    @property
    def fingerprint(self) -> str:
        """The whole plan in one line, to compare on payment."""
        return price_fingerprint(self.package, self.price, self.discount)

    def purchase_fields(self) -> dict[str, Any]:
        """Return the purchase fields that freeze this plan (R31)."""
        return {
            "quantity": self.price.quantity,
            "unit_amount": self.price.unit_amount,
            "discount_amount": self.price.discount_amount,
            "fee_amount": self.price.fee_amount,
            "total_amount": self.price.total,
            "currency": self.currency,
            "discount": self.discount,
            "discount_name": self.discount.name if self.discount else "",
            "package_name": self.package.name,
            "term_years": self.package.term_years,
        }
