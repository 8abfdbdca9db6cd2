"""Concurrent subscriptions by new customers (R14, R23)."""

import uuid

import pytest
from django.test import Client

from billing.checkout.originals import SubscriptionOrder, plan_subscription, start_subscription
from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from billing.settlement import settle
from billing.states import PurchaseStatus
from subscriptions import clock
from subscriptions.models import Organization
from tests.support.concurrency import concurrently
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("committed_db")

RACERS = 6


def order(
    world: World, submission: uuid.UUID, *, email: str = "mia@meadow.example"
) -> SubscriptionOrder:
    package = world.term.package
    return SubscriptionOrder(
        package=package,
        quantity=10,
        code="",
        organization_name="Meadow",
        buyer_name="Mia",
        buyer_email=email,
        billing_name="",
        billing_email="",
        billing_address="",
        fingerprint=plan_subscription(package, 10, code="", now=clock.now()).fingerprint,
        submission=submission,
    )


def test_form_submitted_six_times_makes_one_purchase(stripe: SandboxControl, world: World) -> None:
    same_order = order(world, uuid.uuid4())

    outcomes = concurrently(*[lambda: start_subscription(same_order)] * RACERS)

    purchases = [outcome for outcome in outcomes if isinstance(outcome, Purchase)]
    assert len({purchase.pk for purchase in purchases}) == 1
    assert len(purchases) == RACERS
    assert len(stripe.sessions()) == 1


def test_organizations_with_the_same_name_are_all_created(
    stripe: SandboxControl, world: World
) -> None:
    sessions = []
    for number in range(RACERS):
        # An anonymous buyer may have only a few open payment pages.
        email = f"mia{number}@meadow.example"
        purchase = start_subscription(order(world, uuid.uuid4(), email=email))
        sessions.append(purchase.session_id or "")
        stripe.pay(sessions[-1])

    outcomes = concurrently(
        *(
            lambda session=session: Client().get(f"/purchase/return/?session_id={session}")
            for session in sessions
        )
    )

    assert [getattr(outcome, "status_code", outcome) for outcome in outcomes] == [200] * RACERS
    assert Organization.objects.filter(name="Meadow").count() == RACERS
    assert Purchase.objects.filter(status=PurchaseStatus.SETTLED).count() == RACERS
    for session in sessions:
        settle.settle(session)
    assert Organization.objects.filter(name="Meadow").count() == RACERS
