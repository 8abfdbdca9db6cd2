"""When renewal is open (R19, R22, R24), when the next term begins (R23), its quantity (R25), and
removals from it (R27), including after a cancellation (R30).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from subscriptions.policy import calendar
from subscriptions.policy.calendar import LastTerm
from subscriptions.policy.refusal import ALLOWED, Allowed, Reason, Refusal


def may_renew(term: LastTerm | None, *, now: datetime, zone: ZoneInfo) -> Allowed | Refusal:
    """Whether renewal is open: from the start of the window until it is paid (R19, R22, R24).

    It also opens when a cancellation ends the subscription (R30).
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
    """Return the day after the old term, or the charge date if it was charged late (R23)."""
    charge_date = calendar.local_date(charged_at, zone)
    if is_late(term, at=charged_at, zone=zone):
        return charge_date
    return max(charge_date, term.expires_on + timedelta(days=1))


def is_late(term: LastTerm, *, at: datetime, zone: ZoneInfo) -> bool:
    """Whether the term has ended at this instant."""
    return at >= term.ends_at(zone)


# From this many days before expiration, pages count down to the last day to add licenses.
COUNTDOWN_DAYS = 45


def days_left_to_add(expires_on: date, today: date) -> int | None:
    """Return the days left to add licenses, 0 on the last day; None if it is far off or past."""
    left = (calendar.last_day_to_add(expires_on) - today).days
    if calendar.days_remaining(expires_on, today) > COUNTDOWN_DAYS or left < 0:
        return None
    return left


class Bound(StrEnum):
    """What determined the number of licenses in a renewal (R25)."""

    LICENSES = "licenses"
    MEMBERS = "members"
    MINIMUM = "minimum"


@dataclass(frozen=True)
class RenewalQuantity:
    """The number of licenses in a renewal, and the bound that determined it."""

    quantity: int
    bound: Bound


def renewal_quantity(*, licenses: int, removed: int, in_use: int, minimum: int) -> RenewalQuantity:
    """Return the term's licenses less removals, but no fewer than the members or the minimum (R25).

    ``licenses``: of the term being renewed, including add-ons; ``removed``: removals in effect;
    ``minimum``: the chosen package's.
    """
    bounds = (
        (licenses - removed, Bound.LICENSES),
        (in_use, Bound.MEMBERS),
        (minimum, Bound.MINIMUM),
    )
    quantity, bound = max(bounds, key=lambda pair: pair[0])
    return RenewalQuantity(quantity, bound)


def max_removable(*, licenses: int, removed: int, in_use: int) -> int:
    """Return how many of the term's licenses are neither removed nor in use."""
    return max(0, licenses - removed - in_use)


def may_remove(quantity: int, *, licenses: int, removed: int, in_use: int) -> Allowed | Refusal:
    """Whether the renewal may lose ``quantity`` licenses without going below the number of members.

    ``licenses``: of the term being renewed; ``removed``: removals in effect.
    """
    maximum = max_removable(licenses=licenses, removed=removed, in_use=in_use)
    if quantity < 1:
        return Refusal(
            Reason.REMOVAL_TOO_FEW if maximum else Reason.NO_LICENSE_TO_REMOVE, {"most": maximum}
        )
    if quantity > maximum:
        left = licenses - removed
        facts = {"quantity": quantity, "most": maximum, "left": left, "in_use": in_use}
        if quantity > left:
            return Refusal(Reason.REMOVAL_ABOVE_RENEWAL, facts)
        users = {"users_to_remove": quantity - maximum}
        return Refusal(Reason.REMOVAL_BELOW_MEMBERS, facts | users)
    return ALLOWED
