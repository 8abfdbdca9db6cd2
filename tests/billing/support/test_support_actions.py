"""Support refunds payments (R15, R30)."""

import uuid
from datetime import date
from typing import Any

import pytest
from pytest_django import Settings

from billing.checkout.quotes import PriceChanged
from billing.events.reconcile import reconcile
from billing.gateway.types import ProcessorUnavailable
from billing.models import PaymentProblem, Purchase, Refund
from billing.models.locks import lock_purchase
from billing.sandbox.control.client import SandboxControl
from billing.states import ProblemReason, PurchaseStatus, RefundStatus
from billing.support import payments
from billing.support.payments import RefundOrder, close_problem, may_refund, refund_purchase
from subscriptions import clock
from subscriptions.licenses.status import get_status
from subscriptions.models import Activity, Notification, Renewal
from subscriptions.models.terms import RenewalState
from subscriptions.policy.refusal import ALLOWED, Reason, Refused
from tests.billing.renewals import IN_WINDOW, plan, renew, renew_and_settle
from tests.billing.reversals import (
    dispute_payment,
    fail_refund,
    open_problems,
    refund_as_support,
    refund_in_dashboard,
    renew_in_window,
    reversals,
    term_of,
)
from tests.support.checks import fresh, refuses
from tests.support.world import World, local

REFUNDS: dict[str, Any] = {"method": "POST", "path": "/v1/refunds"}


def refusal_of(world: World, purchase: Purchase, licenses: int | None = None) -> Reason:
    with pytest.raises(Refused) as caught:
        refund_as_support(world, purchase, licenses)
    assert not Refund.objects.filter(status=RefundStatus.REQUESTED).exists()
    return caught.value.refusal.reason


class TestAddOnRefund:
    def test_full_refund_reverses_all_licenses(self, world: World, bought: Purchase) -> None:
        refund = refund_as_support(world, bought)

        assert (refund.status, refund.amount) == (RefundStatus.SUCCEEDED, 5000)
        assert (refund.actor, refund.reason) == (world.support, "asked for it")
        assert world.held() == 25

    def test_refund_of_a_group_reverses_the_group(self, world: World, bought: Purchase) -> None:
        assert refund_as_support(world, bought, 5).amount == 2500
        assert world.held() == 30
        assert refund_as_support(world, bought, 5).amount == 2500
        assert world.held() == 25
        assert reversals(world.lakeside) == [-5, -5]

    @pytest.mark.parametrize("licenses", [0, -5, 1, 7, 15])
    def test_other_numbers_are_refused(self, world: World, bought: Purchase, licenses: int) -> None:
        assert refusal_of(world, bought, licenses) == Reason.REFUND_NOT_IN_GROUPS
        assert world.held() == 35

    def test_second_refund_is_refused(self, world: World, bought: Purchase) -> None:
        refund_as_support(world, bought)

        assert refusal_of(world, bought) == Reason.REFUNDED_ALREADY

    def test_remainder_of_a_goodwill_refund_can_be_refunded(
        self, world: World, bought: Purchase
    ) -> None:
        """$7 of $50 have been refunded in the dashboard; all licenses remain."""
        refund_in_dashboard(world, bought, 700)

        assert refund_as_support(world, bought).amount == 4300
        assert world.held() == 25

    def test_form_submitted_twice_refunds_once(
        self, world: World, bought: Purchase, stripe: SandboxControl
    ) -> None:
        order = RefundOrder(5, "asked for it", uuid.uuid4())
        first, second = (refund_purchase(bought, order, actor=world.support) for _ in range(2))

        assert first == second
        assert len(stripe.requests(**REFUNDS)) == 1
        assert world.held() == 30

    def test_refund_has_its_own_idempotency_key(
        self, world: World, bought: Purchase, stripe: SandboxControl
    ) -> None:
        refund = refund_as_support(world, bought)

        [request] = stripe.requests(**REFUNDS)
        assert request["idempotency_key"] == f"refund:{refund.pk}"

    def test_open_dispute_blocks_refunds(self, world: World, bought: Purchase) -> None:
        dispute_payment(world, bought)
        assert refusal_of(world, bought) == Reason.PAYMENT_IS_DISPUTED

    def test_won_dispute_allows_refunds(self, world: World, bought: Purchase) -> None:
        dispute_payment(world, bought, "won")
        refund_as_support(world, bought)

        assert world.held() == 25

    @pytest.mark.parametrize("status", [PurchaseStatus.OPEN, PurchaseStatus.EXPIRED])
    @pytest.mark.usefixtures("stripe")
    def test_unpaid_purchase_cannot_be_refunded(self, world: World, status: PurchaseStatus) -> None:
        purchase = world.buy(10)
        purchase.status = status
        purchase.save()

        assert refusal_of(world, purchase) == Reason.NOT_PAID

    def test_refund_in_an_ended_term_reverses_nothing(self, world: World, bought: Purchase) -> None:
        renew_in_window(world)
        world.at(local(date(2032, 2, 1), 12))
        before = world.held()

        refund_as_support(world, bought)

        assert world.held() == before == 35
        assert get_status(world.lakeside, clock.now()).terms[-1].canceled_at is None

    def test_refund_is_an_activity(self, world: World, bought: Purchase) -> None:
        refund_as_support(world, bought, 5)

        activity = Activity.objects.get(verb="refund_requested")
        assert activity.actor == world.support
        assert (activity.data["amount"], activity.data["reason"]) == (2500, "asked for it")

    def test_buyer_is_notified(self, world: World, bought: Purchase) -> None:
        refund_as_support(world, bought, 5)

        notification = Notification.objects.get(
            kind="payment_reversed", recipient=bought.buyer_email
        )
        data = notification.data
        assert (data["refunded_amount"], data["currency"], data["removed"]) == (2500, "usd", 5)


