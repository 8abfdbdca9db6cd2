"""Which term counts, and when a canceled subscription ended (R18, R30)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from subscriptions.policy import add_ons, renewals
from subscriptions.policy.calendar import LastTerm, PaidTerm, last_term
from subscriptions.policy.decisions import ALLOWED, Reason, Refusal
from subscriptions.policy.renewals import Phase

pytestmark = pytest.mark.one_database

NEW_YORK = ZoneInfo("America/New_York")
FIRST = date(2031, 12, 31)
SECOND = date(2032, 12, 31)
THIRD = date(2033, 12, 31)


def at(year: int, month: int, day: int, hour: int = 12) -> datetime:
    return datetime(year, month, day, hour, tzinfo=NEW_YORK)


def last(*terms: PaidTerm, now: datetime) -> LastTerm | None:
    return last_term(terms, now=now, zone=NEW_YORK)


def test_nothing_was_ever_paid() -> None:
    assert last(now=at(2031, 6, 1)) is None


@pytest.mark.parametrize("now", [at(2031, 6, 1), at(2032, 6, 1), at(2040, 1, 1)])
def test_the_last_paid_one_counts_and_ends_with_its_last_day(now: datetime) -> None:
    found = last(PaidTerm(1, FIRST), PaidTerm(2, SECOND), now=now)

    assert found == LastTerm(SECOND, None, 2)
    assert found.ends_at(NEW_YORK) == at(2033, 1, 1, 0)


def test_before_its_cancellation_a_term_counts() -> None:
    canceled_at = at(2032, 3, 1)
    terms = PaidTerm(1, FIRST), PaidTerm(2, SECOND, canceled_at)

    assert last(*terms, now=canceled_at - timedelta(seconds=1)) == LastTerm(SECOND, None, 2)
    assert last(*terms, now=canceled_at) == LastTerm(FIRST, canceled_at, 1)


def test_canceled_before_it_began_the_running_term_goes_on() -> None:
    found = last(PaidTerm(1, FIRST), PaidTerm(2, SECOND, at(2031, 12, 20)), now=at(2031, 12, 21))

    assert found == LastTerm(FIRST, None, 1)


def test_a_canceled_original_purchase_is_itself_renewed() -> None:
    canceled_at = at(2031, 3, 1)

    found = last(PaidTerm(1, FIRST, canceled_at), now=at(2031, 3, 2))

    assert found == LastTerm(FIRST, canceled_at, 1)


def test_with_all_canceled_the_original_one_is_renewed() -> None:
    terms = PaidTerm(1, FIRST, at(2032, 5, 2)), PaidTerm(2, SECOND, at(2032, 5, 1))

    assert last(*terms, now=at(2032, 6, 1)) == LastTerm(FIRST, at(2032, 5, 1), 1)


def test_a_term_canceled_after_its_end_had_ended_by_itself() -> None:
    """A dispute that is lost years later opens nothing again."""
    found = last(PaidTerm(1, FIRST, at(2033, 5, 1)), now=at(2033, 5, 2))

    assert found is not None
    assert found.ends_at(NEW_YORK) == at(2032, 1, 1, 0)


def test_renewed_again_after_a_cancellation_the_new_term_counts() -> None:
    terms = PaidTerm(1, FIRST), PaidTerm(2, SECOND, at(2032, 3, 1)), PaidTerm(3, date(2033, 3, 4))

    assert last(*terms, now=at(2032, 4, 1)) == LastTerm(date(2033, 3, 4), None, 3)


class TestWhatFollowsFromACancellation:
    """R30: expired from the cancellation, and the 14 days of R22 run from there."""

    CANCELED_AT = at(2032, 3, 1)
    TERM = LastTerm(THIRD, CANCELED_AT)

    def phase(self, now: datetime) -> Phase:
        return renewals.phase_of(self.TERM, now=now, zone=NEW_YORK, close_after=timedelta(days=14))

    def test_phases(self) -> None:
        second = timedelta(seconds=1)
        closes_at = self.CANCELED_AT + timedelta(days=14)

        assert self.phase(self.CANCELED_AT - second) == Phase.RUNNING
        assert self.phase(self.CANCELED_AT) == Phase.EXPIRED
        assert self.phase(closes_at - second) == Phase.EXPIRED
        assert self.phase(closes_at) == Phase.CLOSED

    def test_the_days_are_those_of_the_calendar(self) -> None:
        """The clocks go forward on March 14: 14 days later it is noon again, by local time."""
        term = LastTerm(THIRD, self.CANCELED_AT.astimezone(UTC))
        closes_at = at(2032, 3, 15)

        def phase(now: datetime) -> Phase:
            after = timedelta(days=14)
            return renewals.phase_of(term, now=now, zone=NEW_YORK, close_after=after)

        assert phase(closes_at - timedelta(seconds=1)) == Phase.EXPIRED
        assert phase(closes_at) == Phase.CLOSED

    def test_renewal_is_open_long_before_the_old_window(self) -> None:
        assert renewals.may_renew(self.TERM, now=self.CANCELED_AT, zone=NEW_YORK) == ALLOWED
        assert isinstance(
            renewals.may_renew(LastTerm(THIRD), now=self.CANCELED_AT, zone=NEW_YORK), Refusal
        )

    def test_no_add_ons_are_sold_and_the_reason_is_named(self) -> None:
        decision = add_ons.may_add_licenses(self.TERM, now=self.CANCELED_AT, zone=NEW_YORK)

        assert isinstance(decision, Refusal)
        assert decision.reason == Reason.CANCELED
        assert decision.facts["canceled_on"] == date(2032, 3, 1)

    def test_the_next_term_starts_on_the_day_of_its_charge(self) -> None:
        charged_at = at(2032, 3, 5)

        start = renewals.next_term_starts_on(self.TERM, charged_at=charged_at, zone=NEW_YORK)

        assert start == date(2032, 3, 5)
