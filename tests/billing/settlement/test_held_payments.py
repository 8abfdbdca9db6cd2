"""Support fulfills, refunds or closes held payments, each with a reason (R15, R30)."""

import uuid
from datetime import date
from typing import Any

import pytest
from django.db import OperationalError

from billing.events.follow_payment import follow_up
from billing.events.reconcile import reconcile
from billing.models import PaymentProblem, Purchase
from billing.sandbox.control.client import SandboxControl
from billing.settlement.settle import settle
from billing.states import ProblemReason, PurchaseStatus, RefundStatus, Resolution
from billing.support.payments import close_problem, fulfill_problem, refund_problem
from subscriptions import clock
from subscriptions.licenses.status import get_status
from subscriptions.models import Activity, Notification
from subscriptions.notifications import notify
from subscriptions.policy.refusal import Reason, Refused
from tests.billing.renewals import IN_WINDOW, renew, renew_and_settle
from tests.billing.reversals import open_problems, refund_in_dashboard, renew_in_window
from tests.support.checks import fresh, refuses
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("stripe")

REFUNDS: dict[str, Any] = {"method": "POST", "path": "/v1/refunds"}


# The amount is right, but the quantity is not what was ordered.
WRONG_LINE = {"line_items.data.0.quantity": 7}


def held_payment(world: World, **changes: object) -> PaymentProblem:
    """Return a held payment whose session does not match its purchase of 10 add-ons."""
    assert world.stripe is not None
    purchase = world.buy(10)
    world.stripe.alter(purchase.session_id or "", changes or WRONG_LINE)
    world.pay_and_settle(purchase)
    return PaymentProblem.objects.get(purchase=purchase)


