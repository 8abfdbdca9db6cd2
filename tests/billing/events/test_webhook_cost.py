"""Statement counts of webhook deliveries: the processor waits for the response."""

import pytest
from pytest_django import DjangoAssertNumQueries

from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from tests.billing.deliveries import completed, deliver
from tests.support.world import World

# Two transactions take four of them. The notifications are sent by the next sweep.
FIRST = 14
AGAIN = 4


@pytest.fixture
def paid(committed_db: str, world: World, stripe: SandboxControl) -> Purchase:
    """Return a paid purchase, with real commits, because work after the commit counts too."""
    purchase = world.buy(10)
    world.pay(purchase)
    return purchase


def test_first_delivery(
    paid: Purchase, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(FIRST):
        deliver(completed(paid.session_id))


def test_redelivery(paid: Purchase, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    body = completed(paid.session_id)
    deliver(body)

    # A transaction that finds it in the inbox, and a statement that reads it there.
    with django_assert_max_num_queries(AGAIN):
        deliver(body)


def test_second_event_for_the_same_change(
    paid: Purchase, stripe: SandboxControl, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """The processor is not called either: a settled purchase needs nothing more."""
    deliver(completed(paid.session_id))
    asked = len(stripe.requests())

    with django_assert_max_num_queries(5):
        deliver(completed(paid.session_id))

    assert len(stripe.requests()) == asked


def test_first_delivery_cost_is_constant_with_a_long_history(
    paid: Purchase, world: World, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for quantity in (15, 20, 25):
        world.buy_and_settle(quantity)

    with django_assert_max_num_queries(FIRST):
        deliver(completed(paid.session_id))
