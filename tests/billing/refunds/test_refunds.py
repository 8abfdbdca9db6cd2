"""Automatic refunds: unaccepted cards and second payments (R12, R14)."""

from typing import Any

import pytest
from pytest_django import Settings

from billing.events.reconcile import reconcile
from billing.gateway import processor
from billing.models import PaymentProblem, Purchase, Refund
from billing.sandbox.control.client import SandboxControl
from billing.settlement.settle import settle
from billing.states import ProblemReason, PurchaseStatus, RefundStatus
from subscriptions.models import LicenseEntry, Notification
from tests.billing.deliveries import deliver, event
from tests.support.checks import fresh
from tests.support.world import PREPAID_CARD, World

pytestmark = pytest.mark.usefixtures("stripe")


def settled_with(world: World, funding: str, quantity: int = 10) -> Purchase:
    """Return a purchase paid with an unaccepted card that the payment page let through."""
    purchase = world.buy(quantity)
    assert world.stripe is not None
    blocked = "payment_method_options.card.restrictions.funding_types_blocked"
    world.stripe.alter(purchase.session_id or "", {blocked: []})
    world.pay(purchase, funding=funding)
    settle(purchase.session_id or "")
    purchase.refresh_from_db()
    return purchase


def refunds_requested(stripe: SandboxControl) -> list[dict[str, Any]]:
    return stripe.requests(method="POST", path="/v1/refunds")


def refunded_at_processor(purchase: Purchase) -> int:
    """Return the amount the processor refunded of a purchase."""
    refund = Refund.objects.get(purchase=purchase)
    refunds = processor.client().v1.refunds.list({"payment_intent": refund.payment_intent_id})
    return sum(refund.amount for refund in refunds.data)


def test_payment_page_refuses_a_prepaid_card(world: World, stripe: SandboxControl) -> None:
    """R12: the usual case, in which nothing is charged."""
    purchase = world.buy(10)

    outcome = world.pay(purchase, PREPAID_CARD)
    settle(purchase.session_id or "")

    purchase.refresh_from_db()
    assert outcome["outcome"] == "blocked"
    assert purchase.status == PurchaseStatus.OPEN
    assert not refunds_requested(stripe)


@pytest.mark.parametrize("funding", ["unknown", "credit", "debit"])
def test_accepted_card_types_are_fulfilled(world: World, funding: str) -> None:
    """R12: the processor does not know the type of some cards; those are accepted."""
    purchase = settled_with(world, funding)

    assert purchase.status == PurchaseStatus.SETTLED
    assert purchase.card_funding == funding
    assert world.held() == 35


@pytest.mark.parametrize("funding", ["prepaid", "charge_card"])
def test_other_card_types_are_refunded_in_full(
    world: World, stripe: SandboxControl, support: str, funding: str
) -> None:
    """R12, R14"""
    purchase = settled_with(world, funding)

    assert purchase.status == PurchaseStatus.REFUNDED
    assert world.held() == 25
    assert purchase.receipt_number is None
    refund = Refund.objects.get()
    assert (refund.amount, refund.currency, refund.status) == (5000, "usd", "succeeded")
    [request] = refunds_requested(stripe)
    assert request["idempotency_key"] == f"refund:{refund.pk}"
    assert int(request["params"]["amount"]) == 5000
    problem = PaymentProblem.objects.get()
    assert (problem.reason, problem.needs_support) == (ProblemReason.UNWANTED_FUNDING, False)
    assert problem.received["funding"] == funding


def test_buyer_sees_the_refund_by_mail_and_on_the_page(world: World) -> None:
    """R14"""
    purchase = settled_with(world, "prepaid")

    page = (
        world.client(world.assignor)
        .get("/o/lakeside/licenses/return/", {"session_id": purchase.session_id or ""}, follow=True)
        .content.decode()
    )

    assert "We accept only credit and debit cards" in page
    assert "$50.00" in page
    notification = Notification.objects.get(kind="payment_refunded_unwanted_funding")
    assert notification.recipient == "assignor@lakeside.example"
    assert (notification.data["refund"], notification.data["currency"]) == (5000, "usd")


