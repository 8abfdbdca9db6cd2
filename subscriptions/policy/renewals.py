"""When renewal is open (R19, R22, R24), when the renewed term begins (R23), its quantity (R25), and
removals from it (R27), after a cancellation too (R30).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from subscriptions.policy import calendar
from subscriptions.policy.calendar import LastTerm
from subscriptions.policy.refusal import ALLOWED, Allowed, Reason, Refusal


def may_renew(term: LastTerm | None, *, now: datetime, zone: ZoneInfo) -> Allowed | Refusal:
    """Whether renewal is open: from the window's first instant until it is paid (R19, R22, R24).

    From a cancellation, too, that ended the subscription (R30).
    """
    if term is None:
        return Refusal(Reason.NO_TERM)
    if now >= term.ends_at(zone):
        return ALLOWED
    if now < calendar.renewal_opens_at(term.expires_on, zone):
        opens_on = calendar.renewal_opens_on(term.expires_on)
        facts = {"renewal_opens_on": opens_on, "expires_on": term.expires_on}
        return Refusal(Reason.RENEWAL_NOT_OPEN, facts)
    return ALLOWED


def next_term_starts_on(term: LastTerm, *, charged_at: datetime, zone: ZoneInfo) -> date:
    """R23: the day after the old term, or, charged after its end, the day of the charge."""
    day_of_charge = calendar.local_date(charged_at, zone)
    if is_late(term, at=charged_at, zone=zone):
        return day_of_charge
    return max(day_of_charge, term.expires_on + timedelta(days=1))


def is_late(term: LastTerm, *, at: datetime, zone: ZoneInfo) -> bool:
    """Whether the term has ended at this instant."""
    return at >= term.ends_at(zone)


# From so many days before expiration until renewal opens, pages count down to the last day.
COUNTDOWN_DAYS = 45


def days_left_to_add(expires_on: date, today: date) -> int | None:
    """Days to the last day on which add-ons are sold, 0 on it; None while it is far or over."""
    left = (calendar.last_day_to_add(expires_on) - today).days
    if calendar.days_remaining(expires_on, today) > COUNTDOWN_DAYS or left < 0:
        return None
    return left


class Bound(StrEnum):
    """What decided the number of licenses of a renewal (R25)."""

    LICENSES = "licenses"
    MEMBERS = "members"
    MINIMUM = "minimum"


@dataclass(frozen=True)
class RenewalQuantity:
    """The number of licenses a renewal is for, and the bound that decided it."""

    quantity: int
    bound: Bound


def renewal_quantity(*, licenses: int, removed: int, in_use: int, minimum: int) -> RenewalQuantity:
    """R25: all licenses of the term less removals, but never below members or minimum.

    ``licenses``: of the term being renewed, base and add-ons; ``removed``: removals in effect;
    ``minimum``: of the package chosen.
    """
    bounds = (
        (licenses - removed, Bound.LICENSES),
        (in_use, Bound.MEMBERS),
        (minimum, Bound.MINIMUM),
    )
    quantity, bound = max(bounds, key=lambda pair: pair[0])
    return RenewalQuantity(quantity, bound)


def most_removable(*, licenses: int, removed: int, in_use: int) -> int:
    """Licenses of the term that are neither removed already nor in use."""
    return max(0, licenses - removed - in_use)


def may_remove(quantity: int, *, licenses: int, removed: int, in_use: int) -> Allowed | Refusal:
    """Whether ``quantity`` licenses may be taken off the renewal, never below members in use.

    ``licenses``: of the term being renewed; ``removed``: removals in effect.
    """
    most = most_removable(licenses=licenses, removed=removed, in_use=in_use)
    if quantity < 1:
        return Refusal(
            Reason.REMOVAL_TOO_FEW if most else Reason.NO_LICENSE_TO_REMOVE, {"most": most}
        )
    if quantity > most:
        left = licenses - removed
        facts = {"quantity": quantity, "most": most, "left": left, "in_use": in_use}
        if quantity > left:
            return Refusal(Reason.REMOVAL_ABOVE_RENEWAL, facts)
        users = {"users_to_remove": quantity - most}
        return Refusal(Reason.REMOVAL_BELOW_MEMBERS, facts | users)
    return ALLOWED
