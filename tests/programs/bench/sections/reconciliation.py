"""Calls to the processor in one run of reconciliation, by the number of sessions per day.

The processor is the local Stripe in its own process, with that many sessions in its store.
"""

import tempfile
import time
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from billing.events.reconcile import FULL_DAY_RUN, RUN, reconcile_recent
from billing.models import Purchase
from billing.sandbox.control.process import SandboxProcess
from billing.states import PurchaseStatus
from subscriptions import clock
from subscriptions.models.periodic import record_complete_run
from tests.billing.session_store import fill_store
from tests.programs.bench.goals import Result


def run(sessions_per_day: list[int]) -> list[Result]:
    """Measure calls and seconds of the minutely and the hourly run, by sessions per day."""
    calls, results = [], []
    # Left by other sections; a run would look up each of them.
    Purchase.objects.filter(status=PurchaseStatus.OPEN).delete()
    for number in sessions_per_day:
        with tempfile.TemporaryDirectory(prefix="licensing-bench-") as folder:
            store = Path(folder) / "stripe.sqlite3"
            fill_store(store, number, until=clock.now())
            with SandboxProcess(store) as process:
                settings.STRIPE_SECRET_KEY = process.secret_key
                settings.STRIPE_API_BASE = process.base_url
                minutely, seconds = _run(process, full_day=False)
                hourly, hourly_seconds = _run(process, full_day=True)
        calls.append(minutely)
        name = f"reconciliation, {number:,} sessions per day"
        results += [
            Result(f"{name}: calls", [minutely], note=f"{hourly} once an hour"),
            Result(f"{name}: seconds", [seconds], note=f"{hourly_seconds:.2f} once an hour"),
        ]
    return [*results, Result("reconciliation: more calls", [max(calls) - min(calls)], "<= 0")]


def _run(process: SandboxProcess, *, full_day: bool) -> tuple[int, float]:
    now = clock.now()
    record_complete_run(RUN, now - timedelta(minutes=1))
    record_complete_run(FULL_DAY_RUN, now - timedelta(hours=1 if full_day else 0))
    before = len(process.control.requests())
    start = time.monotonic()
    reconcile_recent()
    seconds = time.monotonic() - start
    return len(process.control.requests()) - before, seconds
