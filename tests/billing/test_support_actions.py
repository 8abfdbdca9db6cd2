"""What support does with payments: refund, grant, give back, close (R15, R30)."""

import uuid
from datetime import date

import pytest
from pytest_django import Settings

from billing import support_actions
from billing.models import PaymentProblem, Purchase, Refund
from billing.processor import ProcessorUnavailable
from billing.purchases import settle
from billing.reconcile import reconcile
from billing.sandbox.client import SandboxControl
from billing.states import ProblemReason, PurchaseStatus, RefundStatus, Resolution
from billing.support_actions import (
    RefundOrder,
    close_problem,
    grant_problem,
    may_refund,
    refund_problem,
    refund_purchase,
)
from subscriptions import clock
from subscriptions.models import Activity, Notice, Renewal
from subscriptions.models.terms import RenewalState
from subscriptions.policy.decisions import ALLOWED, Reason, Refused
from subscriptions.standing import standing_of
from tests.billing.renewals import IN_WINDOW, plan, renew, renew_and_settle
from tests.billing.returns import (
    disputed,
    refund_fails,
    refunded_by_support,
    refunded_outside,
    renewed,
    reversals,
    term_of,
    waiting,
)
from tests.world import World, local

REFUNDS = {"method": "POST", "path": "/v1/refunds"}


@pytest.fixture
def bought(world: World, stripe: SandboxControl) -> Purchase:
    """10 add-ons at $5.00, on top of 25 licenses."""
    return world.buy_and_settle(10)


def refusal_of(world: World, purchase: Purchase, licenses: int | None = None) -> Reason:
    with pytest.raises(Refused) as caught:
        refunded_by_support(world, purchase, licenses)
    assert not Refund.objects.filter(status=RefundStatus.REQUESTED).exists()
    return caught.value.refusal.reason


class TestRefundingAnAddOn:
    def test_as_a_whole(self, world: World, bought: Purchase) -> None:
        refund = refunded_by_support(world, bought)

        assert (refund.status, refund.amount) == (RefundStatus.SUCCEEDED, 5000)
        assert (refund.actor, refund.reason) == (world.support, "asked for it")
        assert world.held() == 25

    def test_group_by_group(self, world: World, bought: Purchase) -> None:
        assert refunded_by_support(world, bought, 5).amount == 2500
        assert world.held() == 30
        assert refunded_by_support(world, bought, 5).amount == 2500
        assert world.held() == 25
        assert reversals(world.lakeside) == [-5, -5]

    @pytest.mark.parametrize("licenses", [0, -5, 1, 7, 15])
    def test_no_other_number(self, world: World, bought: Purchase, licenses: int) -> None:
        assert refusal_of(world, bought, licenses) == Reason.REFUND_NOT_IN_GROUPS
        assert world.held() == 35

    def test_not_twice(self, world: World, bought: Purchase) -> None:
        refunded_by_support(world, bought)

        assert refusal_of(world, bought) == Reason.REFUNDED_ALREADY

    def test_after_goodwill_from_elsewhere_the_rest(self, world: World, bought: Purchase) -> None:
        """$7 of $50 are gone; all the licenses are still there."""
        refunded_outside(world, bought, 700)

        assert refunded_by_support(world, bought).amount == 4300
        assert world.held() == 25

    def test_one_form_one_refund(
        self, world: World, bought: Purchase, stripe: SandboxControl
    ) -> None:
        order = RefundOrder(5, "asked for it", uuid.uuid4())
        first, second = (refund_purchase(bought, order, actor=world.support) for _ in range(2))

        assert first == second
        assert len(stripe.requests(**REFUNDS)) == 1
        assert world.held() == 30

    def test_under_its_own_key(
        self, world: World, bought: Purchase, stripe: SandboxControl
    ) -> None:
        refund = refunded_by_support(world, bought)

        [asked] = stripe.requests(**REFUNDS)
        assert asked["idempotency_key"] == f"refund:{refund.pk}"

    def test_while_a_dispute_stands_nothing_is_refunded(
        self, world: World, bought: Purchase
    ) -> None:
        disputed(world, bought)
        assert refusal_of(world, bought) == Reason.PAYMENT_IS_DISPUTED

    def test_once_it_is_won_it_can_be(self, world: World, bought: Purchase) -> None:
        disputed(world, bought, "won")
        refunded_by_support(world, bought)

        assert world.held() == 25

    @pytest.mark.parametrize("status", [PurchaseStatus.OPEN, PurchaseStatus.EXPIRED])
    def test_not_what_was_never_paid(
        self, world: World, stripe: SandboxControl, status: PurchaseStatus
    ) -> None:
        purchase = world.buy(10)
        purchase.status = status
        purchase.save()

        assert refusal_of(world, purchase) == Reason.NOT_PAID

    def test_of_an_ended_term_is_money_only_in_effect(self, world: World, bought: Purchase) -> None:
        renewed(world)
        world.at(local(date(2032, 2, 1), 12))
        before = world.held()

        refunded_by_support(world, bought)

        assert world.held() == before == 35
        assert standing_of(world.lakeside, clock.now()).terms[-1].canceled_at is None

    def test_is_recorded(self, world: World, bought: Purchase) -> None:
        refunded_by_support(world, bought, 5)

        activity = Activity.objects.get(verb="refund_requested")
        assert activity.actor == world.support
        assert (activity.data["amount"], activity.data["reason"]) == (2500, "asked for it")

    def test_the_buyer_hears_of_it(self, world: World, bought: Purchase) -> None:
        refunded_by_support(world, bought, 5)

        notice = Notice.objects.get(kind="payment_returned", recipient=bought.buyer_email)
        assert (notice.data["returned"], notice.data["taken"]) == ("$25.00", "5")


