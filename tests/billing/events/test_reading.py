"""Each minute reconciliation reads what is new; once an hour it reads the whole day (R14)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import OperationalError
from pytest_django import Settings

from billing.checkout.sessions import CLOCK_DIFFERENCE
from billing.events.reading import LOOK_BACK, OVERLAP, WHOLE_DAY_EVERY, Reading, next_reading
from billing.events.reconcile import RUN, WHOLE_DAY, reconcile_news
from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from billing.sandbox.control.process import SandboxProcess
from billing.states import PurchaseStatus
from subscriptions import clock
from subscriptions.models import LicenseEntry
from subscriptions.models.periodic import last_complete_run, note_complete_run
from tests.billing.conftest import NOBODY
from tests.billing.sold_days import sell_a_day
from tests.support.world import World

NOW = datetime(2031, 6, 2, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
WHOLE = Reading(NOW - LOOK_BACK - OVERLAP, is_whole_day=True)
LISTS = ["/v1/checkout/sessions", "/v1/disputes", "/v1/refunds"]


def before(**ago: float) -> datetime:
    return NOW - timedelta(**ago)


class TestWhatIsRead:
    def test_goes_back_further_than_clocks_may_differ(self) -> None:
        assert OVERLAP > CLOCK_DIFFERENCE

    @pytest.mark.parametrize("ago", [timedelta(0), timedelta(minutes=1), timedelta(days=3)])
    def test_is_what_is_new_since_the_last_complete_run(self, ago: timedelta) -> None:
        reading = next_reading(NOW, last_run=NOW - ago, last_whole_day=before(minutes=1))

        assert reading == Reading(NOW - ago - OVERLAP, is_whole_day=False)

    @pytest.mark.parametrize(
        ("ago", "is_whole_day"),
        [
            (timedelta(0), False),
            (WHOLE_DAY_EVERY - SECOND, False),
            (WHOLE_DAY_EVERY, True),
            (WHOLE_DAY_EVERY + SECOND, True),
            (-SECOND, True),  # a clock that was put back
        ],
    )
    def test_is_the_whole_day_once_an_hour(self, ago: timedelta, is_whole_day: bool) -> None:
        reading = next_reading(NOW, last_run=before(minutes=1), last_whole_day=NOW - ago)

        assert reading.is_whole_day is is_whole_day
        assert reading.since == (WHOLE.since if is_whole_day else before(minutes=1) - OVERLAP)

    def test_is_the_whole_day_at_first(self) -> None:
        assert next_reading(NOW, last_run=None, last_whole_day=None) == WHOLE
        assert next_reading(NOW, last_run=None, last_whole_day=NOW) == WHOLE
        assert next_reading(NOW, last_run=NOW, last_whole_day=None) == WHOLE

    @pytest.mark.parametrize("whole_day", [None, before(days=3)])
    def test_is_more_than_a_day_where_no_run_was_complete_for_longer(
        self, whole_day: datetime | None
    ) -> None:
        reading = next_reading(NOW, last_run=before(days=3), last_whole_day=whole_day)

        assert reading == Reading(before(days=3) - OVERLAP, is_whole_day=True)

    def test_never_begins_in_the_future(self) -> None:
        reading = next_reading(NOW, last_run=NOW + timedelta(hours=1), last_whole_day=NOW)

        assert reading == Reading(NOW - OVERLAP, is_whole_day=False)


def paid_though_given_up(world: World) -> Purchase:
    """A payment of which only the processor's list tells."""
    purchase = world.buy(10)
    world.pay(purchase)
    Purchase.objects.filter(pk=purchase.pk).update(status=PurchaseStatus.ABANDONED)
    return purchase


def fulfilled() -> int:
    return LicenseEntry.objects.filter(cause="add_on").count()


def has_read(run: datetime, whole_day: datetime) -> None:
    note_complete_run(RUN, run)
    note_complete_run(WHOLE_DAY, whole_day)


