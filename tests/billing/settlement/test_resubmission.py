"""Resubmitted forms, second tabs, Back and Forward: one payment per purchase (R14, R17)."""

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


def statuses() -> list[str]:
    return sorted(Purchase.objects.values_list("status", flat=True))


class TestResubmittedForm:
    def test_resubmission_after_expiry_starts_a_new_checkout(self, world: World) -> None:
        """No event has reported the expiry yet; the buyer must not be sent to an expired page."""
        first = world.buy(10)
        world.later(minutes=36)

        again = world.buy(10, submission=first.submission)

        assert again.pk != first.pk
        assert statuses() == ["expired", "open"]
        assert world.pay(again)["outcome"] == "paid"
        assert again.session_expires_at == clock.now() + timedelta(minutes=35)

    def test_two_resubmissions_after_expiry_start_one_new_checkout(self, world: World) -> None:
        first = world.buy(10)
        world.later(minutes=36)

        second, third = (world.buy(10, submission=first.submission) for _ in range(2))

        assert second.pk == third.pk
        assert Purchase.objects.count() == 2

    @pytest.mark.parametrize("status", [PurchaseStatus.EXPIRED, PurchaseStatus.ABANDONED])
    def test_resubmission_after_an_ended_checkout_starts_a_new_one(
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
    def test_resubmission_after_payment_returns_the_purchase(
        self, world: World, stripe: SandboxControl, minutes: int
    ) -> None:
        """No event has reported the payment yet."""
        first = world.buy(10)
        world.pay(first)
        world.later(minutes=minutes)

        again = world.buy(10, submission=first.submission, is_repeat=True)

        assert (again.pk, again.status) == (first.pk, PurchaseStatus.SETTLED)
        assert len(stripe.sessions()) == 1
        assert world.held() == 35

    def test_resubmission_after_payment_shows_the_receipt(self, world: World) -> None:
        purchase = world.buy_and_settle(10)
        fields = {"quantity": "10", "submission": str(purchase.submission)}

        response = world.client(world.assignor).post("/o/lakeside/licenses/add/", fields)

        assert response.status_code == HTTPStatus.FOUND
        assert response.headers["Location"] == f"/o/lakeside/purchases/{purchase.pk}/"

    def test_changing_the_quantity_back_reuses_the_first_checkout(self, world: World) -> None:
        first = world.buy(10)
        other = world.buy(15, submission=first.submission)

        third = world.buy(10, submission=first.submission)

        assert third.pk == first.pk
        assert other.pk != first.pk
        assert statuses() == [PurchaseStatus.OPEN] * 2

    def test_resubmitting_a_changed_form_makes_two_purchases_not_three(self, world: World) -> None:
        first = world.buy(10)

        for _ in range(2):
            world.buy(15, submission=first.submission)

        assert sorted(Purchase.objects.values_list("quantity", flat=True)) == [10, 15]

    def test_resubmission_after_a_refund_does_not_charge_again(self, world: World) -> None:
        first = world.buy(10)
        world.pay(first, funding="charge_card")
        settle.settle(first.session_id or "")

        again = world.buy(10, submission=first.submission)

        assert (again.pk, again.status) == (first.pk, PurchaseStatus.REFUNDED)

    @pytest.mark.parametrize(("seconds", "sessions"), [(239, 1), (240, 2)])
    def test_unconfirmed_creation_is_retried_for_4_minutes(
        self,
        world: World,
        stripe: SandboxControl,
        short_timeouts: Settings,
        seconds: int,
        sessions: int,
    ) -> None:
        """R17: after that, a new checkout starts, and reconciliation looks up the first one."""
        submission = uuid.uuid4()
        stripe.fault("drop_after", method="POST", times=1)
        with pytest.raises(ProcessorUnavailable):
            world.buy(10, submission=submission)
        world.later(seconds=seconds)

        again = world.buy(10, submission=submission)
        reconcile()

        assert again.status == PurchaseStatus.OPEN
        assert len(stripe.sessions()) == Purchase.objects.count() == sessions
        assert set(statuses()) == {PurchaseStatus.OPEN}


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

    def test_new_purchase_starts_if_the_first_checkout_expired(
        self, world: World, stripe: SandboxControl
    ) -> None:
        first = world.buy(10)
        stripe.expire(first.session_id or "")

        second = world.buy(10)

        assert second.pk != first.pk
        assert statuses() == ["expired", "open"]

    @pytest.mark.parametrize("minutes", [0, 29, 32, 60])
    def test_paid_first_checkout_asks_for_confirmation(
        self, world: World, stripe: SandboxControl, minutes: int
    ) -> None:
        """Even before the payment is settled."""
        first = world.buy(10)
        world.pay(first)
        world.later(minutes=minutes)

        with pytest.raises(add_ons.RepeatedPurchase) as caught:
            world.buy(10)

        assert caught.value.previous.pk == first.pk
        assert len(stripe.sessions()) == 1

    def test_confirmed_second_purchase_is_separate(self, world: World) -> None:
        world.pay(world.buy(10))

        second = world.buy(10, is_repeat=True)
        world.pay_and_settle(second)

        assert statuses() == [PurchaseStatus.SETTLED] * 2
        assert world.held() == 45

    def test_purchase_by_another_buyer_is_separate(self, world: World) -> None:
        mine = world.buy(10)

        theirs = world.buy(10, buyer=world.administrator)

        assert theirs.pk != mine.pk

    def test_purchase_with_another_return_path_is_separate(self, world: World) -> None:
        mine = world.buy(10)

        other = world.buy(10, return_to="/o/lakeside/users/add/")

        assert other.pk != mine.pk

    def test_no_purchase_starts_while_the_status_of_the_first_is_unknown(
        self, world: World, short_timeouts: Settings
    ) -> None:
        world.buy(10)
        short_timeouts.STRIPE_API_BASE = UNREACHABLE

        with pytest.raises(ProcessorUnavailable):
            world.buy(10)

        assert Purchase.objects.count() == 1

    def test_new_purchase_starts_if_the_processor_cannot_find_the_first(
        self, world: World, stripe: SandboxControl
    ) -> None:
        first = world.buy(10)
        stripe.fault("error", method="GET", session=first.session_id, status=404)

        assert world.buy(10).pk != first.pk


class TestCalendar:
    """R17: the date is checked when the checkout starts; a payment made in time is honored."""

    def test_checkout_started_before_and_paid_during_the_window_is_fulfilled(
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

    def test_licenses_settled_after_the_term_have_already_expired(self, world: World) -> None:
        """R16"""
        world.at(calendar.renewal_opens_at(TERM_END, clock.zone()) - timedelta(minutes=1))
        purchase = world.buy(10)
        world.pay(purchase)
        world.at(calendar.expires_at(TERM_END, clock.zone()) + timedelta(days=20))

        settled = settle.settle(purchase.session_id or "")

        assert settled is not None
        assert settled.status == PurchaseStatus.SETTLED
        assert world.held() == 0

    def test_open_checkout_can_be_resumed_after_the_window_opens(self, world: World) -> None:
        opens = calendar.renewal_opens_at(TERM_END, clock.zone())
        world.at(opens - timedelta(minutes=10))
        first = world.buy(10)
        world.at(opens)

        resumed = world.buy(10)
        with pytest.raises(Refused) as refused:
            world.buy(15)

        assert resumed.pk == first.pk
        assert refused.value.refusal.reason == Reason.RENEWAL_OPEN
