"""Resubmitted forms, two tabs, back and forward: one payment per intended purchase (R14, R17)."""

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
from tests.billing.conftest import UNREACHABLE
from tests.support.world import TERM_END, World

pytestmark = pytest.mark.usefixtures("stripe")


def states() -> list[str]:
    return sorted(Purchase.objects.values_list("status", flat=True))


class TestSameForm:
    def test_form_sent_after_its_page_expired_starts_a_new_attempt(self, world: World) -> None:
        """No event has reported the expiry yet; the buyer must not land on a dead page."""
        first = world.buy(10)
        world.later(minutes=36)

        again = world.buy(10, submission=first.submission)

        assert again.pk != first.pk
        assert states() == ["expired", "open"]
        assert world.pay(again)["outcome"] == "paid"
        assert again.session_expires_at == clock.now() + timedelta(minutes=35)

    def test_form_sent_twice_after_its_page_expired_starts_one_new_attempt(
        self, world: World
    ) -> None:
        first = world.buy(10)
        world.later(minutes=36)

        second, third = (world.buy(10, submission=first.submission) for _ in range(2))

        assert second.pk == third.pk
        assert Purchase.objects.count() == 2

    @pytest.mark.parametrize("status", [PurchaseStatus.EXPIRED, PurchaseStatus.ABANDONED])
    def test_form_of_a_finished_attempt_starts_a_new_one(
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
    def test_form_sent_after_paying_leads_to_the_purchase(
        self, world: World, stripe: SandboxControl, minutes: int
    ) -> None:
        """Whether or not the payment is settled."""
        first = world.buy(10)
        world.pay(first)
        world.later(minutes=minutes)

        again = world.buy(10, submission=first.submission, is_repeat=True)

        assert (again.pk, again.status) == (first.pk, PurchaseStatus.SETTLED)
        assert len(stripe.sessions()) == 1
        assert world.held() == 35

    def test_form_sent_after_paying_shows_the_receipt(self, world: World) -> None:
        purchase = world.buy_and_settle(10)
        fields = {"quantity": "10", "submission": str(purchase.submission)}

        response = world.client(world.assignor).post("/o/lakeside/licenses/add/", fields)

        assert response.status_code == HTTPStatus.FOUND
        assert response.headers["Location"] == f"/o/lakeside/purchases/{purchase.pk}/"

    def test_changing_the_number_and_back_leads_to_the_first_page(self, world: World) -> None:
        first = world.buy(10)
        other = world.buy(15, submission=first.submission)

        back = world.buy(10, submission=first.submission)

        assert back.pk == first.pk
        assert other.pk != first.pk
        assert states() == [PurchaseStatus.OPEN] * 2

    def test_changed_form_sent_twice_makes_two_purchases_not_three(self, world: World) -> None:
        first = world.buy(10)

        for _ in range(2):
            world.buy(15, submission=first.submission)

        assert sorted(Purchase.objects.values_list("quantity", flat=True)) == [10, 15]

    def test_form_of_a_refunded_purchase_does_not_charge_again(self, world: World) -> None:
        first = world.buy(10)
        world.pay(first, funding="charge_card")
        settle.settle(first.session_id or "")

        again = world.buy(10, submission=first.submission)

        assert (again.pk, again.status) == (first.pk, PurchaseStatus.REFUNDED)

    @pytest.mark.parametrize(("seconds", "sessions"), [(239, 1), (240, 2)])
    def test_unconfirmed_creation_is_repeated_for_4_minutes(
        self, world: World, stripe: SandboxControl, impatient: Settings, seconds: int, sessions: int
    ) -> None:
        """R17: later a new one is started, and the first attempt is looked up."""
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


class TestSecondTab:
    @pytest.mark.parametrize(("minutes", "is_shared"), [(0, True), (29, True), (30, False)])
    def test_second_tab_shares_the_page_while_time_to_pay_remains(
        self, world: World, minutes: int, is_shared: bool
    ) -> None:
        first = world.buy(10)
        world.later(minutes=minutes)

        second = world.buy(10)

        assert (second.pk == first.pk) == is_shared
        assert second.session_expires_at is not None
        assert second.session_expires_at > clock.now() + timedelta(minutes=5)

    def test_expired_first_checkout_makes_a_new_purchase(
        self, world: World, stripe: SandboxControl
    ) -> None:
        first = world.buy(10)
        stripe.expire(first.session_id or "")

        second = world.buy(10)

        assert second.pk != first.pk
        assert states() == ["expired", "open"]

    @pytest.mark.parametrize("minutes", [0, 29, 32, 60])
    def test_paid_first_checkout_asks_for_confirmation(
        self, world: World, stripe: SandboxControl, minutes: int
    ) -> None:
        """Even before the payment is settled: confirmation comes before another payment page."""
        first = world.buy(10)
        world.pay(first)
        world.later(minutes=minutes)

        with pytest.raises(add_ons.SameAgain) as asked:
            world.buy(10)

        assert asked.value.before.pk == first.pk
        assert len(stripe.sessions()) == 1

    def test_confirmed_second_purchase_is_separate(self, world: World) -> None:
        world.pay(world.buy(10))

        second = world.buy(10, is_repeat=True)
        world.pay_and_settle(second)

        assert states() == [PurchaseStatus.SETTLED] * 2
        assert world.held() == 45

    def test_purchase_by_another_buyer_is_separate(self, world: World) -> None:
        mine = world.buy(10)

        theirs = world.buy(10, buyer=world.administrator)

        assert theirs.pk != mine.pk

    def test_purchase_with_another_return_path_is_separate(self, world: World) -> None:
        mine = world.buy(10)

        other = world.buy(10, return_to="/o/lakeside/users/add/")

        assert other.pk != mine.pk

    def test_nothing_starts_while_the_first_is_unknown(
        self, world: World, impatient: Settings
    ) -> None:
        world.buy(10)
        impatient.STRIPE_API_BASE = UNREACHABLE

        with pytest.raises(ProcessorUnavailable):
            world.buy(10)

        assert Purchase.objects.count() == 1

    def test_new_purchase_starts_if_the_processor_does_not_know_the_first(
        self, world: World, stripe: SandboxControl
    ) -> None:
        first = world.buy(10)
        stripe.fault("error", method="GET", session=first.session_id, status=404)

        assert world.buy(10).pk != first.pk


class TestCalendar:
    """R17: judged when the checkout starts; a payment made in time is honored."""

    def test_checkout_from_before_the_window_paid_during_it_is_fulfilled(
        self, world: World
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

    def test_payment_settled_after_the_term_expires_with_the_term(self, world: World) -> None:
        """R16: the payment is settled, but its licenses have expired with the rest."""
        world.at(calendar.renewal_opens_at(TERM_END, clock.zone()) - timedelta(minutes=1))
        purchase = world.buy(10)
        world.pay(purchase)
        world.at(calendar.expires_at(TERM_END, clock.zone()) + timedelta(days=20))

        settled = settle.settle(purchase.session_id or "")

        assert settled is not None
        assert settled.status == PurchaseStatus.SETTLED
        assert world.held() == 0

    def test_page_opened_in_time_can_be_resumed_but_no_new_one_opened(self, world: World) -> None:
        opens = calendar.renewal_opens_at(TERM_END, clock.zone())
        world.at(opens - timedelta(minutes=10))
        first = world.buy(10)
        world.at(opens)

        resumed = world.buy(10)
        with pytest.raises(Refused) as refused:
            world.buy(15)

        assert resumed.pk == first.pk
        assert refused.value.refusal.reason == Reason.RENEWAL_OPEN
