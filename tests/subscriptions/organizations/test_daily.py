"""The daily job (R32): who is notified of what, and on which day."""

import random
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from post_office.models import Email
from pytest_django import Settings

from subscriptions.licenses import reminders as license_reminders
from subscriptions.models import Notification, Reminder
from subscriptions.organizations import daily
from subscriptions.policy import reminders
from tests.support.world import TERM_END, TERM_START, World, build_term, local

BUYERS = {"administrator@lakeside.example", "assignor@lakeside.example"}


def run_on(world: World, day: date, hour: int = 6) -> dict[str, int]:
    world.at(local(day, hour))
    return daily.run_daily().done


def recipients_of(kind: str) -> set[str]:
    return {
        notification.recipient
        for notification in Notification.objects.filter(kind=kind, organization__slug="lakeside")
    }


def test_only_assignors_and_administrators_are_reminded(world: World) -> None:
    run_on(world, date(2031, 12, 10))

    assert recipients_of("reminder") == BUYERS
    assert Reminder.objects.filter(was_sent=True, term=world.term).count() == 2


def test_second_run_on_a_day_sends_nothing(world: World) -> None:
    run_on(world, date(2031, 12, 10), 6)
    second_run = run_on(world, date(2031, 12, 10), 23)

    assert "reminders sent" not in second_run


def test_reminder_has_the_numbers_of_the_day(world: World) -> None:
    run_on(world, date(2031, 12, 11))

    data = (
        Notification.objects.filter(kind="reminder", organization=world.lakeside).latest("pk").data
    )
    assert data["days"] == 20
    assert (data["held"], data["in_use"]) == (25, 4)
    assert data["renewal_is_open"] is True


def test_one_reminder_is_sent_for_several_missed_days(world: World) -> None:
    run_on(world, date(2031, 12, 3))
    Notification.objects.all().delete()

    run_on(world, date(2031, 12, 28))

    assert Notification.objects.filter(kind="reminder", organization=world.lakeside).count() == 2
    skipped = Reminder.objects.filter(term=world.term, was_sent=False, due_on__gte="2031-12-04")
    assert {row.due_on.day for row in skipped} == {10, 17, 24, 25, 26, 27}


def test_no_reminders_after_renewal(world: World) -> None:
    build_term(world.lakeside, licenses=30, starts_on=date(2032, 1, 1), renews=world.term)

    run_on(world, date(2031, 12, 20))

    assert recipients_of("reminder") == set()
    assert recipients_of("last_day_to_add") == set()


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2031, 11, 24), ""),
        (date(2031, 11, 25), "last_day_to_add"),
        (date(2031, 12, 1), "last_day_to_add"),
        (date(2031, 12, 2), ""),
        (date(2031, 12, 31), ""),
        (date(2032, 1, 1), "expired"),
        (date(2032, 1, 14), "expired"),
        (date(2032, 1, 15), "closed"),
    ],
)
def test_notifications_are_sent_on_their_day(world: World, day: date, kind: str) -> None:
    run_on(world, day)

    for one in ("last_day_to_add", "expired", "closed"):
        assert recipients_of(one) == (BUYERS if one == kind else set())


@pytest.mark.parametrize("close_after", [0, 14, 60, 90, 400])
def test_closing_notification_follows_close_after_days(
    world: World, settings: Settings, close_after: int
) -> None:
    settings.CLOSE_AFTER_DAYS = close_after

    run_on(world, TERM_END + timedelta(days=close_after))
    before = recipients_of("closed")
    run_on(world, TERM_END + timedelta(days=close_after + 1))

    assert before == set()
    assert recipients_of("closed") == BUYERS


@pytest.mark.parametrize(
    ("day", "ending"),
    [
        (date(2031, 12, 29), "expires in 2 days"),
        (date(2031, 12, 30), "expires in 1 day"),
        (TERM_END, "expires today"),
    ],
)
def test_subject_says_how_many_days_remain(
    world: World, django_capture_on_commit_callbacks: Any, day: date, ending: str
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        run_on(world, day)

    subjects = set(Email.objects.filter(to="assignor@lakeside.example").values_list("subject"))
    assert subjects == {(f"Lakeside Officials Association: the subscription {ending}",)}


def test_no_expiration_reminder_after_expiration(world: World) -> None:
    run_on(world, date(2032, 1, 1))

    assert recipients_of("reminder") == set()


@pytest.mark.parametrize("seed", [1, 2])
def test_no_reminder_is_repeated_if_runs_are_irregular(world: World, seed: int) -> None:
    rng = random.Random(seed)
    for offset in range(131):
        day = TERM_END - timedelta(days=125) + timedelta(days=offset)
        for hour in sorted(rng.sample(range(24), rng.choice([0, 0, 1, 1, 2]))):
            run_on(world, day, hour)

    due = reminders.due_dates(TERM_START, TERM_END)
    rows = Reminder.objects.filter(term=world.term, user=world.assignor.user)
    assert len({row.due_on for row in rows}) == rows.count()
    assert {row.due_on for row in rows} <= set(due)
    sent_days = [row.created_at.date() for row in rows.filter(was_sent=True)]
    assert len(set(sent_days)) == len(sent_days)
    sent = Notification.objects.filter(kind="reminder", recipient=world.assignor.user.email)
    assert sent.count() == len(sent_days)


def test_one_failing_organization_does_not_stop_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    process_term = license_reminders._process_term

    def failing(term: object, report: license_reminders.DailyReport) -> None:
        if term == world.stranger.organization.terms.get():
            raise RuntimeError("broken")
        process_term(term, report)  # type: ignore[arg-type]

    monkeypatch.setattr(license_reminders, "_process_term", failing)
    world.at(local(date(2031, 12, 10)))

    report = daily.run_daily()

    assert report.failures == 1
    assert recipients_of("reminder") == BUYERS


def test_command_prints_its_results(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.at(local(date(2031, 12, 10)))

    call_command("daily")
    call_command("daily")

    first, second = capsys.readouterr().out.split("nothing to do")
    assert "reminders sent: 3" in first
    assert second.strip() == ""
