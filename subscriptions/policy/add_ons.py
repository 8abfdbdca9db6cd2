"""When add-on licenses are sold, and in what quantities (R10, R19-R22)."""

from datetime import datetime
from zoneinfo import ZoneInfo

from subscriptions.policy import calendar
from subscriptions.policy.calendar import LastTerm
from subscriptions.policy.prices import PROCESSOR_MAXIMUM
from subscriptions.policy.refusal import ALLOWED, Allowed, Money, Reason, Refusal

# Add-ons are sold in groups of this size (R10).
GROUP_SIZE = 5
# Longer numbers exceed every maximum, so they are not parsed.
_MAX_DIGITS = 12


def read_quantity(text: str) -> int | Refusal:
    """Parse a quantity as entered: digits 0-9, with optional spaces around them (R10)."""
    digits = text.strip()
    if not digits or not digits.isascii() or not digits.isdecimal():
        negative = digits[1:].isascii() and digits[1:].isdecimal() and digits[:1] in "-\u2212"
        reason = Reason.TOO_FEW if negative else Reason.NOT_A_NUMBER
        return Refusal(reason, {"least": GROUP_SIZE})
    significant = digits.lstrip("0") or "0"
    return int(significant) if len(significant) <= _MAX_DIGITS else 10**_MAX_DIGITS


def max_per_purchase(unit_amount: int) -> int:
    """Return how many licenses one payment can cover at ``unit_amount`` minor units (R10)."""
    return PROCESSOR_MAXIMUM // (unit_amount * GROUP_SIZE) * GROUP_SIZE


def check_quantity(quantity: int, *, unit_amount: int, currency: str) -> Allowed | Refusal:
    """Whether ``quantity`` licenses can be bought; a refusal names the nearest quantities (R10)."""
    maximum = max_per_purchase(unit_amount)
    if quantity < GROUP_SIZE:
        return Refusal(Reason.TOO_FEW, {"least": GROUP_SIZE})
    if quantity > maximum:
        facts = {"most": maximum, "maximum": Money(PROCESSOR_MAXIMUM, currency)}
        return Refusal(Reason.ABOVE_MAXIMUM, facts)
    if quantity % GROUP_SIZE:
        below = quantity - quantity % GROUP_SIZE
        # ``above`` never exceeds ``maximum``, which is a multiple of the group size too.
        above = below + GROUP_SIZE
        return Refusal(Reason.NOT_IN_GROUPS, {"quantity": quantity, "nearest": (below, above)})
    return ALLOWED


def round_up_to_groups(missing: int) -> int:
    """Round ``missing`` licenses up to whole groups; 0 if none are missing (R10)."""
    return -(-max(0, missing) // GROUP_SIZE) * GROUP_SIZE


def next_quantity(quantity: int, *, up: bool, maximum: int) -> int:
    """Return the next valid quantity above or below ``quantity``, at most ``maximum`` (R10)."""
    groups = quantity // GROUP_SIZE + 1 if up else -(-quantity // GROUP_SIZE) - 1
    return max(GROUP_SIZE, min(groups * GROUP_SIZE, maximum))


def may_add_licenses(term: LastTerm | None, *, now: datetime, zone: ZoneInfo) -> Allowed | Refusal:
    """Whether add-ons are sold at ``now``; ``term`` is the organization's last paid term.

    They are sold until its renewal window opens (R19, R21), and not while renewal is open (R20,
    R22, R30).
    """
    if term is None:
        return Refusal(Reason.NO_TERM)
    facts = {
        "expires_on": term.expires_on,
        "last_day_to_add": calendar.last_day_to_add(term.expires_on),
        "renewal_opens_on": calendar.renewal_opens_on(term.expires_on),
    }
    if now >= term.ends_at(zone):
        if term.ended_at is None:
            return Refusal(Reason.EXPIRED, facts)
        canceled_on = calendar.local_date(term.ended_at, zone)
        return Refusal(Reason.CANCELED, facts | {"canceled_on": canceled_on})
    if now >= calendar.renewal_opens_at(term.expires_on, zone):
        return Refusal(Reason.RENEWAL_OPEN, facts)
    return ALLOWED
