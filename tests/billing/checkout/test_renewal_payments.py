"""Paying a renewal: what is shown, one payment, discounts (R17, R24, R26)."""

import uuid
from datetime import date, timedelta
from typing import Any

import pytest

from billing.checkout.quotes import PriceChanged
from billing.checkout.renewals import plan_renewal
from billing.gateway.types import ProcessorUnavailable
from billing.models import PaymentProblem, Purchase, Refund
from billing.sandbox.control.client import SandboxControl
from billing.settlement import settle
from billing.states import PurchaseStatus
from subscriptions import clock
from subscriptions.licenses.status import status_of
from subscriptions.models import (
    Discount,
    Notification,
    Package,
    Renewal,
    Term,
)
from subscriptions.models.terms import RenewalState
from subscriptions.policy import calendar
from subscriptions.policy.refusal import Reason, Refused
from tests.billing.renewals import IN_WINDOW, NEW_START, plan, renew, renew_and_settle
from tests.support.factories import PackageFactory
from tests.support.removals import remove
from tests.support.world import TERM_END, World, local


class TestWhatIsShownIsWhatIsPaid:
    def test_a_price_edit_meanwhile_asks_again(self, window: World, stripe: SandboxControl) -> None:
        shown = plan(window).shown
        Package.objects.update(unit_amount=600)

        with pytest.raises(PriceChanged):
            renew(window, shown=shown)

        assert not Purchase.objects.exists()

    def test_a_price_edit_after_the_start_changes_nothing(
        self, window: World, stripe: SandboxControl
    ) -> None:
        purchase = renew(window)
        Package.objects.update(unit_amount=600, name="Other", is_offered=False)
        window.pay(purchase)
        settled = settle.settle(purchase.session_id or "")

        assert settled is not None
        assert settled.total_amount == 12_500
        assert settled.term is not None
        assert (settled.term.unit_amount, settled.term.package_name) == (500, "Association")

    def test_a_member_added_meanwhile_asks_again(
        self, window: World, stripe: SandboxControl
    ) -> None:
        remove(window, 20)
        window.fill(6)
        shown = plan(window).shown
        window.fill(7)

        with pytest.raises(PriceChanged):
            renew(window, shown=shown)

    def test_the_processor_gets_one_line_with_the_total(
        self, window: World, stripe: SandboxControl
    ) -> None:
        Discount.objects.create(name="Loyal", basis_points=1000, currency="usd")

        purchase = renew(window)

        [request] = stripe.requests(method="POST", path="/v1/checkout/sessions")
        [line] = request["params"]["line_items"]
        assert purchase.total_amount == 11_250
        assert (int(line["quantity"]), int(line["price_data"]["unit_amount"])) == (1, 11_250)


