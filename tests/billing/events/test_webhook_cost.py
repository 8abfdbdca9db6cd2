"""How many statements a webhook delivery costs: the processor waits for the answer."""

import pytest
from pytest_django import DjangoAssertNumQueries

from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from tests.billing.deliveries import completed, deliver
from tests.support.world import World

# Two transactions are four of them. The mails go out with the next sweep.
FIRST = 14
AGAIN = 4


@pytest.fixture
def paid(committed_db: str, world: World, stripe: SandboxControl) -> Purchase:
    """A paid purchase, on a database with real commits: what follows them counts too."""
    purchase = world.buy(10)
    world.pay(purchase)
    return purchase


def test_the_first_delivery(
    paid: Purchase, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(FIRST):
        deliver(completed(paid.session_id))


def test_a_redelivery(
    paid: Purchase, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    body = completed(paid.session_id)
    deliver(body)

    # A transaction that finds it in the inbox, and a statement that reads it there.
    with django_assert_max_num_queries(AGAIN):
        deliver(body)


def test_the_same_change_in_a_second_event(
    paid: Purchase, stripe: SandboxControl, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """The processor is not asked either: nothing follows a settled purchase."""
    deliver(completed(paid.session_id))
    asked = len(stripe.requests())

    with django_assert_max_num_queries(5):
        deliver(completed(paid.session_id))

    assert len(stripe.requests()) == asked


def test_the_first_delivery_does_not_cost_more_with_a_long_history(
    paid: Purchase, world: World, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for quantity in (15, 20, 25):
        world.buy_and_settle(quantity)

    with django_assert_max_num_queries(FIRST):
        deliver(completed(paid.session_id))
