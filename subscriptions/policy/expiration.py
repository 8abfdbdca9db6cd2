"""What expires when: licenses with their term (R16), and the phases of a subscription (R19-R22)."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from subscriptions.policy import calendar
from subscriptions.policy.calendar import LastTerm


def still_counts(expires_on: date, today: date) -> bool:
    """Whether licenses of a term, add-ons too, have not expired: they last through it (R16)."""
    return today <= expires_on


class Phase(StrEnum):
    """Where an organization stands, by the last term it has paid.

    RUNNING: add-ons are sold. WINDOW: renewal is open, the term still runs. EXPIRED: late, members
    read. CLOSED: late for so long that the pages are closed (R22).
    """

    NONE = "none"
    RUNNING = "running"
    WINDOW = "window"
    EXPIRED = "expired"
    CLOSED = "closed"


RENEWAL_OPEN = (Phase.WINDOW, Phase.EXPIRED, Phase.CLOSED)


def phase_of(
    term: LastTerm | None, *, now: datetime, zone: ZoneInfo, close_after: timedelta
) -> Phase:
    """The phase at ``now`` by the last paid term; ``close_after`` its expiration pages close."""
    if term is None:
        return Phase.NONE
    ends_at = term.ends_at(zone)
    if now >= ends_at:
        return Phase.CLOSED if now >= ends_at + close_after else Phase.EXPIRED
    if now >= calendar.renewal_opens_at(term.expires_on, zone):
        return Phase.WINDOW
    return Phase.RUNNING
