"""Kill the process before and after every call to the processor (R14, R17, R27, R30).

Committed work survives and uncommitted work is lost; the user's next step and reconciliation resume
from there. Wherever the process died, payments and licenses agree in the end.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from typing import Any

import pytest

from billing.checkout.quotes import PriceChanged
from billing.events.reconcile import reconcile
from billing.gateway import processor
from billing.gateway.types import ProcessorError
from billing.models import Purchase, Refund
from billing.sandbox.control.client import SandboxControl
from billing.settlement import ledger_audit, settle
from billing.states import PurchaseStatus, RefundStatus
from subscriptions import clock
from subscriptions.licenses.status import get_status
from subscriptions.policy.refusal import Refused
from tests.billing.renewals import IN_WINDOW, renew, renew_and_settle
from tests.billing.reversals import refund_as_support
from tests.support.world import World, local, remove

CALLS = [
    "create_session",
    "retrieve_session",
    "expire_session",
    "sessions_created_since",
    "refund",
    "find_refund",
    "list_refunds",
    "list_disputes",
]

WINDOW_OPENS = local(date(2031, 12, 2))
Step = Callable[[World], object]


class Killer:
    """Count the crash points; kill the process at number ``fatal``, or never if it is None."""

    def __init__(self, fatal: int | None) -> None:
        self.fatal = fatal
        self.points = 0

    def reach_point(self) -> None:
        self.points += 1
        if self.points - 1 == self.fatal:
            raise SystemExit("killed")

    def wrap(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            self.reach_point()
            response = call(*args, **kwargs)
            self.reach_point()
            return response

        return wrapped


@contextmanager
def kill_at(monkeypatch: pytest.MonkeyPatch, fatal: int | None) -> Iterator[Killer]:
    killer = Killer(fatal)
    with monkeypatch.context() as patched:
        for name in CALLS:
            patched.setattr(processor, name, killer.wrap(getattr(processor, name)))
        yield killer


def pay_open_pages(world: World) -> None:
    """Pay every open payment page."""
    assert world.stripe is not None
    for session in world.stripe.sessions():
        if session["status"] == "open":
            world.stripe.pay(session["id"])


def load_return_pages(world: World) -> None:
    """Load the return page of every completed session."""
    assert world.stripe is not None
    for session in world.stripe.sessions():
        if session["status"] == "complete":
            settle.settle(session["id"])


def buy(world: World) -> None:
    world.buy(10)


def refund_add_ons(world: World) -> None:
    refund_as_support(world, Purchase.objects.get(kind="add_on", status="settled"), 5)


def refund_renewal(world: World) -> None:
    refund_as_support(world, Purchase.objects.get(kind="renewal", status="settled"))


def no_setup(world: World) -> None:
    pass


def in_window(world: World) -> None:
    world.at(IN_WINDOW)


def bought_10(world: World) -> None:
    world.buy_and_settle(10)


def add_on_open_in_window(world: World) -> None:
    world.at(WINDOW_OPENS - timedelta(minutes=10))
    world.buy(10)
    world.at(WINDOW_OPENS)


def add_on_paid_without_webhook_in_window(world: World) -> None:
    add_on_open_in_window(world)
    pay_open_pages(world)


def renewal_open(world: World) -> None:
    world.at(IN_WINDOW)
    renew(world)


def renewal_open_after_add_on(world: World) -> None:
    world.buy_and_settle(10)
    renewal_open(world)


def renewed_with_add_on_open(world: World) -> None:
    world.at(IN_WINDOW)
    renew_and_settle(world)
    world.buy(10)


def remove_5(world: World) -> None:
    remove(world, 5)


# Per scenario: the setup, the steps to interrupt, and the number of crash points.
SCENARIOS: dict[str, tuple[Step, list[Step], int]] = {
    "purchase": (no_setup, [buy, pay_open_pages, load_return_pages], 4),
    "renewal": (in_window, [renew, pay_open_pages, load_return_pages], 4),
    "renewal while an add-on is open": (
        add_on_open_in_window,
        [renew, pay_open_pages, load_return_pages],
        8,
    ),
    # The first attempt finds the add-on paid, which changes the total.
    "renewal while an add-on was paid": (
        add_on_paid_without_webhook_in_window,
        [renew, renew, pay_open_pages, load_return_pages],
        7,
    ),
    "removal while the renewal is open": (
        renewal_open,
        [remove_5, renew, pay_open_pages, load_return_pages],
        8,
    ),
    "refund of add-ons": (bought_10, [refund_add_ons], 4),
    "refund of add-ons while the renewal is open": (
        renewal_open_after_add_on,
        [refund_add_ons, renew, pay_open_pages, load_return_pages],
        12,
    ),
    "refund of a renewal": (renewed_with_add_on_open, [refund_renewal], 8),
}


def replay(world: World, steps: list[Step]) -> None:
    """Run the steps in order; after a crash, continue with the next one as a new process would."""
    for step in steps:
        with suppress(SystemExit, Refused, PriceChanged, ProcessorError):
            step(world)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_crash_point_is_in_the_matrix(
    world: World, stripe: SandboxControl, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    setup, steps, points = SCENARIOS[name]
    setup(world)

    with kill_at(monkeypatch, None) as killer:
        replay(world, steps)

    assert killer.points == points
    assert_ledger_matches(world, stripe)


@pytest.mark.parametrize(
    ("name", "fatal"),
    [(name, point) for name, (_, _, points) in SCENARIOS.items() for point in range(points)],
)
def test_payments_and_licenses_agree_after_reconciliation(
    world: World, stripe: SandboxControl, monkeypatch: pytest.MonkeyPatch, name: str, fatal: int
) -> None:
    setup, steps, _ = SCENARIOS[name]
    setup(world)
    with kill_at(monkeypatch, fatal):
        replay(world, steps)

    reconcile()
    world.later(minutes=5)
    reconcile()

    assert_ledger_matches(world, stripe)


def assert_ledger_matches(world: World, stripe: SandboxControl) -> None:
    """Check that the licenses held are those that were paid and not refunded."""
    assert list(ledger_audit.differences()) == []
    paid = {s["id"]: s for s in stripe.sessions() if s["payment_status"] == "paid"}
    settled = Purchase.objects.filter(status=PurchaseStatus.SETTLED)
    assert set(settled.values_list("session_id", flat=True)) == set(paid)
    for purchase in settled:
        refunds = processor.list_refunds(purchase.payment_intent_id or "")
        assert sum(refund.amount for refund in refunds) == purchase.refunded_amount
    assert not Refund.objects.exclude(status=RefundStatus.SUCCEEDED).exists()
    assert not Purchase.objects.filter(status=PurchaseStatus.PENDING).exists()
    open_sessions = {s["id"] for s in stripe.sessions() if s["status"] == "open"}
    open_purchases = Purchase.objects.filter(status=PurchaseStatus.OPEN)
    assert set(open_purchases.values_list("session_id", flat=True)) == open_sessions
    subscription = get_status(world.lakeside, clock.now())
    assert subscription.licenses.over == 0
    again = reconcile()
    assert [line for line in again.lines if line.result != PurchaseStatus.OPEN] == []
