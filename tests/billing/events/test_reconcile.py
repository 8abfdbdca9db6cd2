"""Reconciliation ends what return page and webhook left unsettled (R14, R17)."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import Settings

from billing.checkout.sessions import CHECKOUT_LIFE, REPEAT_WITHIN
from billing.events.reconcile import Line, reconcile
from billing.gateway.types import ProcessorUnavailable
from billing.models import ProcessorEvent, Purchase
from billing.sandbox.control.client import SandboxControl
from billing.states import PurchaseStatus
from subscriptions import clock
from subscriptions.models import LicenseEntry
from tests.billing.conftest import NOBODY
from tests.billing.deliveries import completed, deliver
from tests.support.world import World

CREATE: dict[str, Any] = {"method": "POST", "path": "/v1/checkout/sessions"}


def not_answered(
    world: World, stripe: SandboxControl, kind: str = "drop_after", **fault: Any
) -> Purchase:
    """A purchase whose creation at the processor was never answered."""
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


class TestAPurchaseWithoutItsSession:
    """R17: within 4 minutes its creation is repeated, after that it is looked up."""

    @pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
    @pytest.mark.parametrize("age", [0, 3 * 60 + 59])
    def test_is_begun_again_with_the_same_key(
        self, world: World, stripe: SandboxControl, impatient: Settings, kind: str, age: int
    ) -> None:
        purchase = not_answered(world, stripe, kind)
        world.later(seconds=age)

        reconcile()

        assert state(purchase) == PurchaseStatus.OPEN
        [session] = stripe.sessions()
        assert purchase.session_id == session["id"]
        asked = stripe.requests(**CREATE)
        assert {request["idempotency_key"] for request in asked} == {purchase.idempotency_key}
        assert len(asked) == 2

    @pytest.mark.parametrize("age", [4 * 60, 10 * 60, 34 * 60])
    def test_is_looked_up_from_4_minutes_on(
        self, world: World, stripe: SandboxControl, impatient: Settings, age: int
    ) -> None:
        purchase = not_answered(world, stripe)
        world.later(seconds=age)

        reconcile()

        assert state(purchase) == PurchaseStatus.OPEN
        assert purchase.session_id == stripe.sessions()[0]["id"]
        assert len(stripe.requests(**CREATE)) == 1

    @pytest.mark.parametrize("age", [4 * 60, 60 * 60, 3 * 24 * 3600])
    def test_is_abandoned_where_the_processor_has_none(
        self, world: World, stripe: SandboxControl, impatient: Settings, age: int
    ) -> None:
        purchase = not_answered(world, stripe, "drop_before")
        world.later(seconds=age)

        reconcile()

        assert state(purchase) == PurchaseStatus.ABANDONED
        assert stripe.sessions() == []

    def test_is_expired_where_the_processor_says_so(
        self, world: World, stripe: SandboxControl, impatient: Settings
    ) -> None:
        purchase = not_answered(world, stripe)
        world.later(minutes=36)

        reconcile()

        assert state(purchase) == PurchaseStatus.EXPIRED
        assert purchase.session_id == stripe.sessions()[0]["id"]

    @pytest.mark.parametrize("age", [1, 5, 60])
    def test_is_granted_where_it_was_paid(
        self, world: World, stripe: SandboxControl, impatient: Settings, age: int
    ) -> None:
        purchase = not_answered(world, stripe)
        stripe.pay(stripe.sessions()[0]["id"])
        world.later(minutes=age)

        reconcile()
        reconcile()

        assert state(purchase) == PurchaseStatus.SETTLED
        assert world.held() == 35

    def test_is_found_among_many(
        self, world: World, stripe: SandboxControl, impatient: Settings
    ) -> None:
        """The processor lists a hundred at a time."""
        purchase = not_answered(world, stripe)
        other = purchase.request_parameters | {"metadata": {"product": "mugs"}, "expires_at": None}
        for _ in range(101):
            stripe.inject(other)
        world.later(minutes=5)

        reconcile()

        assert state(purchase) == PurchaseStatus.OPEN

    def test_is_not_mixed_up_with_a_foreign_session_of_the_same_number(
        self, world: World, stripe: SandboxControl, impatient: Settings
    ) -> None:
        purchase = not_answered(world, stripe, "drop_before")
        mugs = {"product": "mugs", "purchase": str(purchase.pk)}
        stripe.inject(purchase.request_parameters | {"metadata": mugs, "expires_at": None})
        world.later(minutes=5)

        reconcile()

        assert state(purchase) == PurchaseStatus.ABANDONED
        assert world.held() == 25

    def test_waits_while_the_processor_cannot_be_asked(
        self, world: World, stripe: SandboxControl, impatient: Settings
    ) -> None:
        purchase = not_answered(world, stripe)
        world.later(minutes=5)
        base, impatient.STRIPE_API_BASE = impatient.STRIPE_API_BASE, NOBODY

        report = reconcile()

        assert report.lines[0].is_trouble
        assert state(purchase) == PurchaseStatus.PENDING
        impatient.STRIPE_API_BASE = base
        assert reconcile().failures == 0
        assert state(purchase) == PurchaseStatus.OPEN

    def test_that_is_refused_when_repeated_is_abandoned(
        self, world: World, stripe: SandboxControl, impatient: Settings
    ) -> None:
        purchase = not_answered(world, stripe, "drop_before")
        stripe.fault("error", **CREATE, status=400)

        report = reconcile()

        assert report.failures == 0
        assert state(purchase) == PurchaseStatus.ABANDONED

    def test_can_still_be_paid_after_it_was_given_up(
        self, world: World, stripe: SandboxControl, impatient: Settings
    ) -> None:
        """R14: money that arrives against all expectation is settled."""
        purchase = not_answered(world, stripe)
        Purchase.objects.update(status=PurchaseStatus.ABANDONED)
        session = stripe.pay(stripe.sessions()[0]["id"])["session"]["id"]

        deliver(completed(session))

        assert state(purchase) == PurchaseStatus.SETTLED
        assert world.held() == 35

    def test_the_repetition_leaves_the_processor_s_minimum_of_life(self) -> None:
        assert timedelta(minutes=31) <= CHECKOUT_LIFE - REPEAT_WITHIN


class TestAnOpenPurchase:
    def test_that_was_paid_is_granted(self, world: World, stripe: SandboxControl) -> None:
        purchase = world.buy(10)
        world.pay(purchase)

        reconcile()

        assert state(purchase) == PurchaseStatus.SETTLED
        assert world.held() == 35

    def test_that_nobody_paid_is_expired_when_the_processor_says_so(
        self, world: World, stripe: SandboxControl
    ) -> None:
        purchase = world.buy(10)
        world.later(minutes=35)

        reconcile()

        assert state(purchase) == PurchaseStatus.EXPIRED

    def test_that_can_still_be_paid_stays_open(self, world: World, stripe: SandboxControl) -> None:
        purchase = world.buy(10)
        world.later(minutes=34)

        reconcile()

        assert state(purchase) == PurchaseStatus.OPEN

    def test_is_not_closed_by_the_clock_alone(
        self, world: World, stripe: SandboxControl, impatient: Settings
    ) -> None:
        """R17: open until the processor has said otherwise."""
        purchase = world.buy(10)
        world.pay(purchase)
        world.later(days=40)
        base, impatient.STRIPE_API_BASE = impatient.STRIPE_API_BASE, NOBODY
        reconcile()
        assert state(purchase) == PurchaseStatus.OPEN
        impatient.STRIPE_API_BASE = base

        reconcile()

        assert state(purchase) == PurchaseStatus.SETTLED
        assert purchase.paid_at == clock.now() - timedelta(days=40)


def test_twice_changes_nothing_more(world: World, stripe: SandboxControl) -> None:
    for quantity in (5, 10, 15):
        world.pay(world.buy(quantity))
    unpaid = world.buy(20)
    reconcile()
    after = list(Purchase.objects.order_by("pk").values())

    second = reconcile()

    assert list(Purchase.objects.order_by("pk").values()) == after
    assert second.lines == [Line("unpaid purchase", str(unpaid), PurchaseStatus.OPEN)]
    assert LicenseEntry.objects.filter(cause="add_on").count() == 3


def test_one_that_fails_does_not_keep_the_others(world: World, stripe: SandboxControl) -> None:
    broken, good = world.buy(10), world.buy(15)
    for purchase in (broken, good):
        world.pay(purchase)
    stripe.fault("error", method="GET", session=broken.session_id, status=500)

    report = reconcile()

    assert report.failures == 1
    assert (state(broken), state(good)) == (PurchaseStatus.OPEN, PurchaseStatus.SETTLED)


class TestEvents:
    def waiting(self, world: World, stripe: SandboxControl) -> Purchase:
        """An event that could not be processed."""
        purchase = world.buy(10)
        world.pay(purchase)
        stripe.fault("error", method="GET", status=500)
        deliver(completed(purchase.session_id))
        stripe.clear_faults()
        return purchase

    def test_that_failed_are_taken_up(self, world: World, stripe: SandboxControl) -> None:
        purchase = self.waiting(world, stripe)
        Purchase.objects.update(status=PurchaseStatus.EXPIRED)  # reconciliation would not ask
        world.later(minutes=2)

        report = reconcile()

        assert state(purchase) == PurchaseStatus.SETTLED
        assert [line.result for line in report.lines] == ["processed"]

    def test_that_arrive_at_this_moment_are_left_alone(
        self, world: World, stripe: SandboxControl
    ) -> None:
        self.waiting(world, stripe)

        reconcile()

        assert ProcessorEvent.objects.get().processed_at is None

    def test_that_fail_again_are_counted(self, world: World, stripe: SandboxControl) -> None:
        self.waiting(world, stripe)
        Purchase.objects.update(status=PurchaseStatus.EXPIRED)
        world.later(minutes=2)
        stripe.fault("error", method="GET", status=500)

        report = reconcile()

        [line] = [line for line in report.lines if line.found == "event not processed"]
        assert line.is_trouble
        assert ProcessorEvent.objects.get().processed_at is None


class TestTheCommand:
    def run(self) -> str:
        output = StringIO()
        call_command("reconcile_purchases", stdout=output)
        return output.getvalue()

    def test_prints_what_it_found(self, world: World, stripe: SandboxControl) -> None:
        world.pay(world.buy(10))

        printed = self.run()

        assert "Add-on licenses: 10 (Lakeside Officials Association)" in printed
        assert "settled" in printed
        assert "1 found, 0 to review" in printed

    def test_with_nothing_to_do_says_so(self, world: World, stripe: SandboxControl) -> None:
        assert "0 found, 0 to review" in self.run()

    def test_ends_with_an_error_where_something_failed(
        self, world: World, stripe: SandboxControl
    ) -> None:
        world.buy(10)
        stripe.fault("error", method="GET", status=500)

        with pytest.raises(SystemExit) as ended:
            self.run()

        assert ended.value.code == 1
