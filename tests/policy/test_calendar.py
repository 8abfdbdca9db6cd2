"""The dates of a term (R18, R19, R23), before, at and after each boundary."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.policy import add_ons, calendar, expiration, renewals
from subscriptions.policy.calendar import LastTerm, last_term
from subscriptions.policy.expiration import Phase
from subscriptions.policy.refusal import ALLOWED, Reason, Refusal

pytestmark = pytest.mark.one_database

NEW_YORK = ZoneInfo("America/New_York")


def utc(year: int, month: int, day: int, hour: int) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def test_term_runs_through_its_expiration_date() -> None:
    assert calendar.expires_at(date(2026, 12, 31), NEW_YORK) == utc(2027, 1, 1, 5)


@pytest.mark.parametrize(
    ("expires_on", "opens_at"),
    [
        (date(2026, 12, 31), utc(2026, 12, 2, 5)),
        # Daylight saving time ends on November 1, within the 30 days: still local midnight.
        (date(2026, 11, 15), utc(2026, 10, 17, 4)),
        # It ends on the day the window opens, and on the day before.
        (date(2026, 11, 30), utc(2026, 11, 1, 4)),
        (date(2026, 12, 1), utc(2026, 11, 2, 5)),
        # It begins on March 14, 2027: within the window, on its first day, and the day before.
        (date(2027, 4, 1), utc(2027, 3, 3, 5)),
        (date(2027, 4, 12), utc(2027, 3, 14, 5)),
        (date(2027, 4, 13), utc(2027, 3, 15, 4)),
        # With and without February 29.
        (date(2028, 3, 10), utc(2028, 2, 10, 5)),
        (date(2027, 3, 10), utc(2027, 2, 9, 5)),
    ],
)
def test_renewal_opens_at_local_midnight(expires_on: date, opens_at: datetime) -> None:
    assert calendar.renewal_opens_at(expires_on, NEW_YORK) == opens_at


def test_december_31_matches_the_example_of_r19() -> None:
    expires_on = date(2026, 12, 31)

    assert calendar.last_day_to_add(expires_on) == date(2026, 12, 1)
    assert calendar.renewal_opens_on(expires_on) == date(2026, 12, 2)
    assert calendar.last_day_to_add(expires_on).strftime("%A") == "Tuesday"


@pytest.mark.parametrize(
    ("today", "days"),
    [
        (date(2026, 12, 1), 30),
        (date(2026, 12, 2), 29),
        (date(2026, 12, 31), 0),
        (date(2027, 1, 3), -3),
    ],
)
def test_remaining_days_are_counted(today: date, days: int) -> None:
    assert calendar.days_remaining(date(2026, 12, 31), today) == days


@pytest.mark.parametrize(
    ("starts_on", "years", "expires_on"),
    [
        (date(2026, 5, 10), 1, date(2027, 5, 9)),
        (date(2028, 2, 29), 1, date(2029, 2, 28)),
        (date(2028, 2, 29), 4, date(2032, 2, 28)),
        (date(2027, 3, 1), 1, date(2028, 2, 29)),
        (date(2027, 2, 28), 1, date(2028, 2, 27)),
        (date(2026, 1, 1), 1, date(2026, 12, 31)),
        (date(2026, 1, 1), 3, date(2028, 12, 31)),
    ],
)
def test_term_lasts_whole_years(starts_on: date, years: int, expires_on: date) -> None:
    assert calendar.expiration_date(starts_on, years) == expires_on


DATES = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@given(expires_on=DATES, zone=st.sampled_from(["America/New_York", "Pacific/Honolulu", "UTC"]))
def test_window_is_thirty_calendar_days_from_midnight(expires_on: date, zone: str) -> None:
    opens_at = calendar.renewal_opens_at(expires_on, ZoneInfo(zone))
    ends_at = calendar.expires_at(expires_on, ZoneInfo(zone))

    assert (ends_at.date() - opens_at.date()).days == 30
    assert (opens_at.hour, opens_at.minute) == (0, 0)


@given(expires_on=DATES, minutes=st.integers(-60 * 24 * 60, 60 * 24 * 60))
def test_window_opens_with_twenty_nine_days_remaining(expires_on: date, minutes: int) -> None:
    now = calendar.renewal_opens_at(expires_on, NEW_YORK) + timedelta(minutes=minutes)

    days = calendar.days_remaining(expires_on, calendar.local_date(now, NEW_YORK))

    assert (days <= 29) == (now >= calendar.renewal_opens_at(expires_on, NEW_YORK))


@given(starts_on=DATES, years=st.integers(1, 10))
def test_terms_are_contiguous(starts_on: date, years: int) -> None:
    expires_on = calendar.expiration_date(starts_on, years)
    next_start = expires_on + timedelta(days=1)

    assert expires_on > starts_on
    assert (next_start.month, next_start.day) in {
        (starts_on.month, starts_on.day),
        (3, 1),  # after February 29
    }


@dataclass(frozen=True)
class Term:
    pk: int
    expires_on: date
    canceled_at: datetime | None = None


FIRST = date(2031, 12, 31)
SECOND = date(2032, 12, 31)
THIRD = date(2033, 12, 31)


def at(year: int, month: int, day: int, hour: int = 12) -> datetime:
    return datetime(year, month, day, hour, tzinfo=NEW_YORK)


def last(*terms: Term, now: datetime) -> LastTerm | None:
    return last_term(terms, now=now, zone=NEW_YORK)


@pytest.mark.parametrize("now", [at(2031, 6, 1), at(2032, 6, 1), at(2040, 1, 1)])
def test_last_paid_term_counts(now: datetime) -> None:
    latest = last(Term(1, FIRST), Term(2, SECOND), now=now)

    assert latest == LastTerm(SECOND, None, 2)
    assert latest.ends_at(NEW_YORK) == at(2033, 1, 1, 0)


CANCELED_AT = at(2032, 3, 1)
ALL_CANCELED = [Term(1, FIRST, at(2032, 5, 2)), Term(2, SECOND, at(2032, 5, 1))]
RENEWED_AGAIN = [Term(1, FIRST), Term(2, SECOND, CANCELED_AT), Term(3, date(2033, 3, 4))]


@pytest.mark.parametrize(
    ("terms", "now", "expected"),
    [
        pytest.param([], at(2031, 6, 1), None, id="no paid term"),
        pytest.param(
            [Term(1, FIRST), Term(2, SECOND, CANCELED_AT)],
            CANCELED_AT - timedelta(seconds=1),
            LastTerm(SECOND, None, 2),
            id="term counts until its cancellation",
        ),
        pytest.param(
            [Term(1, FIRST), Term(2, SECOND, CANCELED_AT)],
            CANCELED_AT,
            LastTerm(FIRST, CANCELED_AT, 1),
            id="previous term counts after the cancellation",
        ),
        pytest.param(
            [Term(1, FIRST), Term(2, SECOND, at(2031, 12, 20))],
            at(2031, 12, 21),
            LastTerm(FIRST, None, 1),
            id="running term counts if the next one is canceled",
        ),
        pytest.param(
            [Term(1, FIRST, at(2031, 3, 1))],
            at(2031, 3, 2),
            LastTerm(FIRST, at(2031, 3, 1), 1),
            id="canceled original term counts if it is the only one",
        ),
        pytest.param(
            ALL_CANCELED,
            at(2032, 6, 1),
            LastTerm(FIRST, at(2032, 5, 1), 1),
            id="original term counts if all are canceled",
        ),
        pytest.param(
            RENEWED_AGAIN,
            at(2032, 4, 1),
            LastTerm(date(2033, 3, 4), None, 3),
            id="new term counts after a cancellation",
        ),
    ],
)
def test_last_term_that_counts(terms: list[Term], now: datetime, expected: LastTerm | None) -> None:
    assert last(*terms, now=now) == expected


def test_term_canceled_after_its_end_still_ended_on_time() -> None:
    """A dispute that is lost years later reopens nothing."""
    latest = last(Term(1, FIRST, at(2033, 5, 1)), now=at(2033, 5, 2))

    assert latest is not None
    assert latest.ends_at(NEW_YORK) == at(2032, 1, 1, 0)


class TestAfterCancellation:
    """R30: the subscription expires with the cancellation, and the 14 days of R22 start."""

    CANCELED_AT = at(2032, 3, 1)
    TERM = LastTerm(THIRD, CANCELED_AT)

    def phase(self, now: datetime) -> Phase:
        return expiration.get_phase(
            self.TERM, now=now, zone=NEW_YORK, close_after=timedelta(days=14)
        )

    def test_phases_start_with_the_cancellation(self) -> None:
        second = timedelta(seconds=1)
        closes_at = self.CANCELED_AT + timedelta(days=14)

        assert self.phase(self.CANCELED_AT - second) == Phase.RUNNING
        assert self.phase(self.CANCELED_AT) == Phase.EXPIRED
        assert self.phase(closes_at - second) == Phase.EXPIRED
        assert self.phase(closes_at) == Phase.CLOSED

    def test_days_until_closing_are_calendar_days(self) -> None:
        """Clocks go forward on March 14, but the pages still close at noon in local time."""
        term = LastTerm(THIRD, self.CANCELED_AT.astimezone(UTC))
        closes_at = at(2032, 3, 15)

        def phase(now: datetime) -> Phase:
            after = timedelta(days=14)
            return expiration.get_phase(term, now=now, zone=NEW_YORK, close_after=after)

        assert phase(closes_at - timedelta(seconds=1)) == Phase.EXPIRED
        assert phase(closes_at) == Phase.CLOSED

    def test_renewal_is_open_before_the_original_window(self) -> None:
        assert renewals.may_renew(self.TERM, now=self.CANCELED_AT, zone=NEW_YORK) == ALLOWED
        assert isinstance(
            renewals.may_renew(LastTerm(THIRD), now=self.CANCELED_AT, zone=NEW_YORK), Refusal
        )

    def test_no_add_ons_are_sold_because_of_the_cancellation(self) -> None:
        decision = add_ons.may_add_licenses(self.TERM, now=self.CANCELED_AT, zone=NEW_YORK)

        assert isinstance(decision, Refusal)
        assert decision.reason == Reason.CANCELED
        assert decision.facts["canceled_on"] == date(2032, 3, 1)

    def test_next_term_starts_on_the_day_of_the_charge(self) -> None:
        charged_at = at(2032, 3, 5)

        start = renewals.next_term_starts_on(self.TERM, charged_at=charged_at, zone=NEW_YORK)

        assert start == date(2032, 3, 5)


def test_canceled_term_does_not_hide_a_valid_one() -> None:
    """Two terms end at the same instant; the canceled one does not count."""
    expires_on, ends = date(2031, 12, 31), datetime(2032, 1, 1, 5, tzinfo=UTC)
    canceled = Term(1, expires_on, canceled_at=ends)
    valid = Term(2, expires_on)

    latest = last_term([canceled, valid], now=ends, zone=NEW_YORK)

    assert latest == LastTerm(expires_on, None, 2)


def test_licenses_count_through_the_expiration_date() -> None:
    """R16"""
    expires_on = date(2031, 12, 31)

    assert expiration.still_counts(expires_on, expires_on)
    assert not expiration.still_counts(expires_on, expires_on + timedelta(days=1))