def test_repeated_notifications_request_one_refund(world: World, stripe: SandboxControl) -> None:
    """R14"""
    purchase = settled_with(world, "prepaid")

    for _ in range(3):
        settle(purchase.session_id or "")
    reconcile()

    assert len(refunds_requested(stripe)) == 1
    assert Refund.objects.count() == PaymentProblem.objects.count() == 1
    assert Notification.objects.filter(kind__startswith="payment_refunded").count() == 1


FAULTS: dict[str, dict[str, Any]] = {
    "error": {"status": 500},
    "drop_before": {},
    "drop_after": {},
    "error_after": {},
    "rate_limited": {},
    "conflict": {},
    "malformed": {"after": True},
    "slow_after": {"seconds": 2.0},
    "override": {"fields": {"id": None}},
}


@pytest.mark.parametrize(("kind", "fault"), FAULTS.items(), ids=FAULTS)
def test_failed_refund_request_is_retried_once(
    world: World, stripe: SandboxControl, short_timeouts: Settings, kind: str, fault: dict[str, Any]
) -> None:
    stripe.fault(kind, method="POST", path="/v1/refunds", **fault)
    purchase = settled_with(world, "prepaid")
    assert purchase.status == PurchaseStatus.REFUNDING
    stripe.clear_faults()
    short_timeouts.STRIPE_MAX_NETWORK_RETRIES = 2  # the first request may still be in progress

    report = reconcile()

    purchase.refresh_from_db()
    assert report.failures == 0
    assert purchase.status == PurchaseStatus.REFUNDED
    assert Refund.objects.get().status == RefundStatus.SUCCEEDED
    assert refunded_at_processor(purchase) == 5000
    assert not PaymentProblem.objects.get().needs_support


class TestPendingRefund:
    @pytest.fixture
    def refund(self, world: World, stripe: SandboxControl) -> Refund:
        stripe.fault("refund_pending")
        settled_with(world, "prepaid")
        stripe.clear_faults()
        return Refund.objects.get()

    def test_pending_refund_counts_as_refunded_and_is_updated(
        self, stripe: SandboxControl, refund: Refund
    ) -> None:
        assert refund.status == RefundStatus.PENDING
        assert Purchase.objects.get().status == PurchaseStatus.REFUNDED
        stripe.alter(refund.refund_id or "", {"status": "succeeded"})

        reconcile()

        assert fresh(refund).status == RefundStatus.SUCCEEDED

    @pytest.mark.parametrize("status", ["failed", "canceled"])
    @pytest.mark.parametrize("reported_by", ["webhook", "reconciliation"])
    def test_failed_refund_goes_to_support(
        self, world: World, stripe: SandboxControl, refund: Refund, status: str, reported_by: str
    ) -> None:
        stripe.alter(refund.refund_id or "", {"status": status})

        if reported_by == "webhook":
            deliver(event("refund.failed", refund.refund_id or ""))
        else:
            reconcile()

        assert fresh(refund).status == status
        assert Purchase.objects.get().status == PurchaseStatus.REVIEW
        assert PaymentProblem.objects.get().needs_support
        assert world.held() == 25

    def test_refund_that_fails_after_success_stays_with_support(
        self, stripe: SandboxControl, refund: Refund
    ) -> None:
        for status in ("succeeded", "failed"):
            stripe.alter(refund.refund_id or "", {"status": status})
            deliver(event("refund.updated", refund.refund_id or ""))
        stripe.alter(refund.refund_id or "", {"status": "succeeded"})  # a late response
        deliver(event("refund.updated", refund.refund_id or ""))

        assert fresh(refund).status == RefundStatus.FAILED
        assert Purchase.objects.get().status == PurchaseStatus.REVIEW

    def test_refund_with_unknown_status_is_read_again(
        self, stripe: SandboxControl, refund: Refund
    ) -> None:
        stripe.alter(refund.refund_id or "", {"status": "unknown"})

        report = reconcile()

        refund.refresh_from_db()
        assert "unknown" in report.lines[0].result
        assert refund.status == RefundStatus.PENDING


def test_refund_refused_by_the_processor_goes_to_support(
    world: World, stripe: SandboxControl, support: str
) -> None:
    stripe.fault("error", path="/v1/refunds", status=400)

    purchase = settled_with(world, "prepaid")

    assert purchase.status == PurchaseStatus.REVIEW
    assert Refund.objects.get().status == RefundStatus.FAILED
    assert PaymentProblem.objects.get().needs_support
    assert Notification.objects.filter(kind="payment_problem", recipient=support).count() == 1