class TestTheProcessorIsAway:
    @pytest.mark.parametrize("kind", ["error", "drop_before", "drop_after"])
    def test_it_is_sent_later_once(
        self,
        world: World,
        bought: Purchase,
        stripe: SandboxControl,
        impatient: Settings,
        kind: str,
    ) -> None:
        settings = {"status": 500} if kind == "error" else {}
        stripe.fault(kind, **REFUNDS, times=1, **settings)

        refund = refunded_by_support(world, bought)
        assert refund.status == RefundStatus.REQUESTED
        assert world.held() == 35

        reconcile()

        refund.refresh_from_db()
        assert refund.status == RefundStatus.SUCCEEDED
        assert world.held() == 25
        assert Purchase.objects.get().refunded_amount == 5000

    def test_meanwhile_no_second_one_is_begun(
        self, world: World, bought: Purchase, stripe: SandboxControl, impatient: Settings
    ) -> None:
        stripe.fault("drop_before", **REFUNDS, times=1)
        refunded_by_support(world, bought)

        with pytest.raises(Refused) as caught:
            refunded_by_support(world, bought, 5)
        assert caught.value.refusal.reason == Reason.REFUNDED_ALREADY

    def test_a_refusal_of_the_processor_is_kept_with_its_reason(
        self, world: World, bought: Purchase, stripe: SandboxControl
    ) -> None:
        """Somebody refunded it in the dashboard a second ago, and we have not heard yet."""
        stripe.refund(payment_intent=bought.payment_intent_id)

        refund = refunded_by_support(world, bought)

        assert refund.status == RefundStatus.FAILED
        assert refund.failure_reason == "charge_already_refunded"
        assert world.held() == 25