class TestProcessorUnavailable:
    @pytest.mark.parametrize("kind", ["error", "drop_before", "drop_after"])
    def test_unsent_refund_is_sent_once_by_reconciliation(
        self,
        world: World,
        bought: Purchase,
        stripe: SandboxControl,
        short_timeouts: Settings,
        kind: str,
    ) -> None:
        options: dict[str, Any] = {"status": 500} if kind == "error" else {}
        stripe.fault(kind, **REFUNDS, times=1, **options)

        refund = refund_as_support(world, bought)
        assert refund.status == RefundStatus.REQUESTED
        assert world.held() == 35

        reconcile()

        assert fresh(refund).status == RefundStatus.SUCCEEDED
        assert world.held() == 25
        assert Purchase.objects.get().refunded_amount == 5000

    @pytest.mark.parametrize("first", [None, 5], ids=["full refund", "partial refund"])
    def test_second_refund_is_refused_while_one_is_pending(
        self,
        world: World,
        bought: Purchase,
        stripe: SandboxControl,
        short_timeouts: Settings,
        first: int | None,
    ) -> None:
        stripe.fault("drop_before", **REFUNDS, times=1)
        refund_as_support(world, bought, first)

        with refuses(Reason.REFUND_PENDING):
            refund_as_support(world, bought, 5)

    def test_renewal_excludes_licenses_being_refunded(
        self, world: World, bought: Purchase, stripe: SandboxControl, short_timeouts: Settings
    ) -> None:
        """R25"""
        world.at(IN_WINDOW)
        stripe.fault("drop_before", **REFUNDS, times=1)
        refund_as_support(world, bought)

        with pytest.raises(PriceChanged):
            renew(world)
        assert renew(world).quantity == 25

    def test_processor_refusal_is_stored_with_its_reason(
        self, world: World, bought: Purchase, stripe: SandboxControl
    ) -> None:
        """A refund was just made in the dashboard, and its event has not arrived."""
        stripe.refund(payment_intent=bought.payment_intent_id)

        refund = refund_as_support(world, bought)

        assert refund.status == RefundStatus.FAILED
        assert refund.failure_reason == "charge_already_refunded"
        assert world.held() == 25


