"""What a minute of reconciliation asks of the processor, by how much a day has sold.

The processor is the local Stripe, with that many sessions in its store, in a process of its own.
"""

import tempfile
import time
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from billing.events.reconcile import RUN, WHOLE_DAY, reconcile_recent
from billing.sandbox.control.process import SandboxProcess
from subscriptions import clock
from subscriptions.models.periodic import record_complete_run
from tests.billing.session_store import fill_store
from tests.programs.bench.goals import Result


def run(a_day: list[int]) -> list[Result]:
    """Calls and seconds of a minute's run, for each number of sessions a day, and of an hour's."""
    calls, results = [], []
    for number in a_day:
        with tempfile.TemporaryDirectory(prefix="licensing-bench-") as folder:
            store = Path(folder) / "stripe.sqlite3"
            fill_store(store, number, until=clock.now())
            with SandboxProcess(store) as process:
                settings.STRIPE_SECRET_KEY = process.secret_key
                settings.STRIPE_API_BASE = process.base_url
                asked, seconds = _run(process, whole_day=False)
                of_the_day, of_the_hour = _run(process, whole_day=True)
        calls.append(asked)
        name = f"reconciliation, {number:,} sessions a day"
        results += [
            Result(f"{name}: calls", [asked], note=f"{of_the_day} once an hour"),
            Result(f"{name}: seconds", [seconds], note=f"{of_the_hour:.2f} once an hour"),
        ]
    return [*results, Result("reconciliation: more calls", [max(calls) - min(calls)], "<= 0")]


def _run(process: SandboxProcess, *, whole_day: bool) -> tuple[int, float]:
    now = clock.now()
    record_complete_run(RUN, now - timedelta(minutes=1))
    record_complete_run(WHOLE_DAY, now - timedelta(hours=1 if whole_day else 0))
    before = len(process.control.requests())
    begun = time.monotonic()
    reconcile_recent()
    seconds = time.monotonic() - begun
    return len(process.control.requests()) - before, seconds
