"""Defenses against card testing: limits on open pages, closed pages, growing waits."""

import uuid
from http import HTTPStatus

import pytest
from django.test import Client
from pytest_django import Settings

from billing.events.reconcile import reconcile
from billing.gateway import processor
from billing.models import Purchase
from billing.states import PurchaseStatus
from subscriptions.policy import card_testing
from subscriptions.policy.refusal import Reason
from tests.billing.deliveries import deliver, event
from tests.support.checks import fresh, refuses
from tests.support.factories import PackageFactory
from tests.support.pages import text_of
from tests.support.world import DECLINED_CARD, World

pytestmark = pytest.mark.usefixtures("stripe")


def decline(world: World, purchase: Purchase, times: int) -> None:
    """Decline a card this many times, and deliver a webhook for each failure."""
    for _ in range(times):
        world.pay(purchase, DECLINED_CARD)
    failures = processor.client().v1.events.list(
        {"type": "payment_intent.payment_failed", "limit": times}
    )
    for failure in failures.data:
        assert deliver(failure.to_dict()).status_code == HTTPStatus.OK
    purchase.refresh_from_db()


def test_buyer_can_continue_after_a_few_declines(world: World) -> None:
    purchase = world.buy(10)
    decline(world, purchase, card_testing.DECLINES_WITHOUT_WAIT)

    assert world.buy(15).status == PurchaseStatus.OPEN


def test_one_more_decline_delays_the_next_page(world: World) -> None:
    decline(world, world.buy(10), card_testing.DECLINES_WITHOUT_WAIT + 1)

    with refuses(Reason.TOO_MANY_DECLINES):
        world.buy(15)

    world.later(seconds=61)
    assert world.buy(15).status == PurchaseStatus.OPEN


def test_many_declines_expire_the_page_at_the_processor(world: World) -> None:
    purchase = world.buy(10)

    decline(world, purchase, card_testing.MAX_DECLINES_PER_CHECKOUT - 1)
    assert purchase.status == PurchaseStatus.OPEN
    decline(world, purchase, 1)

    assert purchase.status == PurchaseStatus.EXPIRED


def test_other_organizations_are_not_delayed(world: World) -> None:
    decline(world, world.buy(10), card_testing.DECLINES_WITHOUT_WAIT + 1)

    assert world.buy(5, buyer=world.stranger).status == PurchaseStatus.OPEN


def test_open_pages_are_limited_per_organization(world: World) -> None:
    for groups in range(card_testing.MAX_OPEN_CHECKOUTS):
        world.buy(5 + 5 * groups)

    client = world.client(world.assignor)
    form = {"quantity": "100", "submission": str(uuid.uuid4())}
    response = client.post("/o/lakeside/licenses/add/", form)

    assert response.status_code == HTTPStatus.CONFLICT
    assert "5 payments are already in progress" in text_of(response)
    assert Purchase.objects.count() == card_testing.MAX_OPEN_CHECKOUTS


@pytest.mark.django_db
def test_open_pages_are_limited_per_anonymous_buyer() -> None:
    package = PackageFactory.create()
    statuses = []
    for _ in range(card_testing.MAX_OPEN_CHECKOUTS + 1):
        form = {
            "package": package.pk,
            "quantity": "25",
            "organization_name": "Meadow Umpires",
            "buyer_name": "Mia Meadow",
            "buyer_email": "Mia@meadow.example",
            "submission": str(uuid.uuid4()),
        }
        page = Client().post("/purchase/", form)
        form["fingerprint"] = page.context["plan"].fingerprint
        statuses.append(Client().post("/purchase/", form | {"pay": "1"}).status_code)

    assert statuses == [HTTPStatus.FOUND] * card_testing.MAX_OPEN_CHECKOUTS + [HTTPStatus.CONFLICT]


@pytest.mark.parametrize("metadata", [None, {}, {"purchase": "invalid"}, {"purchase": None}, "x"])
def test_decline_without_our_purchase_is_ignored(world: World, metadata: object) -> None:
    purchase = world.buy(10)
    body = event("payment_intent.payment_failed", "pi_1")
    body["data"]["object"]["metadata"] = metadata

    assert deliver(body).status_code == HTTPStatus.OK
    assert fresh(purchase).declines == 0


def test_decline_in_an_outage_counts_once_and_expires_the_page_later(
    world: World, short_timeouts: Settings
) -> None:
    purchase = world.buy(10)
    decline(world, purchase, card_testing.MAX_DECLINES_PER_CHECKOUT - 1)
    body = event("payment_intent.payment_failed", "pi_last")
    body["data"]["object"]["metadata"] = {"purchase": str(purchase.pk)}
    base, short_timeouts.STRIPE_API_BASE = short_timeouts.STRIPE_API_BASE, "http://127.0.0.1:1"
    for _ in range(3):
        deliver(body)
    short_timeouts.STRIPE_API_BASE = base

    reconcile()

    purchase.refresh_from_db()
    assert purchase.declines == card_testing.MAX_DECLINES_PER_CHECKOUT
    assert purchase.status == PurchaseStatus.EXPIRED


def test_repeated_event_counts_once(world: World) -> None:
    purchase = world.buy(10)
    body = event("payment_intent.payment_failed", "pi_1")
    body["data"]["object"]["metadata"] = {"purchase": str(purchase.pk)}

    deliver(body)
    deliver(body)

    assert fresh(purchase).declines == 1
