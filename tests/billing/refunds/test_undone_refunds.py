"""A refund of a term that fails later: the cancellation is lifted, or stands on the list (R30)."""

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
    refunded_outside,
    reversals,
    subscription,
    term_of,
    waiting,
)
from tests.support.world import World


class TestARefundThatFailsLater:
    def test_the_cancellation_is_lifted(self, world: World, renewal: Purchase) -> None:
        made = refunded_outside(world, renewal)
        refund_fails(world, renewal, made["id"])

        now = subscription(world.lakeside)
        assert term_of(renewal).canceled_at is None
        assert now.next_term == renewal.term
        assert (now.phase, reversals(world.lakeside)) == (Phase.RUNNING, [-25, 25])
        world.at(NEXT_YEAR)
        assert world.held() == 25

    def test_the_renewal_begun_meanwhile_is_not_needed(
        self, world: World, renewal: Purchase
    ) -> None:
        made = refunded_outside(world, renewal)
        begun = renew(world)
        refund_fails(world, renewal, made["id"])

        begun.refresh_from_db()
        assert begun.status == PurchaseStatus.EXPIRED
        states = Renewal.objects.order_by("pk").values_list("state", flat=True)
        assert list(states) == [RenewalState.PAID, RenewalState.WITHDRAWN]
        assert term_of(renewal).canceled_at is None

    def test_after_a_new_renewal_was_paid_nothing_moves(
        self, world: World, renewal: Purchase
    ) -> None:
        made = refunded_outside(world, renewal)
        again = renew_and_settle(world)
        refund_fails(world, renewal, made["id"])

        assert term_of(renewal).canceled_at is not None
        assert term_of(again).canceled_at is None
        assert waiting() == [ProblemReason.REFUND_UNDONE]
        assert subscription(world.lakeside).next_term == again.term

    def test_once_the_new_one_is_given_back_the_old_one_counts_again(
        self, world: World, renewal: Purchase
    ) -> None:
        made = refunded_outside(world, renewal)
        again = renew_and_settle(world)
        refund_fails(world, renewal, made["id"])
        refunded_outside(world, again)

        assert term_of(renewal).canceled_at is None
        assert subscription(world.lakeside).next_term == renewal.term
        assert not waiting()

    def test_or_it_is_given_back_after_all(self, world: World, renewal: Purchase) -> None:
        made = refunded_outside(world, renewal)
        world.later(days=3)
        renew_and_settle(world)
        refund_fails(world, renewal, made["id"])

        refunded_by_support(world, renewal)

        assert not waiting()
        assert term_of(renewal).canceled_at is not None

    def test_paid_at_that_very_moment_the_new_one_counts(
        self, world: World, renewal: Purchase
    ) -> None:
        made = refunded_outside(world, renewal)
        again = renew(world)
        world.pay(again)
        refund_fails(world, renewal, made["id"])

        assert Purchase.objects.get(pk=again.pk).status == PurchaseStatus.SETTLED
        assert term_of(renewal).canceled_at is not None
        assert waiting() == [ProblemReason.REFUND_UNDONE]

    def test_its_add_ons_are_off_the_list_again(self, world: World, renewal: Purchase) -> None:
        world.buy_and_settle(10)
        made = refunded_outside(world, renewal)
        assert waiting() == [ProblemReason.TERM_CANCELED]
        refund_fails(world, renewal, made["id"])

        assert not waiting()
        assert world.held() == 35
