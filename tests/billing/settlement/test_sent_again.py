"""The same form again, two tabs, back and forth: one payment for each that is meant (R14, R17)."""

import uuid
from datetime import timedelta
from http import HTTPStatus

import pytest
from pytest_django import Settings

from billing.checkout import add_ons
from billing.events.reconcile import reconcile
from billing.gateway.types import ProcessorUnavailable
from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from billing.settlement import settle
from billing.states import PurchaseStatus
from subscriptions import clock
from subscriptions.policy import calendar
from subscriptions.policy.refusal import Reason, Refused
from tests.billing.conftest import NOBODY
from tests.support.world import TERM_END, World


def states() -> list[str]:
    return sorted(Purchase.objects.values_list("status", flat=True))


class TestTheSameForm:
    def test_after_its_page_has_closed_is_a_new_attempt(
        self, world: World, stripe: SandboxControl
    ) -> None:
        """Nobody has told us yet that it is closed; the buyer must not land on a dead page."""
        first = world.buy(10)
        world.later(minutes=36)

        again = world.buy(10, submission=first.submission)

        assert again.pk != first.pk
        assert states() == ["expired", "open"]
        assert world.pay(again)["outcome"] == "paid"
        assert again.session_expires_at == clock.now() + timedelta(minutes=35)

    def test_sent_twice_after_its_page_has_closed_is_one_new_attempt(
        self, world: World, stripe: SandboxControl
    ) -> None:
        first = world.buy(10)
        world.later(minutes=36)

        second, third = (world.buy(10, submission=first.submission) for _ in range(2))

        assert second.pk == third.pk
        assert Purchase.objects.count() == 2

    @pytest.mark.parametrize("status", [PurchaseStatus.EXPIRED, PurchaseStatus.ABANDONED])
    def test_of_an_attempt_that_is_over_is_a_new_one(
        self, world: World, stripe: SandboxControl, status: PurchaseStatus
    ) -> None:
        first = world.buy(10)
        stripe.expire(first.session_id or "")
        Purchase.objects.update(status=status)

        again = world.buy(10, submission=first.submission)

        assert again.pk != first.pk
        assert again.status == PurchaseStatus.OPEN
        assert again.submission == first.submission

    @pytest.mark.parametrize("minutes", [0, 20, 32, 60])
    def test_after_paying_leads_to_what_was_bought(
        self, world: World, stripe: SandboxControl, minutes: int
    ) -> None:
        """Whether or not we have heard of the payment."""
        first = world.buy(10)
        world.pay(first)
        world.later(minutes=minutes)

        again = world.buy(10, submission=first.submission, is_meant_again=True)

        assert (again.pk, again.status) == (first.pk, PurchaseStatus.SETTLED)
        assert len(stripe.sessions()) == 1
        assert world.held() == 35

    def test_after_paying_shows_the_receipt(self, world: World, stripe: SandboxControl) -> None:
        purchase = world.buy_and_settle(10)
        fields = {"quantity": "10", "submission": str(purchase.submission)}

        response = world.client(world.assignor).post("/o/lakeside/licenses/add/", fields)

        assert response.status_code == HTTPStatus.FOUND
        assert response.headers["Location"] == f"/o/lakeside/purchases/{purchase.pk}/"

    def test_with_another_number_and_back_leads_to_the_first_page_again(
        self, world: World, stripe: SandboxControl
    ) -> None:
        first = world.buy(10)
        other = world.buy(15, submission=first.submission)

        back = world.buy(10, submission=first.submission)

        assert back.pk == first.pk
        assert other.pk != first.pk
        assert states() == [PurchaseStatus.OPEN] * 2

    def test_with_another_number_sent_twice_is_two_purchases_not_three(
        self, world: World, stripe: SandboxControl
    ) -> None:
        first = world.buy(10)

        for _ in range(2):
            world.buy(15, submission=first.submission)

        assert sorted(Purchase.objects.values_list("quantity", flat=True)) == [10, 15]

    def test_of_a_purchase_given_back_does_not_charge_again(
        self, world: World, stripe: SandboxControl
    ) -> None:
        first = world.buy(10)
        world.pay(first, funding="charge_card")
        settle.settle(first.session_id or "")

        again = world.buy(10, submission=first.submission)

        assert (again.pk, again.status) == (first.pk, PurchaseStatus.REFUNDED)

    @pytest.mark.parametrize(("seconds", "sessions"), [(239, 1), (240, 2)])
    def test_whose_creation_was_not_answered_is_repeated_for_4_minutes(
        self,
        world: World,
        stripe: SandboxControl,
        impatient: Settings,
        seconds: int,
        sessions: int,
    ) -> None:
        """R17: then it is begun anew, and the first attempt is looked up."""
        submission = uuid.uuid4()
        stripe.fault("drop_after", method="POST", times=1)
        with pytest.raises(ProcessorUnavailable):
            world.buy(10, submission=submission)
        world.later(seconds=seconds)

        again = world.buy(10, submission=submission)
        reconcile()

        assert again.status == PurchaseStatus.OPEN
        assert len(stripe.sessions()) == Purchase.objects.count() == sessions
        assert set(states()) == {PurchaseStatus.OPEN}


