"""If a term's refund fails later, its cancellation is undone or goes to support (R30)."""

from billing.models import Purchase
from billing.states import ProblemReason, PurchaseStatus
from subscriptions.models import Renewal
from subscriptions.models.terms import RenewalState
from subscriptions.policy.expiration import Phase
from tests.billing.renewals import renew, renew_and_settle
from tests.billing.reversals import (
    NEXT_YEAR,
    fail_refund,
    open_problems,
    refund_as_support,
    refund_in_dashboard,
    reversals,
    subscription,
    term_of,
)
from tests.support.checks import fresh
from tests.support.world import World


class TestRefundFailsLater:
    def test_cancellation_is_undone(self, world: World, renewal: Purchase) -> None:
        refund = refund_in_dashboard(world, renewal)
        fail_refund(world, renewal, refund["id"])

        status = subscription(world.lakeside)
        assert term_of(renewal).canceled_at is None
        assert status.next_term == renewal.term
        assert (status.phase, reversals(world.lakeside)) == (Phase.RUNNING, [-25, 25])
        world.at(NEXT_YEAR)
        assert world.held() == 25

    def test_newly_started_renewal_is_withdrawn(self, world: World, renewal: Purchase) -> None:
        refund = refund_in_dashboard(world, renewal)
        new_renewal = renew(world)
        fail_refund(world, renewal, refund["id"])

        assert fresh(new_renewal).status == PurchaseStatus.EXPIRED
        states = Renewal.objects.order_by("pk").values_list("state", flat=True)
        assert list(states) == [RenewalState.PAID, RenewalState.WITHDRAWN]
        assert term_of(renewal).canceled_at is None

    def test_new_renewal_stays_in_effect_if_paid(self, world: World, renewal: Purchase) -> None:
        refund = refund_in_dashboard(world, renewal)
        new_renewal = renew_and_settle(world)
        fail_refund(world, renewal, refund["id"])

        assert term_of(renewal).canceled_at is not None
        assert term_of(new_renewal).canceled_at is None
        assert open_problems() == [ProblemReason.REFUND_UNDONE]
        assert subscription(world.lakeside).next_term == new_renewal.term

    def test_refunding_the_new_renewal_reinstates_the_old(
        self, world: World, renewal: Purchase
    ) -> None:
        refund = refund_in_dashboard(world, renewal)
        new_renewal = renew_and_settle(world)
        fail_refund(world, renewal, refund["id"])
        refund_in_dashboard(world, new_renewal)

        assert term_of(renewal).canceled_at is None
        assert subscription(world.lakeside).next_term == renewal.term
        assert not open_problems()

    def test_support_can_refund_the_old_renewal_again(
        self, world: World, renewal: Purchase
    ) -> None:
        refund = refund_in_dashboard(world, renewal)
        world.later(days=3)
        renew_and_settle(world)
        fail_refund(world, renewal, refund["id"])

        refund_as_support(world, renewal)

        assert not open_problems()
        assert term_of(renewal).canceled_at is not None

    def test_new_renewal_paid_at_the_same_moment_counts(
        self, world: World, renewal: Purchase
    ) -> None:
        refund = refund_in_dashboard(world, renewal)
        new_renewal = renew(world)
        world.pay(new_renewal)
        fail_refund(world, renewal, refund["id"])

        assert Purchase.objects.get(pk=new_renewal.pk).status == PurchaseStatus.SETTLED
        assert term_of(renewal).canceled_at is not None
        assert open_problems() == [ProblemReason.REFUND_UNDONE]

    def test_add_ons_leave_the_problem_list(self, world: World, renewal: Purchase) -> None:
        world.buy_and_settle(10)
        refund = refund_in_dashboard(world, renewal)
        assert open_problems() == [ProblemReason.TERM_CANCELED]
        fail_refund(world, renewal, refund["id"])

        assert not open_problems()
        assert world.held() == 35