class TestRefundingATerm:
    @pytest.fixture
    def renewal(self, world: World, stripe: SandboxControl) -> Purchase:
        return renewed(world)

    def test_cancels_it(self, world: World, renewal: Purchase) -> None:
        refunded_by_support(world, renewal)

        assert term_of(renewal).canceled_at is not None
        assert Renewal.objects.get().state == RenewalState.REFUNDED

    @pytest.mark.parametrize("licenses", [5, 25])
    def test_in_full_only(self, world: World, renewal: Purchase, licenses: int) -> None:
        assert refusal_of(world, renewal, licenses) == Reason.REFUND_NOT_IN_GROUPS

    def test_the_last_one_first(self, world: World, renewal: Purchase) -> None:
        world.at(local(date(2032, 12, 10), 12))
        following = renew_and_settle(world)

        assert refusal_of(world, renewal) == Reason.LATER_TERM_IS_PAID
        refunded_by_support(world, following)
        refunded_by_support(world, renewal)
        assert term_of(renewal).canceled_at is not None

    def test_with_add_ons_those_go_to_the_list(self, world: World, renewal: Purchase) -> None:
        add_on = world.buy_and_settle(10)
        refunded_by_support(world, renewal)

        assert PaymentProblem.objects.get(needs_support=True).purchase == add_on

    def test_an_open_renewal_checkout_is_expired_first(
        self, world: World, renewal: Purchase
    ) -> None:
        world.at(local(date(2032, 12, 10), 12))
        following = renew(world)
        refunded_by_support(world, renewal)

        following.refresh_from_db()
        assert following.status == PurchaseStatus.EXPIRED

    def test_paid_at_that_moment_that_one_goes_first(self, world: World, renewal: Purchase) -> None:
        world.at(local(date(2032, 12, 10), 12))
        following = renew(world)
        world.pay(following)

        assert refusal_of(world, renewal) == Reason.LATER_TERM_IS_PAID
        assert term_of(renewal).canceled_at is None

    def test_when_that_checkout_cannot_be_closed_nothing_is_done(
        self, world: World, renewal: Purchase, stripe: SandboxControl, impatient: Settings
    ) -> None:
        world.at(local(date(2032, 12, 10), 12))
        renew(world)
        stripe.fault("error", status=500, path="*/expire")

        with pytest.raises(ProcessorUnavailable):
            refunded_by_support(world, renewal)
        assert not Refund.objects.exists()

    def test_of_add_ons_lowers_the_renewal_that_is_worked_out_anew(
        self, world: World, bought: Purchase
    ) -> None:
        world.at(IN_WINDOW)
        paying = renew(world)
        assert paying.quantity == 35
        refunded_by_support(world, bought)

        paying.refresh_from_db()
        assert paying.status == PurchaseStatus.EXPIRED
        assert plan(world).price.quantity == 25

    def test_failing_after_a_new_one_was_paid_stands_on_the_list(
        self, world: World, renewal: Purchase
    ) -> None:
        refund = refunded_by_support(world, renewal)
        renew_and_settle(world)
        refund_fails(world, renewal, refund.refund_id or "")

        assert waiting() == [ProblemReason.REFUND_UNDONE]
        close_problem(PaymentProblem.objects.get(), why="told the treasurer", actor=world.support)
        assert not waiting()


def held_payment(world: World, **changes: object) -> PaymentProblem:
    """A payment of 10 add-ons that does not match, in support's list."""
    assert world.stripe is not None
    purchase = world.buy(10)
    world.stripe.alter(purchase.session_id or "", changes or {"amount_total": 4000})
    world.pay(purchase)
    settle(purchase.session_id or "")
    return PaymentProblem.objects.get(purchase=purchase)


class TestAPaymentThatWasHeld:
    @pytest.fixture
    def held(self, world: World, stripe: SandboxControl) -> PaymentProblem:
        return held_payment(world)

    def test_is_granted_by_support(self, world: World, held: PaymentProblem) -> None:
        purchase = grant_problem(held, why="the processor's rounding", actor=world.support)

        held.refresh_from_db()
        assert (purchase.status, purchase.receipt_number) == (PurchaseStatus.SETTLED, 1)
        assert world.held() == 35
        assert (held.resolution, held.solved_by) == (Resolution.GRANTED, world.support)
        assert held.solution_note == "the processor's rounding"
        assert not held.needs_support

    def test_is_granted_once(self, world: World, held: PaymentProblem) -> None:
        grant_problem(held, why="w", actor=world.support)

        for act in (grant_problem, close_problem):
            with pytest.raises(Refused) as caught:
                act(PaymentProblem.objects.get(), why="w", actor=world.support)
            assert caught.value.refusal.reason == Reason.PROBLEM_IS_SOLVED
        assert world.held() == 35

    def test_granted_long_after_the_window_opened_it_is_still_granted(
        self, world: World, held: PaymentProblem
    ) -> None:
        """R17: judged when it was started."""
        world.at(IN_WINDOW)
        grant_problem(held, why="w", actor=world.support)

        assert world.held() == 35

    def test_is_given_back_by_support(
        self, world: World, held: PaymentProblem, stripe: SandboxControl
    ) -> None:
        refund = refund_problem(held, why="w", actor=world.support, submission=uuid.uuid4())

        held.refresh_from_db()
        assert refund.status == RefundStatus.SUCCEEDED
        assert refund.amount == held.received["amount_received"]
        assert held.resolution == Resolution.REFUNDED
        assert (held.solved_by, held.solution_note) == (world.support, "w")
        assert Purchase.objects.get().status == PurchaseStatus.REFUNDED
        assert world.held() == 25

    def test_is_given_back_once_per_form(
        self, world: World, held: PaymentProblem, stripe: SandboxControl
    ) -> None:
        submission = uuid.uuid4()
        for _ in range(2):
            refund_problem(held, why="w", actor=world.support, submission=submission)

        assert len(stripe.requests(**REFUNDS)) == 1

    def test_is_not_closed_without_either(self, world: World, held: PaymentProblem) -> None:
        with pytest.raises(Refused) as caught:
            close_problem(held, why="w", actor=world.support)
        assert caught.value.refusal.reason == Reason.MUST_BE_GRANTED_OR_REFUNDED

    def test_refunded_in_the_dashboard_it_is_off_the_list(
        self, world: World, held: PaymentProblem, stripe: SandboxControl
    ) -> None:
        stripe.refund(payment_intent=held.payment_intent_id)
        reconcile()

        held.refresh_from_db()
        assert held.resolution == Resolution.REFUNDED
        assert Purchase.objects.get().status == PurchaseStatus.REFUNDED

    def test_that_refund_failing_puts_it_back(
        self, world: World, held: PaymentProblem, stripe: SandboxControl
    ) -> None:
        refund = refund_problem(held, why="w", actor=world.support, submission=uuid.uuid4())
        stripe.fail_refund(refund.refund_id or "")
        reconcile()

        held.refresh_from_db()
        assert (held.resolution, held.needs_support) == ("", True)
        assert Purchase.objects.get().status == PurchaseStatus.REVIEW
        grant_problem(held, why="the card is closed", actor=world.support)
        assert world.held() == 35

    def test_of_a_renewal_frees_the_renewal_when_given_back(
        self, window: World, stripe: SandboxControl
    ) -> None:
        purchase = renew(window)
        stripe.alter(purchase.session_id or "", {"amount_total": 1})
        window.pay(purchase)
        settle(purchase.session_id or "")
        problem = PaymentProblem.objects.get()

        refund_problem(problem, why="w", actor=window.support, submission=uuid.uuid4())

        assert renew_and_settle(window).status == PurchaseStatus.SETTLED

    def test_of_a_renewal_is_granted(self, window: World, stripe: SandboxControl) -> None:
        purchase = renew(window)
        stripe.alter(purchase.session_id or "", {"amount_total": 1})
        window.pay(purchase)
        settle(purchase.session_id or "")

        grant_problem(PaymentProblem.objects.get(), why="w", actor=window.support)

        standing = standing_of(window.lakeside, clock.now())
        assert standing.next_term is not None
        assert standing.next_term.starts_on == date(2032, 1, 1)


