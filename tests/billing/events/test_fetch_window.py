"""Reconciliation reads the latest changes every minute and the whole day hourly (R14)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import OperationalError
from pytest_django import Settings

from billing.checkout.sessions import CLOCK_SKEW
from billing.events.fetch_window import (
    FULL_DAY_INTERVAL,
    LOOKBACK,
    OVERLAP,
    FetchWindow,
    next_window,
)
from billing.events.reconcile import FULL_DAY_RUN, RUN, reconcile_recent
from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from billing.sandbox.control.process import SandboxProcess
from billing.states import PurchaseStatus
from subscriptions import clock
from subscriptions.models import LicenseEntry
from subscriptions.models.periodic import last_complete_run, record_complete_run
from tests.billing.conftest import UNREACHABLE
from tests.billing.session_store import fill_store
from tests.support.world import World

NOW = datetime(2031, 6, 2, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FULL_DAY = FetchWindow(NOW - LOOKBACK - OVERLAP, is_full_day=True)
LISTS = ["/v1/checkout/sessions", "/v1/disputes", "/v1/refunds"]


def before(**ago: float) -> datetime:
    return NOW - timedelta(**ago)


class TestFetchWindow:
    def test_overlap_exceeds_the_possible_clock_skew(self) -> None:
        assert OVERLAP > CLOCK_SKEW

    @pytest.mark.parametrize("ago", [timedelta(0), timedelta(minutes=1), timedelta(days=3)])
    def test_window_starts_at_the_last_complete_run(self, ago: timedelta) -> None:
        window = next_window(NOW, last_run=NOW - ago, last_full_day=before(minutes=1))

        assert window == FetchWindow(NOW - ago - OVERLAP, is_full_day=False)

    @pytest.mark.parametrize(
        ("ago", "is_full_day"),
        [
            (timedelta(0), False),
            (FULL_DAY_INTERVAL - SECOND, False),
            (FULL_DAY_INTERVAL, True),
            (FULL_DAY_INTERVAL + SECOND, True),
            (-SECOND, True),  # the clock was set back
        ],
    )
    def test_full_day_is_read_hourly(self, ago: timedelta, is_full_day: bool) -> None:
        window = next_window(NOW, last_run=before(minutes=1), last_full_day=NOW - ago)

        assert window.is_full_day is is_full_day
        assert window.since == (FULL_DAY.since if is_full_day else before(minutes=1) - OVERLAP)

    def test_first_run_reads_the_full_day(self) -> None:
        assert next_window(NOW, last_run=None, last_full_day=None) == FULL_DAY
        assert next_window(NOW, last_run=None, last_full_day=NOW) == FULL_DAY
        assert next_window(NOW, last_run=NOW, last_full_day=None) == FULL_DAY

    @pytest.mark.parametrize("full_day", [None, before(days=3)])
    def test_window_covers_a_longer_outage(self, full_day: datetime | None) -> None:
        window = next_window(NOW, last_run=before(days=3), last_full_day=full_day)

        assert window == FetchWindow(before(days=3) - OVERLAP, is_full_day=True)

    def test_window_never_starts_in_the_future(self) -> None:
        window = next_window(NOW, last_run=NOW + timedelta(hours=1), last_full_day=NOW)

        assert window == FetchWindow(NOW - OVERLAP, is_full_day=False)


def paid_abandoned_purchase(world: World) -> Purchase:
    """Return a paid purchase that only the processor's lists show."""
    purchase = world.buy(10)
    world.pay(purchase)
    Purchase.objects.filter(pk=purchase.pk).update(status=PurchaseStatus.ABANDONED)
    return purchase


def fulfillments() -> int:
    return LicenseEntry.objects.filter(cause="add_on").count()


def set_last_runs(run: datetime, full_day: datetime) -> None:
    record_complete_run(RUN, run)
    record_complete_run(FULL_DAY_RUN, full_day)