class TestHeldPayment:
    @pytest.fixture
    def held(self, world: World, stripe: SandboxControl) -> PaymentProblem:
        return held_payment(world)

    def test_support_can_fulfill(self, world: World, held: PaymentProblem) -> None:
        purchase = fulfill_problem(held, reason="the processor's rounding", actor=world.support)

        held.refresh_from_db()
        assert (purchase.status, purchase.receipt_number) == (PurchaseStatus.SETTLED, 1)
        assert world.held() == 35
        assert (held.resolution, held.resolved_by) == (Resolution.FULFILLED, world.support)
        assert held.resolution_note == "the processor's rounding"
        assert not held.needs_support

    def test_purchase_is_fulfilled_though_its_receipt_cannot_be_sent_yet(
        self,
        world: World,
        held: PaymentProblem,
        django_capture_on_commit_callbacks: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The next sweep sends it."""

        def fail(*arguments: object) -> None:
            raise OperationalError("gone")

        monkeypatch.setattr(notify, "deliver_now", fail)
        with django_capture_on_commit_callbacks(execute=True):
            fulfill_problem(held, reason="w", actor=world.support)

        assert world.held() == 35
        assert Notification.objects.get(kind="receipt_add_on").queued_at is None

    def test_second_fulfillment_is_refused(self, world: World, held: PaymentProblem) -> None:
        fulfill_problem(held, reason="w", actor=world.support)

        for action in (fulfill_problem, close_problem):
            with refuses(Reason.PROBLEM_IS_RESOLVED):
                action(PaymentProblem.objects.get(), reason="w", actor=world.support)
        assert world.held() == 35

    def test_support_can_fulfill_after_the_window_opened(
        self, world: World, held: PaymentProblem
    ) -> None:
        """R17: what counts is when the checkout started."""
        world.at(IN_WINDOW)
        fulfill_problem(held, reason="w", actor=world.support)

        assert world.held() == 35

    def test_support_can_refund(self, world: World, held: PaymentProblem) -> None:
        refund = refund_problem(held, reason="w", actor=world.support, submission=uuid.uuid4())

        held.refresh_from_db()
        assert refund.status == RefundStatus.SUCCEEDED
        assert refund.amount == held.received["amount_received"]
        assert held.resolution == Resolution.REFUNDED
        assert (held.resolved_by, held.resolution_note) == (world.support, "w")
        assert Purchase.objects.get().status == PurchaseStatus.REFUNDED
        assert world.held() == 25

    def test_form_submitted_twice_refunds_once(
        self, world: World, held: PaymentProblem, stripe: SandboxControl
    ) -> None:
        submission = uuid.uuid4()
        for _ in range(2):
            refund_problem(held, reason="w", actor=world.support, submission=submission)

        assert len(stripe.requests(**REFUNDS)) == 1

    @pytest.mark.parametrize(
        "fields", [{"amount_total": 4000}, {"amount_total": 6000}, {"currency": "cad"}]
    )
    def test_payment_with_a_wrong_amount_can_only_be_refunded(
        self, world: World, fields: dict[str, Any]
    ) -> None:
        """R31: the receipt would show an amount that was not charged."""
        problem = held_payment(world, **fields)

        with pytest.raises(Refused) as caught:
            fulfill_problem(problem, reason="w", actor=world.support)
        refund = refund_problem(problem, reason="w", actor=world.support, submission=uuid.uuid4())

        assert caught.value.refusal.reason == Reason.AMOUNT_DIFFERS
        assert refund.amount == problem.received["amount_received"]
        assert Purchase.objects.get().status == PurchaseStatus.REFUNDED

    def test_second_refund_after_a_failure_stays_refunded(
        self, world: World, held: PaymentProblem, stripe: SandboxControl
    ) -> None:
        """Every response still lists the old failure, which must not reopen the problem."""
        first = refund_problem(held, reason="w", actor=world.support, submission=uuid.uuid4())
        stripe.fail_refund(first.refund_id or "")
        reconcile()
        held.refresh_from_db()
        refund_problem(held, reason="again", actor=world.support, submission=uuid.uuid4())

        for _ in range(3):
            follow_up(held.payment_intent_id)

        held.refresh_from_db()
        assert (held.resolution, held.needs_support) == (Resolution.REFUNDED, False)
        assert Purchase.objects.get().status == PurchaseStatus.REFUNDED

    def test_fulfillment_after_a_failed_refund_stays_fulfilled(
        self, world: World, held: PaymentProblem, stripe: SandboxControl
    ) -> None:
        first = refund_problem(held, reason="w", actor=world.support, submission=uuid.uuid4())
        stripe.fail_refund(first.refund_id or "")
        reconcile()
        held.refresh_from_db()
        fulfill_problem(held, reason="the card is closed", actor=world.support)

        follow_up(held.payment_intent_id)

        assert (fresh(held).resolution, world.held()) == (Resolution.FULFILLED, 35)

    def test_remainder_of_a_dashboard_refund_can_be_refunded(
        self, world: World, held: PaymentProblem, stripe: SandboxControl
    ) -> None:
        stripe.refund(payment_intent=held.payment_intent_id, amount=1000)
        reconcile()

        refund = refund_problem(held, reason="w", actor=world.support, submission=uuid.uuid4())

        held.refresh_from_db()
        assert refund.amount == 4000
        assert held.resolution == Resolution.REFUNDED

    @pytest.mark.parametrize("amounts", [(5000,), (1000, 4000)], ids=["one refund", "two refunds"])
    def test_full_dashboard_refund_solves_the_problem(
        self, held: PaymentProblem, stripe: SandboxControl, amounts: tuple[int, ...]
    ) -> None:
        for amount in amounts:
            stripe.refund(payment_intent=held.payment_intent_id, amount=amount)
            reconcile()

        assert fresh(held).resolution == Resolution.REFUNDED
        assert Purchase.objects.get().status == PurchaseStatus.REFUNDED

    def test_lost_dispute_solves_the_problem(
        self, world: World, held: PaymentProblem, stripe: SandboxControl
    ) -> None:
        dispute = stripe.open_dispute(payment_intent=held.payment_intent_id)
        stripe.close_dispute(dispute["id"], "lost")
        reconcile()

        held.refresh_from_db()
        assert held.resolution == Resolution.REFUNDED
        with pytest.raises(Refused):
            fulfill_problem(held, reason="w", actor=world.support)

    def test_closing_requires_fulfillment_or_refund(
        self, world: World, held: PaymentProblem
    ) -> None:
        with refuses(Reason.MUST_BE_FULFILLED_OR_REFUNDED):
            close_problem(held, reason="w", actor=world.support)

    def test_failed_refund_reopens_the_problem(
        self, world: World, held: PaymentProblem, stripe: SandboxControl
    ) -> None:
        refund = refund_problem(held, reason="w", actor=world.support, submission=uuid.uuid4())
        stripe.fail_refund(refund.refund_id or "")
        reconcile()

        held.refresh_from_db()
        assert (held.resolution, held.needs_support) == ("", True)
        assert Purchase.objects.get().status == PurchaseStatus.REVIEW
        fulfill_problem(held, reason="the card is closed", actor=world.support)
        assert world.held() == 35

    def test_refunding_a_held_renewal_unblocks_the_renewal(
        self, window: World, stripe: SandboxControl
    ) -> None:
        purchase = renew(window)
        stripe.alter(purchase.session_id or "", {"amount_total": 1})
        window.pay_and_settle(purchase)
        problem = PaymentProblem.objects.get()

        refund_problem(problem, reason="w", actor=window.support, submission=uuid.uuid4())

        assert renew_and_settle(window).status == PurchaseStatus.SETTLED

    def test_held_renewal_can_be_fulfilled(self, window: World, stripe: SandboxControl) -> None:
        purchase = renew(window)
        stripe.alter(purchase.session_id or "", WRONG_LINE)
        window.pay_and_settle(purchase)

        fulfill_problem(PaymentProblem.objects.get(), reason="w", actor=window.support)

        subscription = get_status(window.lakeside, clock.now())
        assert subscription.next_term is not None
        assert subscription.next_term.starts_on == date(2032, 1, 1)


class TestHeldPaymentOfCanceledTerm:
    @pytest.fixture
    def held(self, world: World, stripe: SandboxControl) -> PaymentProblem:
        renewal = renew_in_window(world)
        purchase = world.buy(10)
        world.pay(purchase)
        refund_in_dashboard(world, renewal)
        return PaymentProblem.objects.get(purchase=purchase)

    def test_fulfillment_is_refused(self, world: World, held: PaymentProblem) -> None:
        with refuses(Reason.CANNOT_BE_FULFILLED):
            fulfill_problem(held, reason="w", actor=world.support)

    def test_refund_solves_the_problem(self, world: World, held: PaymentProblem) -> None:
        refund_problem(held, reason="w", actor=world.support, submission=uuid.uuid4())

        assert not open_problems()


def test_add_ons_of_a_canceled_term_are_refunded_by_support(world: World) -> None:
    renewal = renew_in_window(world)
    add_on = world.buy_and_settle(10)
    refund_in_dashboard(world, renewal)
    [problem] = PaymentProblem.objects.filter(needs_support=True)

    refund_problem(problem, reason="w", actor=world.support, submission=uuid.uuid4())

    assert fresh(add_on).is_fully_refunded
    assert not open_problems()


def test_payment_without_a_purchase_can_only_be_refunded(
    world: World, stripe: SandboxControl
) -> None:
    purchase = world.buy(10)
    world.pay(purchase)
    session_id = purchase.session_id or ""
    stripe.alter(session_id, {"metadata.term": "999999"})
    Activity.objects.all().delete()
    Purchase.objects.all().delete()
    settle(session_id)
    problem = PaymentProblem.objects.get()
    assert problem.reason == ProblemReason.UNKNOWN_PURCHASE

    with pytest.raises(Refused):
        fulfill_problem(problem, reason="w", actor=world.support)
    refund = refund_problem(problem, reason="w", actor=world.support, submission=uuid.uuid4())

    problem.refresh_from_db()
    assert refund.status == RefundStatus.SUCCEEDED
    assert problem.resolution == Resolution.REFUNDED
