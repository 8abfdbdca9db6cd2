"""A paid session that does not match its purchase is not fulfilled (R15)."""

from typing import Any

import pytest

from billing.events.reconcile import reconcile
from billing.models import PaymentProblem, Purchase, Refund
from billing.sandbox.control.client import SandboxControl
from billing.settlement.settle import settle
from billing.states import ProblemReason, PurchaseStatus
from subscriptions.models import LicenseEntry, Notification
from tests.billing.deliveries import completed, deliver
from tests.support.checks import fresh
from tests.support.world import World

OTHER_PURCHASE = "4be0643f-1d98-573b-97cd-ca98a65347dd"

# Altered fields of the processor's response, and the stored values (expected, received).
DIFFERENCES: dict[str, tuple[dict[str, Any], dict[str, tuple[Any, Any]]]] = {
    "lower amount": ({"amount_total": 4999}, {"amount_total": (5000, 4999)}),
    "higher amount": ({"amount_total": 5001}, {"amount_total": (5000, 5001)}),
    "zero amount": ({"amount_total": 0}, {"amount_total": (5000, 0)}),
    "no amount": ({"amount_total": None}, {"amount_total": (5000, 0)}),
    "underpaid": ({"payment_intent.amount_received": 4000}, {"amount_received": (5000, 4000)}),
    "currency": ({"currency": "cad"}, {"currency": ("usd", "cad")}),
    "livemode": ({"livemode": True}, {"livemode": (False, True)}),
    "mode": ({"mode": "setup"}, {"mode": ("payment", "setup")}),
    "quantity": ({"line_items.data.0.quantity": 50}, {"quantity": (10, 50)}),
    "unit amount": ({"line_items.data.0.price.unit_amount": 50}, {"unit_amount": (500, 50)}),
    "no price": (
        {"line_items.data.0.price": None},
        {"quantity": (10, None), "unit_amount": (500, None)},
    ),
    "no items": ({"line_items.data": []}, {"quantity": (10, None), "unit_amount": (500, None)}),
    "unpaid": ({"payment_status": "unpaid"}, {"amount_received": (5000, 0)}),
    "not required": ({"payment_status": "no_payment_required"}, {"amount_received": (5000, 0)}),
    "no charge": ({"payment_intent.latest_charge": None}, {"amount_received": (5000, 0)}),
    "no payment intent": ({"payment_intent": None}, {"amount_received": (5000, 0)}),
}


def mismatched(world: World, stripe: SandboxControl, fields: dict[str, Any]) -> Purchase:
    """Return a purchase that was paid and settled while the processor's response was altered."""
    purchase = world.buy(10)
    world.pay(purchase)
    stripe.fault("override", method="GET", session=purchase.session_id, fields=fields)
    settle(purchase.session_id or "")
    purchase.refresh_from_db()
    return purchase


@pytest.mark.parametrize(
    ("fields", "stored"), DIFFERENCES.values(), ids=[name.replace(" ", "-") for name in DIFFERENCES]
)
def test_mismatched_payment_is_held_for_support(
    world: World,
    stripe: SandboxControl,
    support: str,
    fields: dict[str, Any],
    stored: dict[str, tuple[Any, Any]],
) -> None:
    purchase = mismatched(world, stripe, fields)

    assert purchase.status == PurchaseStatus.REVIEW
    assert world.held() == 25
    assert purchase.receipt_number is None
    problem = PaymentProblem.objects.get()
    assert (problem.purchase, problem.session_id) == (purchase, purchase.session_id)
    assert (problem.reason, problem.needs_support) == (ProblemReason.MISMATCH, True)
    is_paid = stored.get("amount_received") != (5000, 0)
    assert problem.payment_intent_id.startswith("pi_") if is_paid else not problem.payment_intent_id
    actual = {
        name: (value, problem.received[name])
        for name, value in problem.expected.items()
        if value != problem.received[name]
    }
    assert actual == stored
    notified = set(
        Notification.objects.filter(organization=world.lakeside).values_list("recipient", "kind")
    )
    assert notified == {("assignor@lakeside.example", "payment_held"), (support, "payment_problem")}