class TestAPaymentNobodyToldUsOf:
    @pytest.mark.parametrize(("beyond", "found"), [(-SECOND, 1), (timedelta(0), 1), (SECOND, 0)])
    def test_is_found_from_the_overlap_on(
        self, world: World, stripe: SandboxControl, beyond: timedelta, found: int
    ) -> None:
        paid_though_given_up(world)
        has_read(clock.now() + OVERLAP + beyond, clock.now() + OVERLAP)
        world.later(minutes=10, seconds=1)

        reconcile_news()

        assert fulfilled() == found

    @pytest.mark.parametrize(("after", "found"), [(-SECOND, 0), (timedelta(0), 1), (SECOND, 1)])
    def test_that_the_news_do_not_show_is_found_within_the_hour(
        self, world: World, stripe: SandboxControl, after: timedelta, found: int
    ) -> None:
        paid_though_given_up(world)
        world.later(minutes=20)
        has_read(clock.now(), clock.now())
        world.at(clock.now() + WHOLE_DAY_EVERY + after)

        reconcile_news()

        assert fulfilled() == found

    def test_is_found_after_the_jobs_have_stood_still_for_days(
        self, world: World, stripe: SandboxControl
    ) -> None:
        reconcile_news()
        world.later(hours=1)
        paid_though_given_up(world)
        world.later(days=3)

        reconcile_news()

        assert fulfilled() == 1


class TestARun:
    def marks(self) -> tuple[datetime | None, datetime | None]:
        return last_complete_run(RUN), last_complete_run(WHOLE_DAY)

    def test_that_is_complete_counts_from_its_beginning(
        self, world: World, stripe: SandboxControl
    ) -> None:
        begun = clock.now()
        reconcile_news()
        assert self.marks() == (begun, begun)
        world.later(minutes=1)

        reconcile_news()

        assert self.marks() == (clock.now(), begun)

    def test_without_the_processor_does_not_count(
        self, world: World, stripe: SandboxControl, impatient: Settings
    ) -> None:
        reconcile_news()
        marks = self.marks()
        world.later(hours=2)
        impatient.STRIPE_API_BASE = NOBODY

        report = reconcile_news()

        assert report.failures
        assert self.marks() == marks

    @pytest.mark.parametrize("path", LISTS)
    def test_that_could_not_read_a_list_does_not_count(
        self, world: World, stripe: SandboxControl, path: str
    ) -> None:
        stripe.fault("error", method="GET", path=path, status=500)

        reconcile_news()

        assert self.marks() == (None, None)

    def test_that_could_not_ask_about_a_payment_does_not_count(
        self, world: World, stripe: SandboxControl
    ) -> None:
        purchase = paid_though_given_up(world)
        fault = f"/v1/checkout/sessions/{purchase.session_id}"
        stripe.fault("error", method="GET", path=fault, status=500)
        reconcile_news()
        assert self.marks() == (None, None)
        stripe.clear_faults()

        reconcile_news()

        assert self.marks() == (clock.now(), clock.now())
        assert fulfilled() == 1

    def test_whose_database_was_away_for_a_moment_does_not_count(
        self, world: World, stripe: SandboxControl, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        paid_though_given_up(world)

        def away(*arguments: object) -> None:
            raise OperationalError("lock timeout")

        with monkeypatch.context() as once:
            once.setattr("billing.events.reconcile.settle.settle", away)
            reconcile_news()
        assert self.marks() == (None, None)

        reconcile_news()

        assert fulfilled() == 1

    def test_that_is_cut_short_does_not_count(
        self, world: World, stripe: SandboxControl, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def killed(*arguments: object) -> None:
            raise SystemExit

        monkeypatch.setattr("billing.events.reconcile.ledger_audit.differences", killed)
        with pytest.raises(SystemExit):
            reconcile_news()

        assert self.marks() == (None, None)

    def test_that_finds_what_somebody_has_to_look_at_counts(
        self, world: World, stripe: SandboxControl
    ) -> None:
        """What is not the processor's fault would be no different the next time."""
        purchase = world.buy_and_settle(10)
        Purchase.objects.filter(pk=purchase.pk).update(quantity=15, total_amount=7500)

        report = reconcile_news()

        assert [line.found for line in report.lines] == ["ledger differs"]
        assert self.marks() == (clock.now(), clock.now())


@pytest.fixture
def sold_day(
    world: World, tmp_path: Path, settings: Settings, request: pytest.FixtureRequest
) -> Iterator[SandboxControl]:
    """A processor of its own that has sold so many of ours in the last day."""
    store = tmp_path / "stripe.sqlite3"
    sell_a_day(store, request.param, until=clock.now())
    with SandboxProcess(store) as process:
        settings.STRIPE_SECRET_KEY = process.secret_key
        settings.STRIPE_API_BASE = process.base_url
        yield process.control


@pytest.mark.parametrize("sold_day", [100, 10_000], indirect=True)
def test_a_run_asks_the_processor_as_often_whatever_a_day_has_sold(
    world: World, sold_day: SandboxControl
) -> None:
    has_read(clock.now() - timedelta(minutes=1), clock.now() - timedelta(minutes=30))

    report = reconcile_news()

    assert report.lines == []
    assert sorted(request["path"] for request in sold_day.requests()) == LISTS
