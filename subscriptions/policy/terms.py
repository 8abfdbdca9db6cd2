"""Which of an organization's terms counts, and when its subscription ends or ended (R18, R30)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from subscriptions.policy import calendar


@dataclass(frozen=True)
class PaidTerm:
    """A term that was paid once; ``canceled_at`` where its payment was taken back."""

    key: int
    expires_on: date
    canceled_at: datetime | None = None


@dataclass(frozen=True)
class LastTerm:
    """The term that add-ons are bought for and that a renewal is of.

    ``ended_at`` is set where a cancellation ended the subscription, rather than the expiration of
    this term.
    """

    expires_on: date
    ended_at: datetime | None = None
    key: int = 0

    def ends_at(self, zone: ZoneInfo) -> datetime:
        """The instant from which the organization counts as expired, by the clock of ``zone``.

        By that clock, so that days counted from it keep the hour when the clocks change.
        """
        if self.ended_at is not None:
            return self.ended_at.astimezone(zone)
        return calendar.expires_at(self.expires_on, zone)


def last_term(terms: Sequence[PaidTerm], *, now: datetime, zone: ZoneInfo) -> LastTerm | None:
    """The last term that is not canceled at ``now``, else the first one (R30).

    ``terms`` are an organization's, in the order of their start. Where a canceled term had carried
    the subscription further than the one that is left, it ended with the cancellation.
    """
    if not terms:
        return None
    canceled = [term for term in terms if is_canceled(term.canceled_at, now=now)]
    live = [term for term in terms if term not in canceled]
    carried_to = max((_end(term, zone) for term in canceled), default=None)
    # The renewal of a canceled original purchase is of that term.
    chosen = live[-1] if live else canceled[0]
    outlived = live and (carried_to is None or carried_to <= _end(chosen, zone))
    return LastTerm(chosen.expires_on, None if outlived else carried_to, chosen.key)


def is_canceled(canceled_at: datetime | None, *, now: datetime) -> bool:
    """Whether a term counts for no rule any more."""
    return canceled_at is not None and canceled_at <= now


def _end(term: PaidTerm, zone: ZoneInfo) -> datetime:
    expires_at = calendar.expires_at(term.expires_on, zone)
    return min(term.canceled_at, expires_at) if term.canceled_at else expires_at
