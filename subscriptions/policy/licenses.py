"""How many licenses are available, and which limit applies (R5)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from subscriptions.policy.refusal import ALLOWED, Allowed, Reason, Refusal


class Limit(StrEnum):
    """What limits the number of members."""

    HELD_NOW = "held_now"
    NEXT_TERM = "next_term"
    RENEWAL_CHECKOUT = "renewal_checkout"


@dataclass(frozen=True)
class LaterTerm:
    """A later term that is already paid, and the number of licenses held when it starts."""

    starts_on: date
    held: int


@dataclass(frozen=True)
class LicenseCount:
    """License counts of an organization at one moment.

    ``usable`` is the number of members it may have, and ``limit`` is the bound that sets it (the
    licenses held now, if several bounds are equal). ``limited_from`` is the start of the later term
    if that is the bound.
    """

    held: int
    in_use: int
    usable: int
    limit: Limit
    limited_from: date | None = None

    @property
    def room(self) -> int:
        """How many more members may be added; negative if there are too many."""
        return self.usable - self.in_use

    @property
    def free(self) -> int:
        """Licenses available to new members; never negative."""
        return max(0, self.room)

    @property
    def over(self) -> int:
        """Members beyond the licenses held; only after expiration or a reversal (R5)."""
        return max(0, self.in_use - self.held)


def count_licenses(
    *,
    held: int,
    in_use: int,
    later_terms: Sequence[LaterTerm] = (),
    renewal_checkout_quantity: int | None = None,
) -> LicenseCount:
    """Apply R5: free = min(held now, held later, an open renewal checkout's quantity) - in use."""
    bounds: list[tuple[int, Limit, date | None]] = [(held, Limit.HELD_NOW, None)]
    bounds += [(later.held, Limit.NEXT_TERM, later.starts_on) for later in later_terms]
    if renewal_checkout_quantity is not None:
        bounds.append((renewal_checkout_quantity, Limit.RENEWAL_CHECKOUT, None))
    usable, limit, limited_from = min(bounds, key=lambda bound: bound[0])
    return LicenseCount(
        held=held, in_use=in_use, usable=usable, limit=limit, limited_from=limited_from
    )


REASONS = {
    Limit.HELD_NOW: Reason.NO_LICENSE_FREE,
    Limit.NEXT_TERM: Reason.LIMITED_BY_NEXT_TERM,
    Limit.RENEWAL_CHECKOUT: Reason.LIMITED_BY_RENEWAL_CHECKOUT,
}


def may_take(licenses: LicenseCount, number: int) -> Allowed | Refusal:
    """Whether ``number`` more members may be added (R5)."""
    if licenses.free >= number:
        return ALLOWED
    facts = {
        "held": licenses.held,
        "in_use": licenses.in_use,
        "free": licenses.free,
        "asked": number,
        "missing": number - licenses.free,
        "usable": licenses.usable,
        "limited_from": licenses.limited_from,
    }
    return Refusal(REASONS[licenses.limit], facts)


def gaps_needed(number: int, *, highest: int, usable: int) -> int:
    """Return how many of ``number`` new members need gaps below the ``highest`` number taken."""
    return max(0, number - max(0, usable - highest))


def next_license_numbers(
    number: int, *, highest: int, gaps: Sequence[int], usable: int
) -> list[int]:
    """Return license numbers for new members: those after ``highest``, then the lowest ``gaps``.

    No number is above ``usable``, so there may be fewer than ``number``.
    """
    after = range(highest + 1, usable + 1)
    return [*after, *gaps][:number]


def threshold_reached(thresholds: Iterable[int], *, before: int, after: int) -> int | None:
    """Return the lowest threshold that the number of free licenses has reached, if any.

    ``before`` and ``after``: free licenses before and after some were taken. If several thresholds
    were passed at once, only the lowest is returned.
    """
    reached = [threshold for threshold in thresholds if after <= threshold < before]
    return min(reached, default=None)