class TestTermRefund:
    @pytest.fixture
    def renewal(self, world: World, stripe: SandboxControl) -> Purchase:
        return renew_in_window(world)

    def test_refund_cancels_the_term(self, world: World, renewal: Purchase) -> None:
        refund_as_support(world, renewal)

        assert term_of(renewal).canceled_at is not None
        assert Renewal.objects.get().state == RenewalState.REFUNDED

    @pytest.mark.parametrize("licenses", [5, 25])
    def test_partial_refunds_fail(self, world: World, renewal: Purchase, licenses: int) -> None:
        assert refusal_of(world, renewal, licenses) == Reason.REFUND_NOT_IN_GROUPS

    def test_last_term_must_be_refunded_first(self, world: World, renewal: Purchase) -> None:
        world.at(local(date(2032, 12, 10), 12))
        next_renewal = renew_and_settle(world)

        assert refusal_of(world, renewal) == Reason.LATER_TERM_IS_PAID
        refund_as_support(world, next_renewal)
        refund_as_support(world, renewal)
        assert term_of(renewal).canceled_at is not None

    def test_add_ons_go_to_the_problem_list(self, world: World, renewal: Purchase) -> None:
        add_on = world.buy_and_settle(10)
        refund_as_support(world, renewal)

        assert PaymentProblem.objects.get(needs_support=True).purchase == add_on

    def test_open_renewal_checkout_is_expired_first(self, world: World, renewal: Purchase) -> None:
        world.at(local(date(2032, 12, 10), 12))
        next_renewal = renew(world)
        refund_as_support(world, renewal)

        assert fresh(next_renewal).status == PurchaseStatus.EXPIRED

    def test_renewal_paid_at_the_same_moment_must_be_refunded_first(
        self, world: World, renewal: Purchase
    ) -> None:
        world.at(local(date(2032, 12, 10), 12))
        next_renewal = renew(world)
        world.pay(next_renewal)

        assert refusal_of(world, renewal) == Reason.LATER_TERM_IS_PAID
        assert term_of(renewal).canceled_at is None

    def test_nothing_is_refunded_if_the_renewal_cannot_be_expired(
        self, world: World, renewal: Purchase, stripe: SandboxControl, short_timeouts: Settings
    ) -> None:
        world.at(local(date(2032, 12, 10), 12))
        renew(world)
        stripe.fault("error", status=500, path="*/expire")

        with pytest.raises(ProcessorUnavailable):
            refund_as_support(world, renewal)
        assert not Refund.objects.exists()

    def test_checkout_reopened_at_the_same_moment_is_expired_again(
        self, world: World, renewal: Purchase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.at(local(date(2032, 12, 10), 12))
        opened: list[Purchase] = []

        def renew_before_lock(purchase: Purchase) -> Purchase:
            if not opened:
                opened.append(renew(world))
            return lock_purchase(purchase)

        monkeypatch.setattr(payments, "lock_purchase", renew_before_lock)
        refund_as_support(world, renewal)

        assert Purchase.objects.get(pk=opened[0].pk).status == PurchaseStatus.EXPIRED
        assert term_of(renewal).canceled_at is not None

    def test_add_on_refund_lowers_the_renewal(self, world: World, bought: Purchase) -> None:
        world.at(IN_WINDOW)
        paying = renew(world)
        assert paying.quantity == 35
        refund_as_support(world, bought)

        assert fresh(paying).status == PurchaseStatus.EXPIRED
        assert plan(world).price.quantity == 25

    def test_refund_that_fails_after_a_new_renewal_goes_to_support(
        self, world: World, renewal: Purchase
    ) -> None:
        refund = refund_as_support(world, renewal)
        renew_and_settle(world)
        fail_refund(world, renewal, refund.refund_id or "")

        assert open_problems() == [ProblemReason.REFUND_UNDONE]
        close_problem(
            PaymentProblem.objects.get(), reason="told the treasurer", actor=world.support
        )
        assert not open_problems()


def test_may_refund_matches_the_refund_itself(bought: Purchase) -> None:
    assert may_refund(bought) == may_refund(bought, 5) == ALLOWED
    assert payments.refund_amount(bought, 5) == 2500
    assert payments.refund_amount(bought, None) == 5000
