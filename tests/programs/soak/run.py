"""One run: fill, start the crowd, kill, advance a month, settle, check, report."""

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

from billing.events.reading import LOOK_BACK
from billing.events.reconcile import reconcile
from billing.models import ProcessorEvent, Purchase, Refund
from billing.sandbox.control.client import SandboxControl
from subscriptions import clock
from subscriptions.models import LicenseEntry, Notification
from tests.programs.soak import invariants, town
from tests.programs.soak.crowd import Person, Place, Tally
from tests.programs.soak.jobs import run_all
from tests.programs.soak.stack import WEBHOOK_SECRET, App, Database, Jobs, Sandbox
from tests.support.postgres import run_program

# The whole history: years pass within a run.
WHOLE_PAST = timedelta(days=50 * 365)
# Reconciliation rounds before it counts as never finishing.
ROUNDS = 12
# One in this many organizations has payments refunded in the processor's dashboard.
REFUNDED = 4


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
        self._jobs = Jobs(folder / "mail-lock", folder / "jobs.log")
        self._victims: dict[str, Killable] = {
            "site": app,
            "processor": sandbox,
            "database": database,
            "jobs": self._jobs,
        }
        self._options = options
        self._random = random.Random(options.seed)
        self._tally = Tally()
        self._begun = time.monotonic()

    @property
    def _control(self) -> SandboxControl:
        return self._sandbox.process.control

    def go(self) -> bool:
        """Return whether every invariant held."""
        logging.getLogger("post_office").setLevel(
            logging.ERROR
        )  # otherwise several lines per round
        people = self._prepare()
        for person in people:
            person.start()
        self._kill_again_and_again(self._options.minutes * 60)
        self._jobs.kill()
        closing = people[0].place.closing
        closing.set()
        for person in people:
            person.join()
        self._say("settle")
        self._settle()
        self._say("stop")
        if self._app.stop() != 0:
            self._tally.blame("the site did not stop in good order")
        self._sandbox.stop()
        return self._tell()

    # Before -------------------------------------------------------------------------------------

    def _prepare(self) -> list[Person]:
        self._say("migrate")
        if self._options.restore:
            url = os.environ["DATABASE_URL"]
            run_program("pg_restore", "--no-owner", f"--dbname={url}", self._options.restore)
        else:
            call_command("migrate", verbosity=0)
        self._say("fill")
        options = self._options
        slugs = town.build(options.organizations, options.people)
        refundable = sorted(set(chain(*slugs.values())))[::REFUNDED]
        connection.close()
        self._say("start the site")
        self._app.start()
        self._jobs.start()
        self._control.register_webhook(
            f"http://127.0.0.1:{self._app.port}/stripe/webhook/", WEBHOOK_SECRET
        )
        place = Place(self._app.url, self._control, threading.Event(), self._tally)
        self._say(f"{options.organizations} organizations, {options.people} people")
        return [
            Person(place, town.email_of(who), mine, refundable, options.seed * 1000 + who)
            for who, mine in slugs.items()
        ]

    # During -------------------------------------------------------------------------------------

    def _kill_again_and_again(self, seconds: float) -> None:
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
                self._let_pass(timedelta(days=30))
                month_is_over = time.monotonic() + self._options.month
        time.sleep(max(0.0, end - time.monotonic()))

    def _all_were_killed(self) -> bool:
        return all(self._tally.counts[f"killed: {name}"] for name in self._victims)

    def _victims_in_turn(self) -> Iterator[str]:
        """Kill in random order; each process at least once."""
        while True:
            names = sorted(self._victims)
            self._random.shuffle(names)
            yield from names

    def _kill(self, name: str) -> None:
        victim = self._victims[name]
        victim.kill()
        begun = time.monotonic()
        self._tally.add(f"killed: {name}")
        time.sleep(self._random.uniform(0.0, 1.0))
        victim.start()
        self._tally.add("restarts")
        self._say(f"{name} killed, back after {time.monotonic() - begun:.1f} s")

    def _check_now(self) -> None:
        # The database may have been killed since the last query.
        connection.close()
        number, wrong = invariants.at_any_moment()
        self._note(number, wrong)

    def _let_pass(self, duration: timedelta) -> None:
        """Move every clock forward: of all processes here, and of the processor."""
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
        self._control.flush(timeout=60, hurry=True)
        for minutes in (10, 40):
            self._let_pass(timedelta(minutes=minutes))
            self._control.flush(timeout=60, hurry=True)
            run_all(str(self._jobs.lock))
        before: object = None
        for number in range(ROUNDS):
            self._let_pass(timedelta(minutes=2))
            # The whole history once; then as cron does.
            past = LOOK_BACK if number else WHOLE_PAST
            report = reconcile(look_back=past, is_thorough=not number)
            self._say(f"reconciled: {len(report.lines)} found")
            run_all(str(self._jobs.lock))
            self._control.flush(timeout=60, hurry=True)
            if not report.lines and before == (before := _state()):
                break
            before = _state()
        else:
            self._tally.blame(f"reconciliation comes to no end: {report.lines[:5]}")
        self._note(*invariants.once_settled(self._control.sessions()))
        self._count_mails()

    def _count_mails(self) -> None:
        """Each mail was sent once; twice only if the database died before recording it."""
        texts = [file.read_text() for file in (self._folder / "mails").glob("*")]
        numbers = [
            line for text in texts for line in text.splitlines() if line.startswith("Message-ID:")
        ]
        self._tally.add("mails sent", len(numbers))
        again = len(numbers) - len(set(numbers))
        self._tally.add("mails sent again", again)
        counts = self._tally.counts
        interrupted = counts["killed: jobs"] + counts["killed: database"]
        if again > interrupted * get_batch_size():
            self._tally.blame(f"{again} mails sent again, after {interrupted} interruptions")
        if len(set(numbers)) != Email.objects.count():
            self._tally.blame(f"{Email.objects.count()} mails, {len(set(numbers))} sent")

    def _note(self, number: int, wrong: list[str]) -> None:
        self._tally.add("invariants checked", number)
        for what in wrong:
            self._tally.blame(what)

    def _tell(self) -> bool:
        counts: dict[str, Any] = dict(sorted(self._tally.counts.items()))
        counts["violations"] = len(self._tally.wrong)
        self._say(f"seed {self._options.seed}")
        width = max(map(len, counts))
        for what, number in counts.items():
            print(f"| {what:<{width}} | {number:>7,} |")
        for wrong in self._tally.wrong[:50]:
            print(f"! {wrong}")
        return not self._tally.wrong

    def _say(self, text: str) -> None:
        print(f"[{time.monotonic() - self._begun:6.1f} s] {text}", flush=True)


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
