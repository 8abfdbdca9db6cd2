"""What e-mails, the activity and support's list say about refunds (R14, R30)."""

from typing import Any

import pytest

from billing.models import Dispute, PaymentProblem, Purchase, Refund
from billing.sandbox.control.client import SandboxControl
from billing.states import PurchaseStatus, RefundStatus, Resolution
from subscriptions.models import Activity, Notification
from tests.billing.deliveries import deliver, event
from tests.billing.refunds.test_refunds import refunds_requested, settled_with
from tests.billing.reversals import (
    dispute_payment,
    fail_refund,
    open_problems,
    refund_in_dashboard,
    send_webhook,
)
from tests.support.checks import fresh
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("stripe")


def facts_of(kind: str) -> dict[str, Any]:
    notification = Notification.objects.filter(kind=kind).first()
    assert notification is not None
    data: dict[str, Any] = notification.data
    return data


def test_emails_state_the_amounts_and_licenses(world: World, bought: Purchase) -> None:
    refund = refund_in_dashboard(world, bought, 2500)
    fail_refund(world, bought, refund["id"])

    same = {"purchase": "Add-on licenses", "currency": "usd", "total": 5000, "in_use": 4}
    returned = {"refunded_amount": 2500, "removed": 5, "restored": 0, "held": 30}
    undone = {"refunded_amount": 0, "removed": 0, "restored": 5, "held": 35}
    assert facts_of("payment_reversed").items() >= (same | returned).items()
    assert facts_of("reversal_undone").items() >= (same | undone).items()
    assert Activity.objects.get(verb="reversal_undone").data["amount"] == -2500


def test_partial_refund_of_a_renewal_reverses_no_licenses(world: World, renewal: Purchase) -> None:
    refund_in_dashboard(world, renewal, 500)

    assert Activity.objects.get(verb="payment_reversed").data["licenses"] == 0


class TestTermWithALaterTerm:
    def test_problem_is_closed_when_the_refund_fails(
        self, world: World, renewal: Purchase, next_renewal: Purchase
    ) -> None:
        refund = refund_in_dashboard(world, renewal)
        assert open_problems() == ["later_term_paid"]

        fail_refund(world, renewal, refund["id"])

        problem = PaymentProblem.objects.get()
        assert (problem.resolution, problem.resolved_by, problem.resolution_note) == (
            Resolution.CLOSED,
            None,
            "",
        )

    def test_reversal_without_a_new_refund_is_recorded_as_one(
        self, world: World, renewal: Purchase, next_renewal: Purchase
    ) -> None:
        refund_in_dashboard(world, renewal)
        refund_in_dashboard(world, next_renewal)

        recorded = Activity.objects.filter(data__purchase=str(renewal.pk), verb="payment_reversed")
        changes = [(row.data["amount"], row.data["licenses"]) for row in recorded.order_by("pk")]
        assert changes == [(renewal.total_amount, 0), (0, -25)]


def test_support_learns_which_organization_and_how_much(
    world: World, renewal: Purchase, support: str
) -> None:
    add_on = world.buy_and_settle(10)
    refund_in_dashboard(world, renewal)

    problem = PaymentProblem.objects.get(purchase=add_on)
    assert problem.received == {
        "quantity": 10,
        "total_amount": 5000,
        "amount_received": 5000,
        "refunded_amount": 0,
        "currency": "usd",
    }
    notification = Notification.objects.get(kind="payment_problem")
    assert (notification.recipient, notification.organization) == (support, world.lakeside)


def test_dispute_of_another_payment_changes_nothing(
    world: World, bought: Purchase, stripe: SandboxControl
) -> None:
    other = world.buy_and_settle(15)
    stripe.open_dispute(payment_intent=other.payment_intent_id)

    send_webhook(bought)

    assert not Dispute.objects.exists()


def test_our_refund_names_its_purchase(world: World, stripe: SandboxControl) -> None:
    purchase = settled_with(world, "prepaid")

    [request] = refunds_requested(stripe)
    assert request["params"]["metadata"]["purchase"] == str(purchase.pk)


@pytest.mark.usefixtures("short_timeouts")
def test_webhook_recognizes_our_refund_whose_response_was_lost(
    world: World, stripe: SandboxControl
) -> None:
    stripe.fault("drop_after", method="POST", path="/v1/refunds")
    purchase = settled_with(world, "prepaid")
    assert purchase.status == PurchaseStatus.REFUNDING
    stripe.clear_faults()

    problem = PaymentProblem.objects.get()
    body = event("refund.created", "re_any")
    body["data"]["object"]["payment_intent"] = problem.payment_intent_id
    deliver(body)

    assert Refund.objects.get().status == RefundStatus.SUCCEEDED
    assert fresh(purchase).status == PurchaseStatus.REFUNDED


def test_refund_in_the_dashboard_solves_a_problem(world: World, stripe: SandboxControl) -> None:
    """Our own refund was refused, so support refunded at the processor."""
    stripe.fault("error", path="/v1/refunds", status=400)
    purchase = settled_with(world, "prepaid")
    stripe.clear_faults()
    problem = PaymentProblem.objects.get()

    stripe.refund(payment_intent=problem.payment_intent_id)
    body = event("refund.created", "re_any")
    body["data"]["object"]["payment_intent"] = problem.payment_intent_id
    deliver(body)

    problem = fresh(problem)
    assert (problem.resolution, problem.resolved_by) == (Resolution.REFUNDED, None)
    assert fresh(purchase).status == PurchaseStatus.REFUNDED


def test_dispute_email_names_the_organization(world: World, bought: Purchase, support: str) -> None:
    dispute_payment(world, bought)

    notification = Notification.objects.get(kind="dispute")
    assert notification.organization == world.lakeside
    assert notification.data["amount"] == 5000
