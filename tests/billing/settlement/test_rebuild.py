"""After a database restore, add-ons are rebuilt and everything else goes to support (R14)."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from billing.events.reconcile import reconcile
from billing.models import PaymentProblem, ProcessorEvent, Purchase
from billing.sandbox.control.client import SandboxControl
from billing.settlement.settle import settle
from billing.states import ProblemReason, PurchaseStatus
from subscriptions import clock
from subscriptions.models import Activity, Membership, Notification, Term
from tests.billing.deliveries import completed, deliver
from tests.billing.renewals import IN_WINDOW, renew
from tests.support.concurrency import concurrently
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("stripe")


def lose_in_restore(purchase: Purchase) -> Purchase:
    """Delete the purchase, as if a backup from before it had been restored."""
    Activity.objects.all().delete()
    Notification.objects.all().delete()
    ProcessorEvent.objects.all().delete()
    Purchase.objects.filter(pk=purchase.pk).delete()
    return purchase


def findings() -> list[tuple[str, str]]:
    return [(line.category, line.result) for line in reconcile().lines]


def test_lost_purchase_is_rebuilt_unchanged(world: World) -> None:
    lost = lose_in_restore(world.buy(10))
    world.pay(lost)

    assert findings() == [("paid session", PurchaseStatus.SETTLED)]

    rebuilt = Purchase.objects.get()
    assert rebuilt.pk == lost.pk
    for name in (
        *("kind", "organization", "buyer", "term", "quantity", "unit_amount", "total_amount"),
        *("currency", "organization_name", "billing_name", "billing_address", "receipt_text"),
        *("package_name", "buyer_name", "buyer_email", "term_starts_on", "term_expires_on"),
        *("seller", "idempotency_key", "session_id", "session_expires_at", "created_at"),
    ):
        assert getattr(rebuilt, name) == getattr(lost, name), name
    assert rebuilt.receipt_number == 1
    assert world.held() == 35
    assert not PaymentProblem.objects.exists()
    assert findings() == []


def test_webhook_rebuilds_a_lost_purchase(world: World) -> None:
    lost = lose_in_restore(world.buy(10))
    world.pay(lost)

    assert deliver(completed(lost.session_id)).status_code == 200

    assert Purchase.objects.get().status == PurchaseStatus.SETTLED
    assert world.held() == 35


def test_lost_purchase_with_an_open_checkout_is_rebuilt_as_open(world: World) -> None:
    """R17: a renewal must be able to expire the checkout."""
    lost = lose_in_restore(world.buy(10))

    assert findings() == [("paid session", PurchaseStatus.OPEN)]

    assert Purchase.objects.get().pk == lost.pk
    assert world.held() == 25


def test_purchase_that_expired_unpaid_is_not_rebuilt(world: World) -> None:
    lose_in_restore(world.buy(10))
    world.later(minutes=40)

    assert findings() == []
    assert not Purchase.objects.exists()


def test_refunded_licenses_are_not_restored(world: World, stripe: SandboxControl) -> None:
    """R30"""
    lost = lose_in_restore(world.buy(10))
    world.pay(lost)
    stripe.refund(session=lost.session_id, amount=2500)

    reconcile()

    assert Purchase.objects.get().refunded_amount == 2500
    assert world.held() == 30


@pytest.mark.race
@pytest.mark.usefixtures("committed_db")
def test_concurrent_notifications_rebuild_a_lost_purchase_once(world: World) -> None:
    lost = lose_in_restore(world.buy(10))
    world.pay(lost)

    results = concurrently(*[lambda: settle(lost.session_id or "")] * 4)

    assert {result.status for result in results if isinstance(result, Purchase)} == {"settled"}
    assert len([result for result in results if isinstance(result, Purchase)]) == 4
    assert world.held() == 35


LOST_TERM = {"metadata.term": "999999"}
UNVERIFIABLE: dict[str, dict[str, Any]] = {
    "term": LOST_TERM,
    "no term": {"metadata.term": ""},
    "buyer": {"metadata.member": str(uuid.uuid4())},
    "no buyer": {"metadata.member": "not-a-uuid"},
    "kind": {"metadata.kind": "renewal"},
    "purchase": {"metadata.purchase": "not-a-uuid", "client_reference_id": None},
    "price": {"line_items.data.0.price.unit_amount": 400},
    "quantity": {"line_items.data.0.quantity": 7},
    "total": {"amount_total": 4000},
    "currency": {"currency": "eur"},
}


@pytest.mark.parametrize(
    "fields", UNVERIFIABLE.values(), ids=[name.replace(" ", "-") for name in UNVERIFIABLE]
)
def test_unverifiable_purchases_go_to_support(
    world: World, stripe: SandboxControl, fields: dict[str, Any]
) -> None:
    """R11, R15"""
    lost = lose_in_restore(world.buy(10))
    world.pay(lost)
    stripe.alter(lost.session_id or "", fields)

    reconcile()

    assert not Purchase.objects.exists()
    assert PaymentProblem.objects.get().reason == ProblemReason.UNKNOWN_PURCHASE
    assert world.held() == 25


def test_new_term_with_a_reused_id_gets_no_licenses(world: World) -> None:
    """Ids assigned after the backup are assigned again after the restore."""
    lost = lose_in_restore(world.buy(10))
    world.pay(lost)
    Term.objects.update(created_at=clock.now() + timedelta(minutes=10))

    reconcile()

    assert PaymentProblem.objects.get().reason == ProblemReason.UNKNOWN_PURCHASE


def test_buyer_of_another_organization_is_rejected(world: World, stripe: SandboxControl) -> None:
    lost = lose_in_restore(world.buy(10))
    world.pay(lost)
    stranger: Membership = world.stranger
    stripe.alter(lost.session_id or "", {"metadata.member": str(stranger.key)})

    reconcile()

    assert not Purchase.objects.exists()


def test_purchase_held_by_support_stays_with_support(world: World, stripe: SandboxControl) -> None:
    """R14: a payment has one outcome."""
    lost = lose_in_restore(world.buy(10))
    world.pay(lost)
    term = stripe.sessions()[0]["metadata"]["term"]
    stripe.alter(lost.session_id or "", LOST_TERM)
    reconcile()
    stripe.alter(lost.session_id or "", {"metadata.term": term})

    deliver(completed(lost.session_id))

    assert not Purchase.objects.exists()
    assert PaymentProblem.objects.count() == 1


def test_lost_renewal_goes_to_support(world: World) -> None:
    world.at(IN_WINDOW)
    lost = lose_in_restore(renew(world))
    world.pay(lost)

    reconcile()

    assert not Purchase.objects.exists()
    assert PaymentProblem.objects.get().reason == ProblemReason.UNKNOWN_PURCHASE


def test_processor_metadata_contains_keys_but_no_personal_data(
    world: World, stripe: SandboxControl
) -> None:
    purchase = world.buy(10)

    [session] = stripe.sessions()

    assert session["metadata"] == {
        "product": "add-on-licensing",
        "purchase": str(purchase.pk),
        "kind": "add_on",
        "term": str(world.term.pk),
        "member": str(world.assignor.key),
    }
