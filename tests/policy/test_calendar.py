"""The calendar of a term (R18, R19, R23): both sides of each boundary, and the instant itself."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.policy import calendar

pytestmark = pytest.mark.one_database

NEW_YORK = ZoneInfo("America/New_York")


def utc(year: int, month: int, day: int, hour: int) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def test_a_term_runs_through_its_expiration_date() -> None:
    assert calendar.expires_at(date(2026, 12, 31), NEW_YORK) == utc(2027, 1, 1, 5)


@pytest.mark.parametrize(
    ("expires_on", "opens_at"),
    [
        (date(2026, 12, 31), utc(2026, 12, 2, 5)),
        # Summer time ends on November 1, inside the 30 days: still local midnight.
        (date(2026, 11, 15), utc(2026, 10, 17, 4)),
        # It ends on the day the window opens, and on the day before.
        (date(2026, 11, 30), utc(2026, 11, 1, 4)),
        (date(2026, 12, 1), utc(2026, 11, 2, 5)),
        # It begins on March 14, 2027, inside, on and before the edge.
        (date(2027, 4, 1), utc(2027, 3, 3, 5)),
        (date(2027, 4, 12), utc(2027, 3, 14, 5)),
        (date(2027, 4, 13), utc(2027, 3, 15, 4)),
        # Across February 29.
        (date(2028, 3, 10), utc(2028, 2, 10, 5)),
        (date(2027, 3, 10), utc(2027, 2, 9, 5)),
    ],
)
def test_renewal_opens_at_local_midnight(expires_on: date, opens_at: datetime) -> None:
    assert calendar.renewal_opens_at(expires_on, NEW_YORK) == opens_at


def test_december_31_is_the_example_of_the_agreement() -> None:
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
def test_days_remaining(today: date, days: int) -> None:
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
def test_a_term_lasts_whole_years(starts_on: date, years: int, expires_on: date) -> None:
    assert calendar.expiration_date(starts_on, years) == expires_on


DATES = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@given(expires_on=DATES, zone=st.sampled_from(["America/New_York", "Pacific/Honolulu", "UTC"]))
def test_the_window_is_thirty_calendar_days_and_starts_at_midnight(
    expires_on: date, zone: str
) -> None:
    opens_at = calendar.renewal_opens_at(expires_on, ZoneInfo(zone))
    ends_at = calendar.expires_at(expires_on, ZoneInfo(zone))

    assert (ends_at.date() - opens_at.date()).days == 30
    assert (opens_at.hour, opens_at.minute) == (0, 0)


@given(expires_on=DATES, minutes=st.integers(-60 * 24 * 60, 60 * 24 * 60))
def test_thirty_days_remaining_is_before_the_window_and_twenty_nine_in_it(
    expires_on: date, minutes: int
) -> None:
    now = calendar.renewal_opens_at(expires_on, NEW_YORK) + timedelta(minutes=minutes)

    days = calendar.days_remaining(expires_on, calendar.local_date(now, NEW_YORK))

    assert (days <= 29) == (now >= calendar.renewal_opens_at(expires_on, NEW_YORK))


@given(starts_on=DATES, years=st.integers(1, 10))
def test_terms_follow_each_other_without_gap_or_overlap(starts_on: date, years: int) -> None:
    expires_on = calendar.expiration_date(starts_on, years)
    next_start = expires_on + timedelta(days=1)

    assert expires_on > starts_on
    assert (next_start.month, next_start.day) in {
        (starts_on.month, starts_on.day),
        (3, 1),  # after February 29
    }