def test_refund_event_of_another_application_is_ignored(
    world: World, stripe: SandboxControl
) -> None:
    purchase = world.buy_and_settle(10)
    refund = stripe.refund(payment_intent=purchase.payment_intent_id, amount=100)

    response = deliver(event("refund.created", refund["id"]))

    assert response.status_code == 200
    assert not Refund.objects.exists()


class TestSecondPayment:
    """R14: two Checkout Sessions of one purchase, both paid."""

    def second_session(self, stripe: SandboxControl, purchase: Purchase) -> str:
        """Return a second session, as if the processor had lost the idempotency key."""
        params = purchase.request_parameters | {"expires_at": None}
        session: dict[str, str] = stripe.inject(params)["session"]
        return session["id"]

    def test_second_payment_is_refunded_once_and_the_first_fulfilled(
        self, world: World, stripe: SandboxControl
    ) -> None:
        purchase = world.buy_and_settle(10)
        session = self.second_session(stripe, purchase)

        for _ in range(3):
            settle(session)
        settle(purchase.session_id or "")
        reconcile()

        purchase.refresh_from_db()
        assert purchase.status == PurchaseStatus.SETTLED
        assert LicenseEntry.objects.filter(cause="add_on").count() == 1
        problem = PaymentProblem.objects.get()
        assert (problem.reason, problem.session_id) == (ProblemReason.SURPLUS, session)
        refund = Refund.objects.get()
        assert (refund.amount, refund.status) == (5000, RefundStatus.SUCCEEDED)
        assert refund.payment_intent_id != purchase.payment_intent_id
        assert len(refunds_requested(stripe)) == 1
        assert Notification.objects.get(kind="payment_refunded_surplus").recipient == (
            "assignor@lakeside.example"
        )

    def test_session_settled_first_is_fulfilled(self, world: World, stripe: SandboxControl) -> None:
        purchase = world.buy(10)
        first = purchase.session_id or ""
        world.pay(purchase)
        session = self.second_session(stripe, purchase)

        settle(session)
        settle(first)

        purchase.refresh_from_db()
        assert (purchase.status, purchase.session_id) == (PurchaseStatus.SETTLED, session)
        assert PaymentProblem.objects.get().session_id == first
        assert world.held() == 35

    def test_unknown_session_is_never_shown(self, world: World, stripe: SandboxControl) -> None:
        """The response for the first session was lost, so the buyer only sees the second one."""
        stripe.fault("ignore_idempotency")
        stripe.fault("drop_after", method="POST", times=1)

        purchase = world.buy_and_settle(10)

        lost, shown = stripe.sessions()
        assert purchase.session_id == shown["id"]
        assert lost["status"] == "open"
        assert world.held() == 35

    def test_failed_refund_goes_to_support_and_licenses_stay(
        self, world: World, stripe: SandboxControl
    ) -> None:
        purchase = world.buy_and_settle(10)
        stripe.fault("error", path="/v1/refunds", status=400)

        settle(self.second_session(stripe, purchase))

        assert fresh(purchase).status == PurchaseStatus.SETTLED
        assert PaymentProblem.objects.get().needs_support
        assert world.held() == 35

    def test_second_payment_of_a_refunded_purchase_is_refunded_too(
        self, world: World, stripe: SandboxControl
    ) -> None:
        purchase = settled_with(world, "prepaid")

        settle(self.second_session(stripe, purchase))

        assert Refund.objects.filter(status=RefundStatus.SUCCEEDED).count() == 2
        assert world.held() == 25

    def test_second_session_that_expires_unpaid_does_not_affect_the_first(
        self, world: World, stripe: SandboxControl
    ) -> None:
        purchase = world.buy(10)
        stripe.fault("ignore_idempotency", times=1)
        other = processor.create_session(
            purchase.request_parameters, idempotency_key=purchase.idempotency_key
        )
        stripe.expire(other.id)

        settle(other.id)

        purchase.refresh_from_db()
        assert purchase.status == PurchaseStatus.OPEN
        assert purchase.session_id != other.id
