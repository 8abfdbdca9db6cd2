"""How many licenses are free, and which limit decides that (R5)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from subscriptions.policy.refusal import ALLOWED, Allowed, Reason, Refusal


class Limit(StrEnum):
    """What bounds the number of members."""

    HELD_NOW = "held_now"
    NEXT_TERM = "next_term"
    RENEWAL_CHECKOUT = "renewal_checkout"


@dataclass(frozen=True)
class LaterTerm:
    """A later term that is already paid, and the licenses held when it starts."""

    starts_on: date
    held: int


@dataclass(frozen=True)
class LicenseCount:
    """Licenses of an organization at one moment.

    ``usable`` is the number of members it may have; ``limit`` says which bound that comes from
    (the licenses held now, when several are equal), ``limited_from`` the start of the later term
    where that is the bound.
    """

    held: int
    in_use: int
    usable: int
    limit: Limit
    limited_from: date | None = None

    @property
    def room(self) -> int:
        """Members that may still come; below 0 where there are too many."""
        return self.usable - self.in_use

    @property
    def free(self) -> int:
        """Licenses that a new member may take: never negative."""
        return max(0, self.room)

    @property
    def over(self) -> int:
        """Members beyond the licenses held; above 0 only after expiration or a reversal (R5)."""
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
    Limit.NEXT_TERM: Reason.HELD_BACK_BY_NEXT_TERM,
    Limit.RENEWAL_CHECKOUT: Reason.HELD_BACK_BY_RENEWAL_CHECKOUT,
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
    """How many of ``number`` new members sit in gaps below the ``highest`` number taken."""
    return max(0, number - max(0, usable - highest))


def next_license_numbers(
    number: int, *, highest: int, gaps: Sequence[int], usable: int
) -> list[int]:
    """The numbers that new members sit on: after the highest, then the lowest ``gaps``.

    None is above ``usable``; fewer than ``number`` where there are not enough.
    """
    after = range(highest + 1, usable + 1)
    return [*after, *gaps][:number]


def threshold_reached(thresholds: Iterable[int], *, before: int, after: int) -> int | None:
    """The lowest threshold that the number of free licenses has come down to, if any.

    ``before`` and ``after``: free licenses before and after some were taken. Coming down past
    several at once is said once.
    """
    reached = [threshold for threshold in thresholds if after <= threshold < before]
    return min(reached, default=None)
