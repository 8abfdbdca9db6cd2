"""Reconciliation settles payments that the return page and webhooks missed (R14, R17)."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import Settings

from billing.checkout.sessions import CHECKOUT_LIFETIME, RETRY_WINDOW
from billing.events.reconcile import Line, reconcile
from billing.gateway.types import ProcessorUnavailable
from billing.models import ProcessorEvent, Purchase
from billing.sandbox.control.client import SandboxControl
from billing.states import PurchaseStatus
from subscriptions import clock
from subscriptions.models import LicenseEntry
from tests.billing.conftest import UNREACHABLE
from tests.billing.deliveries import completed, deliver
from tests.support.world import World

CREATE: dict[str, Any] = {"method": "POST", "path": "/v1/checkout/sessions"}


def unconfirmed(
    world: World, stripe: SandboxControl, kind: str = "drop_after", **fault: Any
) -> Purchase:
    """Return a purchase whose creation the processor never confirmed."""
    stripe.fault(kind, **CREATE, **fault)
    with pytest.raises(ProcessorUnavailable):
        world.buy(10)
    stripe.clear_faults()
    purchase = Purchase.objects.get()
    assert purchase.status == PurchaseStatus.PENDING
    return purchase


def state(purchase: Purchase) -> str:
    purchase.refresh_from_db()
    return purchase.status


class TestPurchaseWithoutSession:
    """R17: creation is retried for 4 minutes; after that, the session is looked up."""

    @pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
    @pytest.mark.parametrize("age", [0, 3 * 60 + 59])
    def test_creation_is_retried_with_the_same_key(
        self, world: World, stripe: SandboxControl, short_timeouts: Settings, kind: str, age: int
    ) -> None:
        purchase = unconfirmed(world, stripe, kind)
        world.later(seconds=age)

        reconcile()

        assert state(purchase) == PurchaseStatus.OPEN
        [session] = stripe.sessions()
        assert purchase.session_id == session["id"]
        requests = stripe.requests(**CREATE)
        assert {request["idempotency_key"] for request in requests} == {purchase.idempotency_key}
        assert len(requests) == 2

    @pytest.mark.parametrize(
        ("kind", "seconds", "found"),
        [
            *[("drop_after", age, PurchaseStatus.OPEN) for age in (4 * 60, 10 * 60, 34 * 60)],
            ("drop_after", 36 * 60, PurchaseStatus.EXPIRED),
            *[
                ("drop_before", age, PurchaseStatus.ABANDONED)
                for age in (4 * 60, 60 * 60, 3 * 24 * 3600)
            ],
        ],
    )
    @pytest.mark.usefixtures("short_timeouts")
    def test_session_is_looked_up_after_4_minutes(
        self, world: World, stripe: SandboxControl, kind: str, seconds: int, found: PurchaseStatus
    ) -> None:
        purchase = unconfirmed(world, stripe, kind)
        world.later(seconds=seconds)

        reconcile()

        assert state(purchase) == found
        sessions = [session["id"] for session in stripe.sessions()]
        assert sessions == ([purchase.session_id] if kind == "drop_after" else [])
        assert len(stripe.requests(**CREATE)) == 1

    @pytest.mark.parametrize("age", [1, 5, 60])
    def test_purchase_paid_at_the_processor_is_fulfilled(
        self, world: World, stripe: SandboxControl, short_timeouts: Settings, age: int
    ) -> None:
        purchase = unconfirmed(world, stripe)
        stripe.pay(stripe.sessions()[0]["id"])
        world.later(minutes=age)

        reconcile()
        reconcile()

        assert state(purchase) == PurchaseStatus.SETTLED
        assert world.held() == 35

    @pytest.mark.usefixtures("short_timeouts")
    def test_session_is_found_among_many(self, world: World, stripe: SandboxControl) -> None:
        """The processor lists 100 sessions per page."""
        purchase = unconfirmed(world, stripe)
        other = purchase.request_parameters | {"metadata": {"product": "mugs"}, "expires_at": None}
        for _ in range(101):
            stripe.inject(other)
        world.later(minutes=5)

        reconcile()

        assert state(purchase) == PurchaseStatus.OPEN

    def test_unrelated_session_with_our_id_is_ignored(
        self, world: World, stripe: SandboxControl, short_timeouts: Settings
    ) -> None:
        purchase = unconfirmed(world, stripe, "drop_before")
        metadata = {"product": "mugs", "purchase": str(purchase.pk)}
        stripe.inject(purchase.request_parameters | {"metadata": metadata, "expires_at": None})
        world.later(minutes=5)

        reconcile()

        assert state(purchase) == PurchaseStatus.ABANDONED
        assert world.held() == 25

    def test_purchase_waits_while_the_processor_is_unavailable(
        self, world: World, stripe: SandboxControl, short_timeouts: Settings
    ) -> None:
        purchase = unconfirmed(world, stripe)
        world.later(minutes=5)
        base, short_timeouts.STRIPE_API_BASE = short_timeouts.STRIPE_API_BASE, UNREACHABLE

        report = reconcile()

        assert report.lines[0].needs_attention
        assert state(purchase) == PurchaseStatus.PENDING
        short_timeouts.STRIPE_API_BASE = base
        assert reconcile().failures == 0
        assert state(purchase) == PurchaseStatus.OPEN

    def test_purchase_refused_on_retry_is_abandoned(
        self, world: World, stripe: SandboxControl, short_timeouts: Settings
    ) -> None:
        purchase = unconfirmed(world, stripe, "drop_before")
        stripe.fault("error", **CREATE, status=400)

        report = reconcile()

        assert report.failures == 0
        assert state(purchase) == PurchaseStatus.ABANDONED

    def test_abandoned_purchase_can_still_be_paid(
        self, world: World, stripe: SandboxControl, short_timeouts: Settings
    ) -> None:
        """R14: an unexpected payment is settled."""
        purchase = unconfirmed(world, stripe)
        Purchase.objects.update(status=PurchaseStatus.ABANDONED)
        session = stripe.pay(stripe.sessions()[0]["id"])["session"]["id"]

        deliver(completed(session))

        assert state(purchase) == PurchaseStatus.SETTLED
        assert world.held() == 35

    def test_retried_creation_respects_the_minimum_session_lifetime(self) -> None:
        assert timedelta(minutes=31) <= CHECKOUT_LIFETIME - RETRY_WINDOW


@pytest.mark.usefixtures("stripe")
class TestOpenPurchase:
    def test_paid_purchase_is_fulfilled(self, world: World) -> None:
        purchase = world.buy(10)
        world.pay(purchase)

        reconcile()

        assert state(purchase) == PurchaseStatus.SETTLED
        assert world.held() == 35

    @pytest.mark.parametrize(
        ("minutes", "found"), [(34, PurchaseStatus.OPEN), (35, PurchaseStatus.EXPIRED)]
    )
    def test_unpaid_purchase_expires_when_the_processor_says_so(
        self, world: World, minutes: int, found: PurchaseStatus
    ) -> None:
        purchase = world.buy(10)
        world.later(minutes=minutes)

        reconcile()

        assert state(purchase) == found

    def test_purchase_is_not_expired_by_the_clock_alone(
        self, world: World, short_timeouts: Settings
    ) -> None:
        """R17: open until the processor says otherwise."""
        purchase = world.buy(10)
        world.pay(purchase)
        world.later(days=40)
        base, short_timeouts.STRIPE_API_BASE = short_timeouts.STRIPE_API_BASE, UNREACHABLE
        reconcile()
        assert state(purchase) == PurchaseStatus.OPEN
        short_timeouts.STRIPE_API_BASE = base

        reconcile()

        assert state(purchase) == PurchaseStatus.SETTLED
        assert purchase.paid_at == clock.now() - timedelta(days=40)


def test_second_run_changes_nothing(world: World, stripe: SandboxControl) -> None:
    for quantity in (5, 10, 15):
        world.pay(world.buy(quantity))
    unpaid = world.buy(20)
    reconcile()
    after = list(Purchase.objects.order_by("pk").values())

    second = reconcile()

    assert list(Purchase.objects.order_by("pk").values()) == after
    assert second.lines == [Line("unpaid purchase", str(unpaid), PurchaseStatus.OPEN)]
    assert LicenseEntry.objects.filter(cause="add_on").count() == 3


def test_one_failure_does_not_stop_the_run(world: World, stripe: SandboxControl) -> None:
    broken, good = world.buy(10), world.buy(15)
    for purchase in (broken, good):
        world.pay(purchase)
    stripe.fault("error", method="GET", session=broken.session_id, status=500)

    report = reconcile()

    assert report.failures == 1
    assert (state(broken), state(good)) == (PurchaseStatus.OPEN, PurchaseStatus.SETTLED)


class TestEvents:
    def failed_event(self, world: World, stripe: SandboxControl) -> Purchase:
        """Deliver an event whose processing fails; return its purchase."""
        purchase = world.buy(10)
        world.pay(purchase)
        stripe.fault("error", method="GET", status=500)
        deliver(completed(purchase.session_id))
        stripe.clear_faults()
        return purchase

    def test_failed_events_are_processed(self, world: World, stripe: SandboxControl) -> None:
        purchase = self.failed_event(world, stripe)
        # Reconciliation does not ask the processor about expired purchases.
        Purchase.objects.update(status=PurchaseStatus.EXPIRED)
        world.later(minutes=2)

        report = reconcile()

        assert state(purchase) == PurchaseStatus.SETTLED
        assert [line.result for line in report.lines] == ["processed"]

    def test_events_just_received_are_skipped(self, world: World, stripe: SandboxControl) -> None:
        self.failed_event(world, stripe)

        reconcile()

        assert ProcessorEvent.objects.get().processed_at is None

    def test_repeated_failures_are_reported(self, world: World, stripe: SandboxControl) -> None:
        self.failed_event(world, stripe)
        Purchase.objects.update(status=PurchaseStatus.EXPIRED)
        world.later(minutes=2)
        stripe.fault("error", method="GET", status=500)

        report = reconcile()

        [line] = [line for line in report.lines if line.category == "event not processed"]
        assert line.needs_attention
        assert ProcessorEvent.objects.get().processed_at is None


@pytest.mark.usefixtures("stripe")
class TestCommand:
    def run(self) -> str:
        output = StringIO()
        call_command("reconcile_purchases", stdout=output)
        return output.getvalue()

    def test_command_prints_findings(self, world: World) -> None:
        world.pay(world.buy(10))

        printed = self.run()

        assert "Add-on licenses: 10 (Lakeside Officials Association)" in printed
        assert "settled" in printed
        assert "1 found, 0 to review" in printed

    def test_command_says_when_there_is_nothing_to_do(self, world: World) -> None:
        assert "0 found, 0 to review" in self.run()

    def test_command_exits_with_an_error_after_a_failure(
        self, world: World, stripe: SandboxControl
    ) -> None:
        world.buy(10)
        stripe.fault("error", method="GET", status=500)

        with pytest.raises(SystemExit) as caught:
            self.run()

        assert caught.value.code == 1