class TestOnePayment:
    def test_a_new_checkout_ends_the_old_one(self, window: World, stripe: SandboxControl) -> None:
        first = renew(window)
        second = renew(window, window.administrator)

        first.refresh_from_db()
        assert first.status == PurchaseStatus.EXPIRED
        assert second.status == PurchaseStatus.OPEN
        assert window.pay(first)["outcome"] == "not_open"

    def test_open_add_on_checkouts_are_ended_first(
        self, world: World, stripe: SandboxControl
    ) -> None:
        world.at(calendar.renewal_opens_at(TERM_END, clock.zone()) - timedelta(minutes=5))
        add_on = world.buy(10)
        world.later(minutes=6)

        renew(world)

        add_on.refresh_from_db()
        assert add_on.status == PurchaseStatus.EXPIRED

    def test_an_add_on_paid_a_moment_before_counts_and_the_renewal_is_worked_out_again(
        self, world: World, stripe: SandboxControl
    ) -> None:
        world.at(calendar.renewal_opens_at(TERM_END, clock.zone()) - timedelta(minutes=5))
        add_on = world.buy(10)
        world.later(minutes=6)
        shown = plan(world).shown
        world.pay(add_on)

        with pytest.raises(PriceChanged):
            renew(world, shown=shown)

        assert world.held() == 35
        assert plan(world).price.quantity == 35

    def test_a_renewal_paid_by_the_other_tab_is_noticed(
        self, window: World, stripe: SandboxControl
    ) -> None:
        first = renew(window)
        window.pay(first)

        with pytest.raises(Refused):
            renew(window, shown="anything")

        assert Term.objects.filter(organization=window.lakeside).count() == 2

    def test_a_second_payment_that_slips_through_is_given_back(
        self, window: World, stripe: SandboxControl
    ) -> None:
        first = renew(window)
        # The processor's answer to expiring the first is lost on its way: we count it as expired.
        Purchase.objects.filter(pk=first.pk).update(status=PurchaseStatus.EXPIRED)
        Renewal.objects.update(state=RenewalState.OPEN, quantity=None)
        second = renew(window)
        for purchase in (second, first):
            window.pay(purchase)
            settle.settle(purchase.session_id or "")

        first.refresh_from_db()
        second.refresh_from_db()
        assert second.status == PurchaseStatus.SETTLED
        assert first.status == PurchaseStatus.REFUNDED
        assert Refund.objects.get().amount == 12_500
        assert PaymentProblem.objects.get().reason == "surplus"
        assert Term.objects.filter(organization=window.lakeside).count() == 2

    def test_the_same_form_twice_is_one_payment(
        self, window: World, stripe: SandboxControl
    ) -> None:
        submission = uuid.uuid4()
        first = renew(window, submission=submission)
        again = renew(window, submission=submission)

        assert first.pk == again.pk
        assert first.status == PurchaseStatus.OPEN

    def test_the_same_form_with_another_package_is_another_payment(
        self, window: World, stripe: SandboxControl
    ) -> None:
        """Back from the payment page, then something else chosen: the old page is ended."""
        submission = uuid.uuid4()
        first = renew(window, submission=submission)
        other = PackageFactory.create(name="Club", unit_amount=900)

        second = renew(window, package=other, submission=submission)

        first.refresh_from_db()
        assert first.status == PurchaseStatus.EXPIRED
        assert (second.total_amount, second.package_name) == (25 * 900, "Club")

    def test_a_shorter_term_for_the_same_money_is_asked_about(
        self, window: World, stripe: SandboxControl
    ) -> None:
        Package.objects.update(term_years=2)
        window.term.package.refresh_from_db()
        shown = plan(window).shown
        Package.objects.update(term_years=1)

        with pytest.raises(PriceChanged):
            renew(window, shown=shown)

    def test_a_payment_that_does_not_match_holds_the_renewal(
        self, window: World, stripe: SandboxControl
    ) -> None:
        purchase = renew(window)
        stripe.fault("override", fields={"amount_total": 1}, path="/v1/checkout/sessions/*")
        window.pay(purchase)
        settle.settle(purchase.session_id or "")

        purchase.refresh_from_db()
        assert purchase.status == PurchaseStatus.REVIEW
        with pytest.raises(Refused) as refused:
            renew(window, shown="anything")
        assert refused.value.refusal.reason == Reason.RENEWAL_WITH_SUPPORT

    def test_both_and_support_are_told_of_a_second_payment(
        self, window: World, stripe: SandboxControl, support: str
    ) -> None:
        first = renew(window, window.administrator)
        Purchase.objects.filter(pk=first.pk).update(status=PurchaseStatus.EXPIRED)
        Renewal.objects.update(state=RenewalState.OPEN, quantity=None)
        second = renew(window, window.assignor)
        for purchase in (second, first):
            window.pay(purchase)
            settle.settle(purchase.session_id or "")

        told = Notification.objects.filter(kind="renewal_paid_twice")
        assert {notification.recipient for notification in told} == {second.buyer_email, support}
        returned = Notification.objects.get(kind="payment_refunded_second_renewal")
        assert returned.recipient == first.buyer_email

    def test_a_session_that_the_processor_does_not_know_holds_nothing_up(
        self, window: World, stripe: SandboxControl
    ) -> None:
        first = renew(window)
        Purchase.objects.filter(pk=first.pk).update(session_id="cs_test_unknown")

        second = renew(window)

        first.refresh_from_db()
        assert first.status == PurchaseStatus.ABANDONED
        assert second.status == PurchaseStatus.OPEN

    def test_a_creation_too_late_to_be_repeated_is_looked_up(
        self, window: World, stripe: SandboxControl, settings: Any
    ) -> None:
        """R17: after 4 minutes the key is not used again."""
        base, submission = settings.STRIPE_API_BASE, uuid.uuid4()
        shown = plan(window).shown
        settings.STRIPE_API_BASE = "http://127.0.0.1:1"
        with pytest.raises(ProcessorUnavailable):
            renew(window, submission=submission, shown=shown)
        settings.STRIPE_API_BASE = base
        window.later(minutes=10)

        purchase = renew(window, submission=submission, shown=shown)

        created = stripe.requests(method="POST", path="/v1/checkout/sessions")
        assert purchase.status == PurchaseStatus.ABANDONED
        assert not created
        assert renew(window, submission=submission, shown=shown).status == PurchaseStatus.OPEN

    def test_a_payment_is_ended_to_make_room_for_members(
        self, window: World, stripe: SandboxControl
    ) -> None:
        """R5"""
        purchase = renew(window)
        client = window.client(window.assignor)

        client.post("/o/lakeside/renewal/end/")

        purchase.refresh_from_db()
        assert purchase.status == PurchaseStatus.EXPIRED
        assert Renewal.objects.get().state == RenewalState.OPEN

    def test_settling_twice_starts_one_term(self, window: World, stripe: SandboxControl) -> None:
        purchase = renew_and_settle(window)
        settle.settle(purchase.session_id or "")

        assert Term.objects.filter(organization=window.lakeside).count() == 2
        assert window.held() == 25

    def test_an_expired_checkout_opens_the_renewal_again(
        self, window: World, stripe: SandboxControl
    ) -> None:
        purchase = renew(window)
        stripe.expire(purchase.session_id or "")
        settle.settle(purchase.session_id or "")

        renewal = Renewal.objects.get()
        assert (renewal.state, renewal.quantity) == (RenewalState.OPEN, None)

    def test_where_the_processor_cannot_be_asked_nothing_begins(
        self, window: World, stripe: SandboxControl, settings: Any
    ) -> None:
        renew(window)
        settings.STRIPE_API_BASE = "http://127.0.0.1:1"

        with pytest.raises(ProcessorUnavailable):
            renew(window)

        assert Purchase.objects.count() == 1


