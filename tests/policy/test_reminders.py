"""Reminder dates (R32)."""

import itertools
import random
from datetime import date, timedelta

import pytest

from subscriptions.policy import reminders

pytestmark = pytest.mark.one_database

START = date(2031, 1, 1)
END = date(2031, 12, 31)


def test_reminders_follow_the_schedule() -> None:
    assert reminders.due_dates(START, END) == [
        date(2031, 8, 31),
        date(2031, 9, 30),
        date(2031, 10, 31),
        date(2031, 11, 30),
        date(2031, 12, 3),
        date(2031, 12, 10),
        date(2031, 12, 17),
        *(date(2031, 12, day) for day in range(24, 32)),
    ]


@pytest.mark.parametrize(
    ("day", "months", "before"),
    [
        (date(2031, 12, 31), 1, date(2031, 11, 30)),
        (date(2031, 12, 31), 3, date(2031, 9, 30)),
        (date(2032, 3, 31), 1, date(2032, 2, 29)),
        (date(2031, 3, 31), 1, date(2031, 2, 28)),
        (date(2031, 1, 15), 1, date(2030, 12, 15)),
        (date(2031, 2, 28), 4, date(2030, 10, 28)),
    ],
)
def test_dates_are_clamped_to_the_end_of_the_month(day: date, months: int, before: date) -> None:
    assert reminders.months_before(day, months) == before


@pytest.mark.parametrize(
    ("starts_on", "first"),
    [
        pytest.param(date(2031, 12, 20), date(2031, 12, 24), id="earlier reminders are not due"),
        pytest.param(date(2031, 12, 3), date(2031, 12, 3), id="reminder on the first day is due"),
    ],
)
def test_nothing_is_due_before_the_term_begins(starts_on: date, first: date) -> None:
    assert reminders.due_dates(starts_on, END)[0] == first


@pytest.mark.parametrize(
    ("today", "sent", "skipped"),
    [
        pytest.param(date(2031, 12, 18), date(2031, 12, 17), 6, id="latest, skipping missed ones"),
        pytest.param(END, END, 14, id="on the expiration date"),
        pytest.param(END + timedelta(days=1), None, 15, id="none after expiration"),
    ],
)
def test_run_sends_the_latest_reminder(today: date, sent: date | None, skipped: int) -> None:
    run = reminders.reminders_to_send(START, END, today=today, covered=set())

    assert run.send == sent
    assert run.skip == tuple(reminders.due_dates(START, END)[:skipped])


def test_each_reminder_is_handled_once_if_runs_are_missed_or_repeated() -> None:
    """No outdated reminder is sent."""
    for seed in range(200):
        rng = random.Random(seed)
        covered: dict[date, str] = {}
        sent_on: dict[date, date] = {}
        for offset in range(131):
            today = END - timedelta(days=125) + timedelta(days=offset)
            for _ in range(rng.choice([0, 0, 1, 1, 1, 2])):
                run = reminders.reminders_to_send(START, END, today=today, covered=covered)
                for day in run.skip:
                    assert day not in covered
                    covered[day] = "skipped"
                if run.send is not None:
                    assert run.send not in covered
                    assert run.send <= today <= END
                    covered[run.send] = "sent"
                    sent_on[run.send] = today
        assert len(set(sent_on.values())) == len(sent_on), "at most one reminder a day"
        due = reminders.due_dates(START, END)
        for earlier, later in itertools.pairwise(due):
            # A late reminder is sent only if the next one is not due yet.
            if earlier in sent_on:
                assert sent_on[earlier] < later


def test_last_day_notification_is_sent_a_week_before_renewal_opens() -> None:
    assert reminders.last_day_reminder_on(END) == date(2031, 11, 25)
