"""Matching a paid Checkout Session with its purchase (R12, R15).

Pure functions of plain values.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

# The kinds of cards accepted (R12). The processor does not know the kind of some cards, and advises
# accepting them.
ACCEPTED_FUNDING = ("credit", "debit", "unknown")


@dataclass(frozen=True)
class Facts:
    """The values to match. Amounts in minor units; quantity and unit amount are the line item's."""

    purchase_id: str
    mode: str
    amount_total: int
    amount_received: int
    currency: str
    livemode: bool
    quantity: int | None
    unit_amount: int | None


def differences(expected: Facts, received: Facts) -> Mapping[str, tuple[object, object]]:
    """Return the facts that differ, each as (expected, received); empty if all match."""
    actual = asdict(received)
    return {
        name: (value, actual[name])
        for name, value in asdict(expected).items()
        if value != actual[name]
    }


def is_accepted_funding(funding: str) -> bool:
    """Whether this kind of card is accepted (R12)."""
    return funding in ACCEPTED_FUNDING