class TestDiscounts:
    def test_a_full_discount_is_renewed_without_the_processor(
        self, window: World, settings: Any
    ) -> None:
        settings.STRIPE_API_BASE = "http://127.0.0.1:1"
        Discount.objects.create(name="Gift", code="GIFT", basis_points=10_000, currency="usd")

        purchase = renew(window, code="gift")

        assert purchase.status == PurchaseStatus.SETTLED
        assert (purchase.total_amount, purchase.discount_amount) == (0, 12_500)
        assert purchase.receipt_number == 1
        assert purchase.term_starts_on == NEW_START

    def test_the_last_use_gone_to_somebody_else_is_refused(
        self, window: World, stripe: SandboxControl
    ) -> None:
        discount = Discount.objects.create(
            name="Once", code="ONCE", basis_points=1000, currency="usd", most_uses=1
        )
        harbor = status_of(window.stranger.organization, clock.now())
        purchase = renew(window, code="ONCE")
        with pytest.raises(Refused) as refused:
            plan_renewal(harbor, window.term.package, code="ONCE")
        assert refused.value.refusal.reason == Reason.DISCOUNT_USED_UP

        stripe.expire(purchase.session_id or "")
        settle.settle(purchase.session_id or "")

        assert plan_renewal(harbor, window.term.package, code="ONCE").discount == discount

    def test_ones_own_abandoned_checkout_does_not_use_it_up(
        self, window: World, stripe: SandboxControl
    ) -> None:
        Discount.objects.create(name="Once", basis_points=5000, currency="usd", most_uses=1)
        first = renew(window)

        again = renew(window)

        first.refresh_from_db()
        assert first.status == PurchaseStatus.EXPIRED
        assert again.total_amount == first.total_amount == 6250

    def test_a_refunded_payment_gives_the_use_back(
        self, window: World, stripe: SandboxControl
    ) -> None:
        discount = Discount.objects.create(
            name="Once", code="ONCE", basis_points=1000, currency="usd", most_uses=1
        )
        purchase = renew(window, code="ONCE")
        blocked = "payment_method_options.card.restrictions.funding_types_blocked"
        stripe.alter(purchase.session_id or "", {blocked: []})
        window.pay(purchase, funding="prepaid")
        settle.settle(purchase.session_id or "")

        assert plan(window, code="ONCE").discount == discount

    def test_one_that_ends_while_the_page_is_open_is_refused(
        self, window: World, stripe: SandboxControl
    ) -> None:
        Discount.objects.create(
            name="Ends",
            code="ENDS",
            basis_points=1000,
            currency="usd",
            valid_until=IN_WINDOW.date(),
        )
        shown = plan(window, code="ENDS").shown
        window.at(local(date(2031, 12, 11)))

        with pytest.raises(Refused) as refused:
            renew(window, code="ENDS", shown=shown)

        assert refused.value.refusal.reason == Reason.DISCOUNT_OVER

    def test_of_those_without_a_code_the_best_applies(self, window: World) -> None:
        Discount.objects.create(name="Small", amount=100, currency="usd")
        best = Discount.objects.create(name="Big", basis_points=1000, currency="usd")
        Discount.objects.create(name="Off", basis_points=9000, currency="usd", is_active=False)
        Discount.objects.create(
            name="Harbor's",
            basis_points=9000,
            currency="usd",
            organization=window.stranger.organization,
        )

        assert plan(window).discount == best