@pytest.mark.usefixtures("stripe")
class TestMissedPayment:
    @pytest.mark.parametrize(("beyond", "found"), [(-SECOND, 1), (timedelta(0), 1), (SECOND, 0)])
    def test_payment_within_the_overlap_is_found(
        self, world: World, beyond: timedelta, found: int
    ) -> None:
        paid_abandoned_purchase(world)
        set_last_runs(clock.now() + OVERLAP + beyond, clock.now() + OVERLAP)
        world.later(minutes=10, seconds=1)

        reconcile_recent()

        assert fulfillments() == found

    @pytest.mark.parametrize(("after", "found"), [(-SECOND, 0), (timedelta(0), 1), (SECOND, 1)])
    def test_payment_older_than_the_window_is_found_within_the_hour(
        self, world: World, after: timedelta, found: int
    ) -> None:
        paid_abandoned_purchase(world)
        world.later(minutes=20)
        set_last_runs(clock.now(), clock.now())
        world.at(clock.now() + FULL_DAY_INTERVAL + after)

        reconcile_recent()

        assert fulfillments() == found

    def test_payment_is_found_after_days_without_jobs(self, world: World) -> None:
        reconcile_recent()
        world.later(hours=1)
        paid_abandoned_purchase(world)
        world.later(days=3)

        reconcile_recent()

        assert fulfillments() == 1


@pytest.mark.usefixtures("stripe")
class TestRun:
    def last_runs(self) -> tuple[datetime | None, datetime | None]:
        return last_complete_run(RUN), last_complete_run(FULL_DAY_RUN)

    def test_complete_run_counts_from_its_start(self, world: World) -> None:
        started_at = clock.now()
        reconcile_recent()
        assert self.last_runs() == (started_at, started_at)
        world.later(minutes=1)

        reconcile_recent()

        assert self.last_runs() == (clock.now(), started_at)

    def test_run_without_the_processor_is_incomplete(
        self, world: World, short_timeouts: Settings
    ) -> None:
        reconcile_recent()
        last_runs = self.last_runs()
        world.later(hours=2)
        short_timeouts.STRIPE_API_BASE = UNREACHABLE

        report = reconcile_recent()

        assert report.failures
        assert self.last_runs() == last_runs

    @pytest.mark.parametrize("path", LISTS)
    def test_run_with_an_unread_list_is_incomplete(
        self, world: World, stripe: SandboxControl, path: str
    ) -> None:
        stripe.fault("error", method="GET", path=path, status=500)

        reconcile_recent()

        assert self.last_runs() == (None, None)

    def test_run_with_an_unread_payment_is_incomplete(
        self, world: World, stripe: SandboxControl
    ) -> None:
        purchase = paid_abandoned_purchase(world)
        fault = f"/v1/checkout/sessions/{purchase.session_id}"
        stripe.fault("error", method="GET", path=fault, status=500)
        reconcile_recent()
        assert self.last_runs() == (None, None)
        stripe.clear_faults()

        reconcile_recent()

        assert self.last_runs() == (clock.now(), clock.now())
        assert fulfillments() == 1

    def test_run_with_a_brief_database_outage_is_incomplete(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        paid_abandoned_purchase(world)

        def fail(*arguments: object) -> None:
            raise OperationalError("lock timeout")

        with monkeypatch.context() as patched:
            patched.setattr("billing.events.reconcile.settle.settle", fail)
            reconcile_recent()
        assert self.last_runs() == (None, None)

        reconcile_recent()

        assert fulfillments() == 1

    def test_interrupted_run_is_incomplete(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def kill(*arguments: object) -> None:
            raise SystemExit

        monkeypatch.setattr("billing.events.reconcile.ledger_audit.differences", kill)
        with pytest.raises(SystemExit):
            reconcile_recent()

        assert self.last_runs() == (None, None)

    def test_run_that_finds_a_ledger_difference_is_complete(self, world: World) -> None:
        """Repeating the run would not fix the ledger."""
        purchase = world.buy_and_settle(10)
        Purchase.objects.filter(pk=purchase.pk).update(quantity=15, total_amount=7500)

        report = reconcile_recent()

        assert [line.category for line in report.lines] == ["ledger differs"]
        assert self.last_runs() == (clock.now(), clock.now())


@pytest.fixture
def processor_with_sales(
    world: World, tmp_path: Path, settings: Settings, request: pytest.FixtureRequest
) -> Iterator[SandboxControl]:
    """Return a separate processor with this many of our sessions from the last day."""
    store = tmp_path / "stripe.sqlite3"
    fill_store(store, request.param, until=clock.now())
    with SandboxProcess(store) as process:
        settings.STRIPE_SECRET_KEY = process.secret_key
        settings.STRIPE_API_BASE = process.base_url
        yield process.control


@pytest.mark.parametrize("processor_with_sales", [100, 10_000], indirect=True)
def test_processor_requests_are_constant_in_sales(processor_with_sales: SandboxControl) -> None:
    set_last_runs(clock.now() - timedelta(minutes=1), clock.now() - timedelta(minutes=30))

    report = reconcile_recent()

    assert report.lines == []
    assert sorted(request["path"] for request in processor_with_sales.requests()) == LISTS
