"""What the cost panel shows: every number of it multiplies out."""

from dataclasses import dataclass
from datetime import date

from subscriptions.models import Term
from subscriptions.policy import buying
from subscriptions.standing import Standing


@dataclass(frozen=True)
class Quote:
    """A number of add-ons at the locked price (R11). Amounts in minor units of ``currency``."""

    quantity: int
    unit_amount: int
    total: int
    currency: str
    held_before: int
    held_after: int
    # The largest number one payment can carry (R10).
    most: int
    locked_on: date
    expires_on: date


def quote(standing: Standing, term: Term, quantity: int) -> Quote:
    """The cost of ``quantity`` add-ons of ``term``, and what they make of the licenses held."""
    return Quote(
        quantity=quantity,
        unit_amount=term.unit_amount,
        total=buying.add_on_total(quantity=quantity, unit_amount=term.unit_amount),
        currency=term.currency,
        held_before=standing.licenses.held,
        held_after=standing.licenses.held + quantity,
        most=buying.most_per_purchase(term.unit_amount),
        locked_on=term.starts_on,
        expires_on=term.expires_on,
    )
