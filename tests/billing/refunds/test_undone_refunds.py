"""A term's refund that fails later: the cancellation is undone or goes to support (R30)."""

from billing.models import Purchase
from billing.states import ProblemReason, PurchaseStatus
from subscriptions.models import Renewal
from subscriptions.models.terms import RenewalState
from subscriptions.policy.expiration import Phase
from tests.billing.renewals import renew, renew_and_settle
from tests.billing.reversals import (
    NEXT_YEAR,
    refund_fails,
    refunded_by_support,
    refunded_in_dashboard,
    reversals,
    subscription,
    term_of,
    waiting,
)
from tests.support.checks import fresh
from tests.support.world import World


class TestRefundFailsLater:
    def test_cancellation_is_undone(self, world: World, renewal: Purchase) -> None:
        made = refunded_in_dashboard(world, renewal)
        refund_fails(world, renewal, made["id"])

        now = subscription(world.lakeside)
        assert term_of(renewal).canceled_at is None
        assert now.next_term == renewal.term
        assert (now.phase, reversals(world.lakeside)) == (Phase.RUNNING, [-25, 25])
        world.at(NEXT_YEAR)
        assert world.held() == 25

    def test_renewal_started_since_is_withdrawn(self, world: World, renewal: Purchase) -> None:
        made = refunded_in_dashboard(world, renewal)
        begun = renew(world)
        refund_fails(world, renewal, made["id"])

        assert fresh(begun).status == PurchaseStatus.EXPIRED
        states = Renewal.objects.order_by("pk").values_list("state", flat=True)
        assert list(states) == [RenewalState.PAID, RenewalState.WITHDRAWN]
        assert term_of(renewal).canceled_at is None

    def test_paid_new_renewal_stays_in_effect(self, world: World, renewal: Purchase) -> None:
        made = refunded_in_dashboard(world, renewal)
        again = renew_and_settle(world)
        refund_fails(world, renewal, made["id"])

        assert term_of(renewal).canceled_at is not None
        assert term_of(again).canceled_at is None
        assert waiting() == [ProblemReason.REFUND_UNDONE]
        assert subscription(world.lakeside).next_term == again.term

    def test_refunding_the_new_renewal_reinstates_the_old(
        self, world: World, renewal: Purchase
    ) -> None:
        made = refunded_in_dashboard(world, renewal)
        again = renew_and_settle(world)
        refund_fails(world, renewal, made["id"])
        refunded_in_dashboard(world, again)

        assert term_of(renewal).canceled_at is None
        assert subscription(world.lakeside).next_term == renewal.term
        assert not waiting()

    def test_support_can_refund_the_old_renewal_again(
        self, world: World, renewal: Purchase
    ) -> None:
        made = refunded_in_dashboard(world, renewal)
        world.later(days=3)
        renew_and_settle(world)
        refund_fails(world, renewal, made["id"])

        refunded_by_support(world, renewal)

        assert not waiting()
        assert term_of(renewal).canceled_at is not None

    def test_new_renewal_paid_at_the_same_moment_counts(
        self, world: World, renewal: Purchase
    ) -> None:
        made = refunded_in_dashboard(world, renewal)
        again = renew(world)
        world.pay(again)
        refund_fails(world, renewal, made["id"])

        assert Purchase.objects.get(pk=again.pk).status == PurchaseStatus.SETTLED
        assert term_of(renewal).canceled_at is not None
        assert waiting() == [ProblemReason.REFUND_UNDONE]

    def test_its_add_ons_leave_the_problem_list(self, world: World, renewal: Purchase) -> None:
        world.buy_and_settle(10)
        made = refunded_in_dashboard(world, renewal)
        assert waiting() == [ProblemReason.TERM_CANCELED]
        refund_fails(world, renewal, made["id"])

        assert not waiting()
        assert world.held() == 35
