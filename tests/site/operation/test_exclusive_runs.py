"""Periodic commands: a run that starts during another ends at once and says why."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from post_office.management.commands import send_queued_mail

from billing.sandbox.control.client import SandboxControl
from licensing_site.management.periodic import exclusive_run
from subscriptions import clock
from subscriptions.models.periodic import last_complete_run
from tests.billing.sandbox.helpers import until
from tests.support.concurrency import concurrently
from tests.support.world import World, local

ALL_STARTED = threading.Barrier(8, timeout=60)
COMMANDS = ["reconcile_purchases", "daily", "send_queued_mail", "cleanup_mail"]

# A run in its own process: print whether it is the only one, then wait for input.
RUN = """
import sys, django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
django.setup()
from licensing_site.management.periodic import exclusive_run
with exclusive_run(sys.argv[2]) as is_only:
    print(is_only, flush=True)
    sys.stdin.readline()
"""


@contextmanager
def running(command: str, *, is_only: bool = True) -> Iterator["subprocess.Popen[str]"]:
    """Start a run in another process on the same database."""
    name = str(connection.settings_dict["NAME"])
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, name, command],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == str(is_only)
        yield process
    finally:
        process.kill()
        process.communicate()


def run_command(command: str) -> str:
    output = StringIO()
    call_command(command, stdout=output)
    return output.getvalue()


def can_run(command: str) -> bool:
    with exclusive_run(command) as is_only:
        return is_only


@pytest.mark.race
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.usefixtures("committed_db")
def test_second_run_does_nothing_and_prints_one_line(stripe: SandboxControl, command: str) -> None:
    with running(command):
        assert run_command(command) == f"{command} is already running. Nothing was done.\n"

    assert stripe.requests() == []
    assert last_complete_run(command) is None


@pytest.mark.race
def test_second_process_is_refused_too(committed_db: str) -> None:
    with exclusive_run("daily") as is_only:
        assert is_only
        with running("daily", is_only=False):
            pass


@pytest.mark.race
def test_one_of_eight_simultaneous_runs_proceeds(committed_db: str) -> None:
    results = concurrently(*[run_until_all_have_started] * 8)

    assert sorted(map(str, results)) == ["False"] * 7 + ["True"]


def run_until_all_have_started() -> bool:
    with exclusive_run("daily") as is_only:
        ALL_STARTED.wait()
        return is_only


@pytest.mark.race
def test_killed_run_releases_the_lock(committed_db: str) -> None:
    with running("daily") as process:
        assert not can_run("daily")
        process.kill()
        process.wait()

        assert until(lambda: can_run("daily"))


@pytest.mark.race
def test_different_commands_run_concurrently(committed_db: str) -> None:
    with running("daily"):
        assert can_run("reconcile_purchases")


@pytest.mark.parametrize("exception", [RuntimeError, SystemExit])
def test_failed_run_releases_the_lock(db: None, exception: type[BaseException]) -> None:
    with pytest.raises(exception), exclusive_run("daily"):
        raise exception

    assert can_run("daily")


def test_run_may_close_the_django_connection(committed_db: str) -> None:
    """Sending mail closes it."""
    with exclusive_run("send_queued_mail"):
        connection.close()

        assert not can_run("send_queued_mail")


def test_lock_file_of_a_killed_run_does_not_stop_mail(
    committed_db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process number belongs to another program by now."""
    (tmp_path / "killed").write_text(str(os.getpid()))
    (tmp_path / "mail.lock").symlink_to(tmp_path / "killed")
    monkeypatch.setattr(send_queued_mail, "default_lockfile", str(tmp_path / "mail"))
    mail.EmailMessage("Subject", "Text", to=["someone@example.com"]).send()

    call_command("send_queued_mail")

    assert [message.subject for message in mail.outbox] == ["Subject"]


@pytest.mark.postgres
def test_run_ends_normally_after_losing_its_lock_connection(committed_db: str) -> None:
    with exclusive_run("daily"), connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory'"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        assert cursor.fetchone() == (1,)

    assert can_run("daily")


def test_only_a_complete_run_of_the_daily_job_counts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = clock.now()
    run_command("daily")
    assert last_complete_run("daily") == started
    world.at(local(date(2031, 12, 10)))

    def fail(*arguments: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("subscriptions.licenses.reminders._process_term", fail)
    with pytest.raises(SystemExit):
        run_command("daily")

    assert last_complete_run("daily") == started
