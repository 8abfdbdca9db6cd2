"""One run: fill the database, start the users, kill processes, advance the clock, and check."""

import argparse
import logging
import os
import random
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from post_office.models import Email
from post_office.settings import get_batch_size

from billing.events.fetch_window import LOOKBACK
from billing.events.reconcile import reconcile
from billing.models import ProcessorEvent, Purchase, Refund
from billing.sandbox.control.client import SandboxControl
from subscriptions import clock
from subscriptions.models import LicenseEntry, Notification
from tests.programs.soak import data, invariants
from tests.programs.soak.jobs import run_all
from tests.programs.soak.stack import WEBHOOK_SECRET, App, Database, Jobs, Sandbox
from tests.programs.soak.users import Environment, SimulatedUser, Tally
from tests.support.postgres import run_program

# All of the past, because years pass within a run.
ALL_HISTORY = timedelta(days=50 * 365)
# Rounds of reconciliation before it counts as never finishing.
MAX_ROUNDS = 12
# Payments of one in this many organizations are refunded in the processor's dashboard.
REFUND_EVERY = 4


class Killable(Protocol):
    """A process that is killed and restarted."""

    def kill(self) -> None: ...
    def start(self) -> None: ...


class Run:
    """One soak run."""

    def __init__(
        self,
        folder: Path,
        database: Database,
        sandbox: Sandbox,
        app: App,
        options: argparse.Namespace,
    ) -> None:
        self._folder = folder
        self._sandbox = sandbox
        self._app = app
        self._jobs = Jobs(folder / "jobs.log")
        self._victims: dict[str, Killable] = {
            "site": app,
            "processor": sandbox,
            "database": database,
            "jobs": self._jobs,
        }
        self._options = options
        self._random = random.Random(options.seed)
        self._tally = Tally()
        self._started = time.monotonic()

    @property
    def _control(self) -> SandboxControl:
        return self._sandbox.process.control

    def execute(self) -> bool:
        """Run the test; return whether every invariant held."""
        logging.getLogger("post_office").setLevel(
            logging.ERROR
        )  # otherwise several lines per round
        users = self._prepare()
        for user in users:
            user.start()
        self._kill_repeatedly(self._options.minutes * 60)
        self._jobs.kill()
        stopping = users[0].environment.stopping
        stopping.set()
        for user in users:
            user.join()
        self._print("settle")
        self._settle()
        self._print("stop")
        if self._app.stop() != 0:
            self._tally.add_violation("the site did not stop cleanly")
        self._sandbox.stop()
        return self._report()

    # Before -------------------------------------------------------------------------------------

    def _prepare(self) -> list[SimulatedUser]:
        self._print("migrate")
        if self._options.restore:
            url = os.environ["DATABASE_URL"]
            run_program("pg_restore", "--no-owner", f"--dbname={url}", self._options.restore)
        else:
            call_command("migrate", verbosity=0)
        self._print("fill")
        options = self._options
        slugs = data.build(options.organizations, options.people)
        refundable = sorted(set(chain(*slugs.values())))[::REFUND_EVERY]
        connection.close()
        self._print("start the site")
        self._app.start()
        self._jobs.start()
        self._control.register_webhook(
            f"http://127.0.0.1:{self._app.port}/stripe/webhook/", WEBHOOK_SECRET
        )
        environment = Environment(self._app.url, self._control, threading.Event(), self._tally)
        self._print(f"{options.organizations} organizations, {options.people} users")
        return [
            SimulatedUser(
                environment,
                data.email_of(number),
                slugs_of_user,
                refundable,
                options.seed * 1000 + number,
            )
            for number, slugs_of_user in slugs.items()
        ]

    # During -------------------------------------------------------------------------------------

    def _kill_repeatedly(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        month_is_over = time.monotonic() + self._options.month
        for name in self._victims_in_turn():
            pause = self._random.uniform(0.5, 1.5) * self._options.pause
            if time.monotonic() + pause > end and self._all_were_killed():
                break
            time.sleep(pause)
            self._kill(name)
            self._check_now()
            if time.monotonic() > month_is_over:
                self._advance_clocks(timedelta(days=30))
                month_is_over = time.monotonic() + self._options.month
        time.sleep(max(0.0, end - time.monotonic()))

    def _all_were_killed(self) -> bool:
        return all(self._tally.counts[f"killed: {name}"] for name in self._victims)

    def _victims_in_turn(self) -> Iterator[str]:
        """Yield the processes in random order, round after round."""
        while True:
            names = sorted(self._victims)
            self._random.shuffle(names)
            yield from names

    def _kill(self, name: str) -> None:
        victim = self._victims[name]
        victim.kill()
        started = time.monotonic()
        self._tally.add(f"killed: {name}")
        time.sleep(self._random.uniform(0.0, 1.0))
        victim.start()
        self._tally.add("restarts")
        self._print(f"{name} killed, back after {time.monotonic() - started:.1f} s")

    def _check_now(self) -> None:
        # The database may have been killed since the last query.
        connection.close()
        number, wrong = invariants.check_at_any_moment()
        self._record(number, wrong)

    def _advance_clocks(self, duration: timedelta) -> None:
        """Advance the clocks of all processes and of the processor."""
        file = Path(settings.DEMO_CLOCK_FILE)
        file.with_suffix(".new").write_text(
            str(int(file.read_text()) + int(duration.total_seconds()))
        )
        file.with_suffix(".new").replace(file)
        self._control.set_clock(clock.now(), frozen=False)
        self._tally.add("days passed", duration.days)

    # After --------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Let every checkout expire, and repeat the cron jobs until nothing changes."""
        self._control.flush(timeout=60, immediately=True)
        for minutes in (10, 40):
            self._advance_clocks(timedelta(minutes=minutes))
            self._control.flush(timeout=60, immediately=True)
            run_all()
        before: object = None
        for number in range(MAX_ROUNDS):
            self._advance_clocks(timedelta(minutes=2))
            # All of the past once, then as cron does.
            past = LOOKBACK if number else ALL_HISTORY
            report = reconcile(lookback=past, is_thorough=not number)
            self._print(f"reconciled: {len(report.lines)} found")
            run_all()
            self._control.flush(timeout=60, immediately=True)
            if not report.lines and before == (before := _state()):
                break
            before = _state()
        else:
            self._tally.add_violation(f"reconciliation does not finish: {report.lines[:5]}")
        self._record(*invariants.check_once_settled(self._control.sessions()))
        self._count_mails()

    def _count_mails(self) -> None:
        """Check that mails were sent once; twice only if a kill prevented recording it."""
        texts = [file.read_text() for file in (self._folder / "mails").glob("*")]
        numbers = [
            line for text in texts for line in text.splitlines() if line.startswith("Message-ID:")
        ]
        self._tally.add("mails sent", len(numbers))
        repeated = len(numbers) - len(set(numbers))
        self._tally.add("mails sent again", repeated)
        counts = self._tally.counts
        interrupted = counts["killed: jobs"] + counts["killed: database"]
        if repeated > interrupted * get_batch_size():
            self._tally.add_violation(
                f"{repeated} mails sent again, after {interrupted} interruptions"
            )
        if len(set(numbers)) != Email.objects.count():
            self._tally.add_violation(f"{Email.objects.count()} mails, {len(set(numbers))} sent")

    def _record(self, number: int, wrong: list[str]) -> None:
        self._tally.add("invariants checked", number)
        for what in wrong:
            self._tally.add_violation(what)

    def _report(self) -> bool:
        counts: dict[str, Any] = dict(sorted(self._tally.counts.items()))
        counts["violations"] = len(self._tally.violations)
        self._print(f"seed {self._options.seed}")
        width = max(map(len, counts))
        for what, number in counts.items():
            print(f"| {what:<{width}} | {number:>7,} |")
        for wrong in self._tally.violations[:50]:
            print(f"! {wrong}")
        return not self._tally.violations

    def _print(self, text: str) -> None:
        print(f"[{time.monotonic() - self._started:6.1f} s] {text}", flush=True)


def _state() -> tuple[object, ...]:
    """Return values that change while any work is in progress."""
    return (
        sorted(Purchase.objects.values_list("pk", "status")),
        LicenseEntry.objects.count(),
        sorted(Refund.objects.values_list("pk", "status")),
        Notification.objects.filter(queued_at__isnull=True).count(),
        ProcessorEvent.objects.filter(processed_at__isnull=True).count(),
        Email.objects.count(),
    )