class TestAnotherTab:
    @pytest.mark.parametrize(("minutes", "is_shared"), [(0, True), (29, True), (30, False)])
    def test_shares_the_page_while_there_is_time_to_pay(
        self, world: World, stripe: SandboxControl, minutes: int, is_shared: bool
    ) -> None:
        first = world.buy(10)
        world.later(minutes=minutes)

        second = world.buy(10)

        assert (second.pk == first.pk) == is_shared
        assert second.session_expires_at is not None
        assert second.session_expires_at > clock.now() + timedelta(minutes=5)

    def test_after_the_first_has_expired_at_the_processor_is_a_new_purchase(
        self, world: World, stripe: SandboxControl
    ) -> None:
        first = world.buy(10)
        stripe.expire(first.session_id or "")

        second = world.buy(10)

        assert second.pk != first.pk
        assert states() == ["expired", "open"]

    @pytest.mark.parametrize("minutes", [0, 29, 32, 60])
    def test_that_was_paid_in_the_first_is_asked_about(
        self, world: World, stripe: SandboxControl, minutes: int
    ) -> None:
        """Whenever we hear of the payment: the question comes before another payment page."""
        first = world.buy(10)
        world.pay(first)
        world.later(minutes=minutes)

        with pytest.raises(add_ons.SameAgain) as asked:
            world.buy(10)

        assert asked.value.before.pk == first.pk
        assert len(stripe.sessions()) == 1

    def test_that_means_it_after_the_first_was_paid_is_a_second_purchase(
        self, world: World, stripe: SandboxControl
    ) -> None:
        world.pay(world.buy(10))

        second = world.buy(10, is_meant_again=True)
        world.pay(second)
        settle.settle(second.session_id or "")

        assert states() == [PurchaseStatus.SETTLED] * 2
        assert world.held() == 45

    def test_of_somebody_else_is_a_purchase_of_its_own(
        self, world: World, stripe: SandboxControl
    ) -> None:
        mine = world.buy(10)

        theirs = world.buy(10, buyer=world.administrator)

        assert theirs.pk != mine.pk

    def test_that_leads_elsewhere_is_a_purchase_of_its_own(
        self, world: World, stripe: SandboxControl
    ) -> None:
        mine = world.buy(10)

        other = world.buy(10, return_to="/o/lakeside/users/add/")

        assert other.pk != mine.pk

    def test_starts_nothing_while_nobody_knows_about_the_first(
        self, world: World, stripe: SandboxControl, impatient: Settings
    ) -> None:
        world.buy(10)
        impatient.STRIPE_API_BASE = NOBODY

        with pytest.raises(ProcessorUnavailable):
            world.buy(10)

        assert Purchase.objects.count() == 1

    def test_starts_anew_where_the_processor_does_not_know_the_first(
        self, world: World, stripe: SandboxControl
    ) -> None:
        first = world.buy(10)
        stripe.fault("error", method="GET", session=first.session_id, status=404)

        assert world.buy(10).pk != first.pk


class TestAcrossTheCalendar:
    """R17: judged when the checkout starts; paid within its life it is honored."""

    def test_started_before_the_window_and_paid_in_it_is_granted(
        self, world: World, stripe: SandboxControl
    ) -> None:
        world.at(calendar.renewal_opens_at(TERM_END, clock.zone()) - timedelta(seconds=1))
        purchase = world.buy(10)
        world.later(minutes=34)
        world.pay(purchase)
        world.later(hours=5)

        settled = settle.settle(purchase.session_id or "")

        assert settled is not None
        assert settled.status == PurchaseStatus.SETTLED
        assert world.held() == 35

    def test_paid_in_the_term_and_heard_of_after_it_expires_with_it(
        self, world: World, stripe: SandboxControl
    ) -> None:
        """R16: the payment is settled, and what it bought is over like everything else."""
        world.at(calendar.renewal_opens_at(TERM_END, clock.zone()) - timedelta(minutes=1))
        purchase = world.buy(10)
        world.pay(purchase)
        world.at(calendar.expires_at(TERM_END, clock.zone()) + timedelta(days=20))

        settled = settle.settle(purchase.session_id or "")

        assert settled is not None
        assert settled.status == PurchaseStatus.SETTLED
        assert world.held() == 0

    def test_a_page_opened_in_time_can_be_resumed_but_no_new_one_is_opened(
        self, world: World, stripe: SandboxControl
    ) -> None:
        opens = calendar.renewal_opens_at(TERM_END, clock.zone())
        world.at(opens - timedelta(minutes=10))
        first = world.buy(10)
        world.at(opens)

        resumed = world.buy(10)
        with pytest.raises(Refused) as refused:
            world.buy(15)

        assert resumed.pk == first.pk
        assert refused.value.refusal.reason == Reason.RENEWAL_OPEN
