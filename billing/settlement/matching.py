"""Whether a paid Checkout Session is what the purchase was for (R12, R15).

Pure: plain values in, what differs out.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

# What cards are taken (R12). The processor cannot tell for some; those are taken, as it advises.
WANTED_FUNDING = ("credit", "debit", "unknown")


@dataclass(frozen=True)
class Facts:
    """What is compared. Amounts in minor units; quantity and unit amount for add-ons only."""

    purchase_id: str
    mode: str
    amount_total: int
    amount_received: int
    currency: str
    livemode: bool
    quantity: int | None
    unit_amount: int | None


def differences(expected: Facts, received: Facts) -> Mapping[str, tuple[object, object]]:
    """The facts that differ, each as (expected, received); empty where all is well."""
    came = asdict(received)
    return {
        name: (value, came[name]) for name, value in asdict(expected).items() if value != came[name]
    }


def is_wanted_funding(funding: str) -> bool:
    """Whether a card of this kind is taken: credit and debit (R12)."""
    return funding in WANTED_FUNDING