def test_session_with_another_purchase_id_is_a_mismatch(
    world: World, stripe: SandboxControl
) -> None:
    purchase = mismatched(world, stripe, {"metadata.purchase": OTHER_PURCHASE})

    assert purchase.status == PurchaseStatus.REVIEW
    assert PaymentProblem.objects.get().received["purchase_id"] == OTHER_PURCHASE


def test_payment_intent_is_stored_for_support(world: World, stripe: SandboxControl) -> None:
    purchase = mismatched(world, stripe, {"amount_total": 1})

    problem = PaymentProblem.objects.get()
    paid = next(s for s in stripe.sessions() if s["id"] == purchase.session_id)
    assert problem.payment_intent_id == paid["payment_intent"]


def test_multiple_line_items_are_a_mismatch(world: World, stripe: SandboxControl) -> None:
    purchase = world.buy(10)
    line = {
        "quantity": 5,
        "price_data": {"currency": "usd", "unit_amount": 500, "product_data": {"name": "x"}},
    }
    metadata = {"product": "add-on-licensing", "purchase": str(purchase.pk)}
    params = {
        "mode": "payment",
        "success_url": "https://x.example/",
        "line_items": [line, line],
        "metadata": metadata,
    }
    session = stripe.inject(params)["session"]["id"]

    settle(session)

    assert fresh(purchase).status == PurchaseStatus.REVIEW
    assert PaymentProblem.objects.get().received["quantity"] is None
    assert world.held() == 25


def test_later_notifications_change_nothing(
    world: World, stripe: SandboxControl, support: str
) -> None:
    """R14: neither webhooks nor reloads nor reconciliation take the payment off support's list."""
    purchase = mismatched(world, stripe, {"amount_total": 1})
    notifications = Notification.objects.count()

    for _ in range(3):
        deliver(completed(purchase.session_id))
        settle(purchase.session_id or "")
    stripe.clear_faults()
    settle(purchase.session_id or "")
    world.later(minutes=30)
    reconcile()

    assert fresh(purchase).status == PurchaseStatus.REVIEW
    assert PaymentProblem.objects.count() == 1
    assert Notification.objects.count() == notifications
    assert not Refund.objects.exists()
    assert LicenseEntry.objects.filter(cause="add_on").count() == 0


def test_buyer_is_told_what_happens_next(world: World, stripe: SandboxControl) -> None:
    purchase = mismatched(world, stripe, {"amount_total": 1})
    client = world.client(world.assignor)

    page = client.get(
        "/o/lakeside/licenses/return/", {"session_id": purchase.session_id or ""}, follow=True
    ).content.decode()

    assert "does not match this purchase, so no licenses have been added yet" in page
    assert "Support will review it" in page


def test_session_created_with_a_wrong_amount_is_held(world: World, stripe: SandboxControl) -> None:
    """The session itself was created for a lower amount."""
    purchase = world.buy(10)
    stripe.alter(purchase.session_id or "", {"line_items.data.0.quantity": 1, "amount_total": 500})
    world.pay(purchase)

    settle(purchase.session_id or "")

    assert fresh(purchase).status == PurchaseStatus.REVIEW
    assert world.held() == 25


def test_mismatch_does_not_block_other_purchases(world: World, stripe: SandboxControl) -> None:
    mismatched(world, stripe, {"amount_total": 1})
    stripe.clear_faults()

    other = world.buy_and_settle(15)

    assert other.receipt_number == 1
    assert world.held() == 40


def test_unpaid_session_with_a_mismatch_is_ignored(world: World, stripe: SandboxControl) -> None:
    purchase = world.buy(10)
    stripe.fault("override", method="GET", fields={"amount_total": 1})

    settle(purchase.session_id or "")

    assert fresh(purchase).status == PurchaseStatus.OPEN
    assert not PaymentProblem.objects.exists()
