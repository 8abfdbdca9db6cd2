"""Webhook deliveries need few queries, because the processor waits for the response."""

import pytest
from pytest_django import DjangoAssertNumQueries

from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from tests.billing.deliveries import completed, deliver
from tests.support.world import World

# Four of these are for two transactions. The next sweep sends the notifications.
FIRST_QUERIES = 14
REPEATED_QUERIES = 4


@pytest.fixture
def paid(committed_db: str, world: World, stripe: SandboxControl) -> Purchase:
    """Return a paid purchase, with real commits because queries after the commit count too."""
    purchase = world.buy(10)
    world.pay(purchase)
    return purchase


def test_first_delivery(
    paid: Purchase, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(FIRST_QUERIES):
        deliver(completed(paid.session_id))


def test_redelivery(paid: Purchase, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    body = completed(paid.session_id)
    deliver(body)

    # A transaction that finds the stored event, and a query that reads it.
    with django_assert_max_num_queries(REPEATED_QUERIES):
        deliver(body)


def test_second_event_for_the_same_payment(
    paid: Purchase, stripe: SandboxControl, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """The processor is not called either, because the purchase is already settled."""
    deliver(completed(paid.session_id))
    requests_before = len(stripe.requests())

    with django_assert_max_num_queries(5):
        deliver(completed(paid.session_id))

    assert len(stripe.requests()) == requests_before


def test_queries_are_constant_in_purchases(
    paid: Purchase, world: World, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for quantity in (15, 20, 25):
        world.buy_and_settle(quantity)

    with django_assert_max_num_queries(FIRST_QUERIES):
        deliver(completed(paid.session_id))
