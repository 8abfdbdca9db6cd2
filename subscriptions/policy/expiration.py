"""When licenses expire (R16), and the phases of a subscription (R19-R22)."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from subscriptions.policy import calendar
from subscriptions.policy.calendar import LastTerm


def still_counts(expires_on: date, today: date) -> bool:
    """Whether a term's licenses and add-ons still count: they last through ``expires_on`` (R16)."""
    return today <= expires_on


class Phase(StrEnum):
    """The phase of a subscription, based on the last paid term.

    RUNNING: add-ons are sold. WINDOW: renewal is open, and the term still runs. EXPIRED: renewal
    is late, and members can still read. CLOSED: renewal is so late that pages are closed (R22).
    """

    NONE = "none"
    RUNNING = "running"
    WINDOW = "window"
    EXPIRED = "expired"
    CLOSED = "closed"


RENEWAL_PHASES = (Phase.WINDOW, Phase.EXPIRED, Phase.CLOSED)


def get_phase(
    term: LastTerm | None, *, now: datetime, zone: ZoneInfo, close_after: timedelta
) -> Phase:
    """Return the phase at ``now``; ``close_after``: time from the end of ``term`` to CLOSED."""
    if term is None:
        return Phase.NONE
    ends_at = term.ends_at(zone)
    if now >= ends_at:
        return Phase.CLOSED if now >= ends_at + close_after else Phase.EXPIRED
    if now >= calendar.renewal_opens_at(term.expires_on, zone):
        return Phase.WINDOW
    return Phase.RUNNING
