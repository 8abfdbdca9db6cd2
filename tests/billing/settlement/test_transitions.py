"""A transition saves all that settling changed, and nothing that was frozen before."""

from collections.abc import Callable

import pytest
from django.db import transaction

from billing.models import Purchase
from billing.models.locks import lock_purchase
from billing.settlement import transitions
from billing.states import PurchaseStatus
from tests.billing.checkout.test_subscribing import subscribe
from tests.billing.renewals import renew_and_settle
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("stripe")


def values(purchase: Purchase) -> dict[str, object]:
    return {field.attname: getattr(purchase, field.attname) for field in Purchase._meta.fields}


def add_on(world: World) -> Purchase:
    return world.buy_and_settle(10)


def original(world: World) -> Purchase:
    subscribe(world.term.package)
    purchase = Purchase.objects.get(kind="original")
    return world.pay_and_settle(purchase)


@pytest.mark.parametrize("settled", [add_on, original])
def test_settled_purchase_is_saved_completely(
    world: World, settled: Callable[[World], Purchase]
) -> None:
    purchase = settled(world)

    assert purchase.status == PurchaseStatus.SETTLED
    assert values(purchase) == values(Purchase.objects.get(pk=purchase.pk))


def test_settled_renewal_is_saved_completely(window: World) -> None:
    purchase = renew_and_settle(window)

    assert purchase.status == PurchaseStatus.SETTLED
    assert values(purchase) == values(Purchase.objects.get(pk=purchase.pk))


def test_transition_does_not_write_frozen_facts(world: World) -> None:
    with transaction.atomic():
        purchase = lock_purchase(world.buy(10))
        purchase.unit_amount, purchase.buyer_name = 1, "Somebody else"
        transitions.move(purchase, PurchaseStatus.EXPIRED)

    saved = Purchase.objects.get(pk=purchase.pk)
    assert saved.status == PurchaseStatus.EXPIRED
    assert (saved.unit_amount, saved.buyer_name) == (500, "Arlo Assignor")
