"""Processor errors and our own crashes: no purchase is lost or duplicated (R14, R17)."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pytest_django import Settings

from billing.checkout import sessions
from billing.events.reconcile import reconcile
from billing.gateway.types import ProcessorError, ProcessorUnavailable
from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from billing.settlement.settle import settle
from billing.states import PurchaseStatus
from subscriptions.models import LicenseEntry
from tests.billing.deliveries import completed, deliver
from tests.support.checks import fresh
from tests.support.world import World

CREATE: dict[str, Any] = {"method": "POST", "path": "/v1/checkout/sessions"}

HANG = 2.0  # seconds; longer than the SDK timeout in these tests

FAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "error 500": ("error", {"status": 500}),
    "dropped before": ("drop_before", {}),
    "dropped after": ("drop_after", {}),
    "error 500 after": ("error_after", {}),
    "rate limited 429": ("rate_limited", {}),
    "conflict 409": ("conflict", {}),
    "timeout": ("slow", {"seconds": HANG}),
    "timeout after": ("slow_after", {"seconds": HANG}),
    "malformed": ("malformed", {}),
    "malformed after": ("malformed", {"after": True}),
    "no id": ("override", {"fields": {"id": None}}),
    "no expiration": ("override", {"fields": {"expires_at": None}}),
}
EVERY_FAULT = pytest.mark.parametrize(
    ("kind", "fault"), FAULTS.values(), ids=[name.replace(" ", "-") for name in FAULTS]
)


def fulfillments() -> int:
    return LicenseEntry.objects.filter(cause="add_on").count()


@EVERY_FAULT
@pytest.mark.parametrize("minutes", [1, 5])
def test_fault_while_creating_never_duplicates_a_session(
    world: World,
    stripe: SandboxControl,
    short_timeouts: Settings,
    kind: str,
    fault: dict[str, Any],
    minutes: int,
) -> None:
    """Once reconciled, the session can be paid, or the purchase is abandoned."""
    stripe.fault(kind, **CREATE, **fault)
    with pytest.raises(ProcessorUnavailable):
        world.buy(10)
    stripe.clear_faults()
    if kind.startswith("slow"):
        time.sleep(HANG)  # until the hung request has finished
    purchase = Purchase.objects.get()
    assert purchase.status == PurchaseStatus.PENDING

    for _ in range(2):
        world.later(minutes=minutes)
        reconcile()

    purchase.refresh_from_db()
    assert len(stripe.sessions()) <= 1
    if kind == "error_after" and minutes == 1:
        # The error is stored under the key; the session is found by lookup after 4 minutes.
        assert purchase.status == PurchaseStatus.PENDING
        world.later(minutes=3)
        reconcile()
        purchase.refresh_from_db()
    if stripe.sessions():
        assert purchase.status == PurchaseStatus.OPEN
        world.pay(purchase)
        reconcile()
    else:
        assert purchase.status == PurchaseStatus.ABANDONED
    assert fulfillments() == len(stripe.sessions())


@EVERY_FAULT
def test_fault_while_reading_a_paid_session_delays_fulfillment(
    world: World, stripe: SandboxControl, short_timeouts: Settings, kind: str, fault: dict[str, Any]
) -> None:
    purchase = world.buy(10)
    world.pay(purchase)
    stripe.fault(kind, method="GET", **fault)

    with pytest.raises(ProcessorUnavailable):
        settle(purchase.session_id or "")
    response = deliver(completed(purchase.session_id))
    reconcile()
    assert fulfillments() == 0
    stripe.clear_faults()
    report = reconcile()

    assert response.status_code == 503
    assert report.failures == 0
    assert fulfillments() == 1


@pytest.mark.usefixtures("short_timeouts")
def test_fault_while_listing_sessions_is_recovered(world: World, stripe: SandboxControl) -> None:
    stripe.fault("drop_after", **CREATE)
    with pytest.raises(ProcessorUnavailable):
        world.buy(10)
    stripe.clear_faults()
    world.later(minutes=5)
    stripe.fault("malformed", method="GET", path="/v1/checkout/sessions", times=1)

    first, second = reconcile(), reconcile()

    assert (first.failures, second.failures) == (1, 0)
    assert Purchase.objects.get().status == PurchaseStatus.OPEN


def test_stale_unpaid_session_is_read_again(world: World, stripe: SandboxControl) -> None:
    """No further event or visit follows, so reconciliation must retry."""
    purchase = world.buy(10)
    world.pay(purchase)
    stripe.fault("stale", method="GET", times=2)

    deliver(completed(purchase.session_id))
    settle(purchase.session_id or "")
    assert fulfillments() == 0
    reconcile()

    assert fulfillments() == 1


def test_sdk_retries_a_dropped_response(world: World, stripe: SandboxControl) -> None:
    stripe.fault("drop_after", times=1)

    purchase = world.buy(10)

    assert purchase.status == PurchaseStatus.OPEN
    assert len(stripe.sessions()) == 1


@contextmanager
def killed_at(monkeypatch: pytest.MonkeyPatch, step: str) -> Iterator[None]:
    """Kill the process when it calls ``step``."""

    def kill(*args: Any, **kwargs: Any) -> None:
        raise SystemExit("killed")

    with monkeypatch.context() as patched:
        patched.setattr(step, kill)
        with pytest.raises(SystemExit):
            yield


def test_concurrent_request_with_the_same_key_uses_the_first_response(
    world: World, stripe: SandboxControl, short_timeouts: Settings
) -> None:
    """The same form is submitted twice at once: one request gets 409."""
    stripe.fault("drop_before", **CREATE, times=1)
    with pytest.raises(ProcessorUnavailable):
        world.buy(10)
    purchase = Purchase.objects.get()
    reconcile()
    stripe.fault("conflict", **CREATE)

    opened = sessions.create_checkout(purchase)

    assert opened.status == PurchaseStatus.OPEN
    assert opened.session_url == stripe.sessions()[0]["url"]


class TestCrash:
    """The process dies between two steps; reconciliation resumes the committed work."""

    @pytest.mark.parametrize(
        "step",
        [
            "billing.checkout.sessions.create_checkout",
            "billing.checkout.sessions.open_with_session",
        ],
    )
    @pytest.mark.parametrize("minutes", [1, 5])
    def test_crash_before_or_after_creating_the_session(
        self,
        world: World,
        stripe: SandboxControl,
        monkeypatch: pytest.MonkeyPatch,
        step: str,
        minutes: int,
    ) -> None:
        with killed_at(monkeypatch, step):
            world.buy(10)
        world.later(minutes=minutes)

        reconcile()

        purchase = Purchase.objects.get()
        is_lost = step == "billing.checkout.sessions.create_checkout" and minutes == 5
        expected = PurchaseStatus.ABANDONED if is_lost else PurchaseStatus.OPEN
        assert purchase.status == expected
        assert len(stripe.sessions()) == (0 if is_lost else 1)

    @pytest.mark.parametrize("step", ["lock_purchase", "_act_on", "move"])
    def test_crash_while_settling_a_payment(
        self, world: World, stripe: SandboxControl, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        purchase = world.buy(10)
        world.pay(purchase)
        with killed_at(monkeypatch, f"billing.settlement.settle.{step}"):
            settle(purchase.session_id or "")
        assert fulfillments() == 0

        reconcile()

        assert fulfillments() == 1

    def test_crash_between_recording_and_requesting_a_refund(
        self, world: World, stripe: SandboxControl, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        purchase = world.buy(10)
        world.pay(purchase, funding="charge_card")
        with killed_at(monkeypatch, "billing.refunds.sync.send_requested"):
            settle(purchase.session_id or "")

        reconcile()
        reconcile()

        assert fresh(purchase).status == PurchaseStatus.REFUNDED
        assert len(stripe.requests(method="POST", path="/v1/refunds")) == 1

    def test_webhook_before_reconciliation_stores_the_session(
        self, world: World, stripe: SandboxControl, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with killed_at(monkeypatch, "billing.checkout.sessions.open_with_session"):
            world.buy(10)
        session = stripe.pay(stripe.sessions()[0]["id"])["session"]["id"]

        deliver(completed(session))

        purchase = Purchase.objects.get()
        assert (purchase.status, purchase.session_id) == (PurchaseStatus.SETTLED, session)


@pytest.mark.parametrize("seed", range(6))
def test_payments_and_licenses_agree_after_random_faults(
    world: World, stripe: SandboxControl, short_timeouts: Settings, seed: int
) -> None:
    """About every third call fails."""
    for number, kind in enumerate(("error", "drop_after", "drop_before", "malformed")):
        stripe.fault(kind, probability=0.12, seed=seed * 10 + number, after=True)
    paid_quantities = set()
    for quantity in (5, 10, 15, 20, 25, 30):
        submission = uuid.uuid4()
        for _ in range(2):
            try:
                purchase = world.buy(quantity, submission=submission)
            except ProcessorError:
                continue
            if purchase.session_id and purchase.status == PurchaseStatus.OPEN:
                world.pay(purchase)
                paid_quantities.add(quantity)
            if purchase.session_id:
                deliver(completed(purchase.session_id))
        world.later(minutes=1)
        reconcile()
    stripe.clear_faults()
    world.later(minutes=40)
    reconcile()
    reconcile()

    paid = [s for s in stripe.sessions() if s["payment_status"] == "paid"]
    settled = Purchase.objects.filter(status=PurchaseStatus.SETTLED)
    assert {purchase.session_id for purchase in settled} == {session["id"] for session in paid}
    assert {purchase.quantity for purchase in settled} == paid_quantities
    assert world.held() == 25 + sum(paid_quantities)
    numbers = sorted(purchase.receipt_number or 0 for purchase in settled)
    assert numbers == list(range(1, len(paid) + 1))
    others = set(Purchase.objects.exclude(status="settled").values_list("status", flat=True))
    assert others <= {PurchaseStatus.EXPIRED, PurchaseStatus.ABANDONED}