class TestAPaymentOfACanceledTerm:
    @pytest.fixture
    def late(self, world: World, stripe: SandboxControl) -> PaymentProblem:
        renewal = renewed(world)
        purchase = world.buy(10)
        world.pay(purchase)
        refunded_outside(world, renewal)
        return PaymentProblem.objects.get(purchase=purchase)

    def test_cannot_be_granted(self, world: World, late: PaymentProblem) -> None:
        with pytest.raises(Refused) as caught:
            grant_problem(late, why="w", actor=world.support)
        assert caught.value.refusal.reason == Reason.CANNOT_BE_GRANTED

    def test_is_given_back(self, world: World, late: PaymentProblem) -> None:
        refund_problem(late, why="w", actor=world.support, submission=uuid.uuid4())

        assert not waiting()


def test_add_ons_of_a_canceled_term_are_refunded_from_the_list(
    world: World, stripe: SandboxControl
) -> None:
    renewal = renewed(world)
    add_on = world.buy_and_settle(10)
    refunded_outside(world, renewal)
    [problem] = PaymentProblem.objects.filter(needs_support=True)

    refund_problem(problem, why="w", actor=world.support, submission=uuid.uuid4())

    add_on.refresh_from_db()
    assert add_on.is_returned
    assert not waiting()


def test_a_payment_of_no_purchase_can_only_be_given_back(
    world: World, stripe: SandboxControl
) -> None:
    purchase = world.buy(10)
    world.pay(purchase)
    session_id = purchase.session_id or ""
    Activity.objects.all().delete()
    Purchase.objects.all().delete()
    settle(session_id)
    problem = PaymentProblem.objects.get()
    assert problem.reason == ProblemReason.UNKNOWN_PURCHASE

    with pytest.raises(Refused):
        grant_problem(problem, why="w", actor=world.support)
    refund = refund_problem(problem, why="w", actor=world.support, submission=uuid.uuid4())

    problem.refresh_from_db()
    assert refund.status == RefundStatus.SUCCEEDED
    assert problem.resolution == Resolution.REFUNDED


def test_may_refund_asks_the_same_question(world: World, bought: Purchase) -> None:
    assert may_refund(bought) == may_refund(bought, 5) == ALLOWED
    assert support_actions.refund_amount(bought, 5) == 2500
    assert support_actions.refund_amount(bought, None) == 5000
