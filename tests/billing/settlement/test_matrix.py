"""A payment is fulfilled once, whatever reports it and whatever fails (R13, R14)."""

import itertools
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from billing.events.reconcile import reconcile
from billing.models import PaymentProblem, Purchase, Refund
from billing.sandbox.control.client import SandboxControl
from billing.states import PurchaseStatus
from subscriptions.models import LicenseEntry
from tests.billing.deliveries import completed, deliver
from tests.support.checks import fresh
from tests.support.concurrency import concurrently
from tests.support.world import World

RETURN_PATH = "/o/lakeside/licenses/return/"

NOTIFICATIONS: dict[str, Sequence[str]] = {
    "none": (),
    "return": ("return",),
    "webhook": ("webhook",),
    "return then webhook": ("return", "webhook"),
    "webhook then return": ("webhook", "return"),
    "both twice": ("return", "webhook", "return", "webhook"),
}
# Faults in the next calls to the processor: in none, in one ("once"), or in all.
FAULTS: dict[str, tuple[str, dict[str, Any]] | None] = {
    "none": None,
    "error once": ("error", {"status": 500, "times": 1}),
    "error": ("error", {"status": 500}),
    "dropped once": ("drop_after", {"times": 1}),
    "malformed once": ("malformed", {"times": 1}),
    "rate limited once": ("rate_limited", {"times": 1}),
    "stale once": ("stale", {"times": 1}),
    "stale": ("stale", {}),
    "slow": ("slow", {"seconds": 0.1}),
    "timeout once": ("slow", {"seconds": 2.0, "times": 1}),
}


def apply_fault(stripe: SandboxControl, fault: tuple[str, dict[str, Any]] | None) -> None:
    if fault is not None:
        stripe.fault(fault[0], method="GET", **fault[1])


def load_return_page(client: Client, purchase: Purchase) -> int:
    return client.get(RETURN_PATH, {"session_id": purchase.session_id or ""}).status_code


def assert_fulfilled_once(world: World, purchase: Purchase) -> None:
    purchase.refresh_from_db()
    assert purchase.status == PurchaseStatus.SETTLED
    assert purchase.receipt_number == 1
    assert LicenseEntry.objects.filter(cause="add_on").count() == 1
    assert world.held() == 35
    assert not PaymentProblem.objects.exists()
    assert not Refund.objects.exists()


def ids(names: dict[str, Any]) -> list[str]:
    return [name.replace(" ", "-") for name in names]


@pytest.mark.parametrize("fault", FAULTS.values(), ids=ids(FAULTS))
@pytest.mark.parametrize("steps", NOTIFICATIONS.values(), ids=ids(NOTIFICATIONS))
def test_payment_is_fulfilled_once(
    world: World,
    stripe: SandboxControl,
    short_timeouts: Settings,
    steps: Sequence[str],
    fault: tuple[str, dict[str, Any]] | None,
) -> None:
    purchase = world.buy(10)
    world.pay(purchase)
    client = world.client(world.assignor)
    apply_fault(stripe, fault)

    responses = [
        load_return_page(client, purchase)
        if step == "return"
        else deliver(completed(purchase.session_id)).status_code
        for step in steps
    ]
    stripe.clear_faults()
    world.later(minutes=2)
    reconcile()
    reconcile()

    assert_fulfilled_once(world, purchase)
    expected = {HTTPStatus.OK, HTTPStatus.FOUND, HTTPStatus.SERVICE_UNAVAILABLE}
    assert set(responses) <= expected
    if fault is None:
        assert set(responses) <= {HTTPStatus.OK, HTTPStatus.FOUND}


@pytest.mark.parametrize("steps", NOTIFICATIONS.values(), ids=ids(NOTIFICATIONS))
@pytest.mark.usefixtures("stripe")
def test_unpaid_purchase_is_never_fulfilled(world: World, steps: Sequence[str]) -> None:
    purchase = world.buy(10)
    client = world.client(world.assignor)

    for step in steps:
        if step == "return":
            load_return_page(client, purchase)
        else:
            deliver(completed(purchase.session_id))
    world.later(minutes=40)
    reconcile()

    assert fresh(purchase).status == PurchaseStatus.EXPIRED
    assert not LicenseEntry.objects.filter(cause="add_on").exists()


CONCURRENT_FAULTS = ("none", "error once", "error", "stale once", "slow", "timeout once")


@pytest.mark.race
@pytest.mark.parametrize("name", CONCURRENT_FAULTS, ids=lambda name: name.replace(" ", "-"))
def test_eight_concurrent_notifications_fulfill_a_payment_once(
    committed_db: str, world: World, stripe: SandboxControl, short_timeouts: Settings, name: str
) -> None:
    purchase = world.buy(10)
    world.pay(purchase)
    short_timeouts.STRIPE_READ_TIMEOUT = 4 if FAULTS[name] is None else 1.2
    clients = [world.client(world.assignor) for _ in range(4)]
    returns: list[Callable[[], int]] = [lambda c=c: load_return_page(c, purchase) for c in clients]  # type: ignore[misc]
    webhooks: list[Callable[[], int]] = [
        lambda: deliver(completed(purchase.session_id)).status_code
    ] * 4
    apply_fault(stripe, FAULTS[name])

    responses = concurrently(*itertools.chain(*zip(returns, webhooks, strict=True)))
    stripe.clear_faults()
    short_timeouts.STRIPE_READ_TIMEOUT = 4
    world.later(minutes=2)
    reconcile()

    assert all(isinstance(response, int) for response in responses)
    assert_fulfilled_once(world, purchase)
