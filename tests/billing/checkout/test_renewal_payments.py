"""Renewal payments: the charged total, second payments, discounts (R17, R24, R26)."""

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
from subscriptions.licenses.status import get_status
from subscriptions.models import Discount, Notification, Package, Renewal, Term
from subscriptions.models.terms import RenewalState
from subscriptions.policy import calendar
from subscriptions.policy.refusal import Reason, Refused
from tests.billing.renewals import IN_WINDOW, NEW_START, plan, renew, renew_and_settle
from tests.support.checks import fresh, refuses
from tests.support.factories import PackageFactory
from tests.support.world import TERM_END, World, local, remove


@pytest.mark.usefixtures("stripe")
class TestShownTotalIsCharged:
    def test_price_change_before_payment_asks_for_confirmation(self, window: World) -> None:
        fingerprint = plan(window).fingerprint
        Package.objects.update(unit_amount=600)

        with pytest.raises(PriceChanged):
            renew(window, fingerprint=fingerprint)

        assert not Purchase.objects.exists()

    def test_price_change_after_checkout_start_has_no_effect(self, window: World) -> None:
        purchase = renew(window)
        Package.objects.update(unit_amount=600, name="Other", is_offered=False)
        settled = window.pay_and_settle(purchase)

        assert settled.total_amount == 12_500
        assert settled.term is not None
        assert (settled.term.unit_amount, settled.term.package_name) == (500, "Association")

    def test_adding_a_member_asks_for_confirmation(self, window: World) -> None:
        remove(window, 20)
        window.fill(6)
        fingerprint = plan(window).fingerprint
        window.fill(7)

        with pytest.raises(PriceChanged):
            renew(window, fingerprint=fingerprint)

    def test_processor_receives_one_line_with_the_total(
        self, window: World, stripe: SandboxControl
    ) -> None:
        Discount.objects.create(name="Loyal", basis_points=1000, currency="usd")

        purchase = renew(window)

        [request] = stripe.requests(method="POST", path="/v1/checkout/sessions")
        [line] = request["params"]["line_items"]
        assert purchase.total_amount == 11_250
        assert (int(line["quantity"]), int(line["price_data"]["unit_amount"])) == (1, 11_250)


@pytest.mark.usefixtures("stripe")
class TestOnePayment:
    def test_new_checkout_expires_the_old_one(self, window: World) -> None:
        first = renew(window)
        second = renew(window, window.administrator)

        first.refresh_from_db()
        assert first.status == PurchaseStatus.EXPIRED
        assert second.status == PurchaseStatus.OPEN
        assert window.pay(first)["outcome"] == "not_open"

    def test_open_add_on_checkouts_are_expired_first(self, world: World) -> None:
        world.at(calendar.renewal_opens_at(TERM_END, clock.zone()) - timedelta(minutes=5))
        add_on = world.buy(10)
        world.later(minutes=6)

        renew(world)

        assert fresh(add_on).status == PurchaseStatus.EXPIRED

    def test_add_on_paid_at_the_last_moment_counts_and_updates_the_total(
        self, world: World
    ) -> None:
        world.at(calendar.renewal_opens_at(TERM_END, clock.zone()) - timedelta(minutes=5))
        add_on = world.buy(10)
        world.later(minutes=6)
        fingerprint = plan(world).fingerprint
        world.pay(add_on)

        with pytest.raises(PriceChanged):
            renew(world, fingerprint=fingerprint)

        assert world.held() == 35
        assert plan(world).price.quantity == 35

    def test_renewal_paid_in_another_tab_is_refused(self, window: World) -> None:
        first = renew(window)
        window.pay(first)

        with pytest.raises(Refused):
            renew(window, fingerprint="anything")

        assert Term.objects.filter(organization=window.lakeside).count() == 2

    def test_second_payment_is_refunded(self, window: World) -> None:
        first = renew(window)
        # As if the first page had been recorded as expired while it was still open.
        Purchase.objects.filter(pk=first.pk).update(status=PurchaseStatus.EXPIRED)
        Renewal.objects.update(state=RenewalState.OPEN, quantity=None)
        second = renew(window)
        for purchase in (second, first):
            window.pay_and_settle(purchase)

        first.refresh_from_db()
        assert fresh(second).status == PurchaseStatus.SETTLED
        assert first.status == PurchaseStatus.REFUNDED
        assert Refund.objects.get().amount == 12_500
        assert PaymentProblem.objects.get().reason == "surplus"
        assert Term.objects.filter(organization=window.lakeside).count() == 2

    def test_form_submitted_twice_makes_one_payment(self, window: World) -> None:
        submission = uuid.uuid4()
        first = renew(window, submission=submission)
        again = renew(window, submission=submission)

        assert first.pk == again.pk
        assert first.status == PurchaseStatus.OPEN

    def test_changed_package_makes_another_payment(self, window: World) -> None:
        """The buyer returns from the payment page and chooses another package."""
        submission = uuid.uuid4()
        first = renew(window, submission=submission)
        other = PackageFactory.create(name="Club", unit_amount=900)

        second = renew(window, package=other, submission=submission)

        assert fresh(first).status == PurchaseStatus.EXPIRED
        assert (second.total_amount, second.package_name) == (25 * 900, "Club")

    def test_shorter_term_at_the_same_price_asks_for_confirmation(self, window: World) -> None:
        Package.objects.update(term_years=2)
        window.term.package.refresh_from_db()
        fingerprint = plan(window).fingerprint
        Package.objects.update(term_years=1)

        with pytest.raises(PriceChanged):
            renew(window, fingerprint=fingerprint)

    def test_mismatched_payment_blocks_the_renewal(
        self, window: World, stripe: SandboxControl
    ) -> None:
        purchase = renew(window)
        stripe.fault("override", fields={"amount_total": 1}, path="/v1/checkout/sessions/*")
        window.pay_and_settle(purchase)

        assert fresh(purchase).status == PurchaseStatus.REVIEW
        with refuses(Reason.RENEWAL_WITH_SUPPORT):
            renew(window, fingerprint="anything")

    def test_buyers_and_support_are_notified_of_a_second_payment(
        self, window: World, support: str
    ) -> None:
        first = renew(window, window.administrator)
        Purchase.objects.filter(pk=first.pk).update(status=PurchaseStatus.EXPIRED)
        Renewal.objects.update(state=RenewalState.OPEN, quantity=None)
        second = renew(window, window.assignor)
        for purchase in (second, first):
            window.pay_and_settle(purchase)

        notified = Notification.objects.filter(kind="renewal_paid_twice")
        assert {notification.recipient for notification in notified} == {
            second.buyer_email,
            support,
        }
        refunded = Notification.objects.get(kind="payment_refunded_second_renewal")
        assert refunded.recipient == first.buyer_email

    def test_session_unknown_to_the_processor_blocks_nothing(self, window: World) -> None:
        first = renew(window)
        Purchase.objects.filter(pk=first.pk).update(session_id="cs_test_unknown")

        second = renew(window)

        assert fresh(first).status == PurchaseStatus.ABANDONED
        assert second.status == PurchaseStatus.OPEN

    def test_session_is_looked_up_once_its_key_is_too_old(
        self, window: World, stripe: SandboxControl, settings: Any
    ) -> None:
        """R17: the idempotency key is not reused after 4 minutes."""
        base, submission = settings.STRIPE_API_BASE, uuid.uuid4()
        fingerprint = plan(window).fingerprint
        settings.STRIPE_API_BASE = "http://127.0.0.1:1"
        with pytest.raises(ProcessorUnavailable):
            renew(window, submission=submission, fingerprint=fingerprint)
        settings.STRIPE_API_BASE = base
        window.later(minutes=10)

        purchase = renew(window, submission=submission, fingerprint=fingerprint)

        created = stripe.requests(method="POST", path="/v1/checkout/sessions")
        assert purchase.status == PurchaseStatus.ABANDONED
        assert not created
        assert (
            renew(window, submission=submission, fingerprint=fingerprint).status
            == PurchaseStatus.OPEN
        )

    def test_buyer_can_end_the_checkout(self, window: World) -> None:
        """R5"""
        purchase = renew(window)
        client = window.client(window.assignor)

        client.post("/o/lakeside/renewal/end/")

        assert fresh(purchase).status == PurchaseStatus.EXPIRED
        assert Renewal.objects.get().state == RenewalState.OPEN

    def test_second_settlement_starts_no_second_term(self, window: World) -> None:
        purchase = renew_and_settle(window)
        settle.settle(purchase.session_id or "")

        assert Term.objects.filter(organization=window.lakeside).count() == 2
        assert window.held() == 25

    def test_expired_checkout_reopens_the_renewal(
        self, window: World, stripe: SandboxControl
    ) -> None:
        purchase = renew(window)
        stripe.expire(purchase.session_id or "")
        settle.settle(purchase.session_id or "")

        renewal = Renewal.objects.get()
        assert (renewal.state, renewal.quantity) == (RenewalState.OPEN, None)

    def test_no_checkout_starts_while_the_processor_is_unavailable(
        self, window: World, settings: Any
    ) -> None:
        renew(window)
        settings.STRIPE_API_BASE = "http://127.0.0.1:1"

        with pytest.raises(ProcessorUnavailable):
            renew(window)

        assert Purchase.objects.count() == 1


class TestDiscounts:
    def test_full_discount_renews_without_the_processor(self, window: World, settings: Any) -> None:
        settings.STRIPE_API_BASE = "http://127.0.0.1:1"
        Discount.objects.create(name="Gift", code="GIFT", basis_points=10_000, currency="usd")

        purchase = renew(window, code="gift")

        assert purchase.status == PurchaseStatus.SETTLED
        assert (purchase.total_amount, purchase.discount_amount) == (0, 12_500)
        assert purchase.receipt_number == 1
        assert purchase.term_starts_on == NEW_START

    def test_discount_used_up_by_another_organization_is_refused(
        self, window: World, stripe: SandboxControl
    ) -> None:
        discount = Discount.objects.create(
            name="Once", code="ONCE", basis_points=1000, currency="usd", max_uses=1
        )
        harbor = get_status(window.stranger.organization, clock.now())
        purchase = renew(window, code="ONCE")
        with refuses(Reason.DISCOUNT_USED_UP):
            plan_renewal(harbor, window.term.package, code="ONCE")

        stripe.expire(purchase.session_id or "")
        settle.settle(purchase.session_id or "")

        assert plan_renewal(harbor, window.term.package, code="ONCE").discount == discount

    @pytest.mark.usefixtures("stripe")
    def test_own_abandoned_checkout_does_not_use_up_the_discount(self, window: World) -> None:
        Discount.objects.create(name="Once", basis_points=5000, currency="usd", max_uses=1)
        first = renew(window)

        again = renew(window)

        first.refresh_from_db()
        assert first.status == PurchaseStatus.EXPIRED
        assert again.total_amount == first.total_amount == 6250

    def test_refund_restores_the_discount_use(self, window: World, stripe: SandboxControl) -> None:
        discount = Discount.objects.create(
            name="Once", code="ONCE", basis_points=1000, currency="usd", max_uses=1
        )
        purchase = renew(window, code="ONCE")
        blocked = "payment_method_options.card.restrictions.funding_types_blocked"
        stripe.alter(purchase.session_id or "", {blocked: []})
        window.pay(purchase, funding="prepaid")
        settle.settle(purchase.session_id or "")

        assert plan(window, code="ONCE").discount == discount

    @pytest.mark.usefixtures("stripe")
    def test_discount_that_ended_since_the_page_opened_is_refused(self, window: World) -> None:
        Discount.objects.create(
            name="Ends",
            code="ENDS",
            basis_points=1000,
            currency="usd",
            valid_until=IN_WINDOW.date(),
        )
        fingerprint = plan(window, code="ENDS").fingerprint
        window.at(local(date(2031, 12, 11)))

        with refuses(Reason.DISCOUNT_OVER):
            renew(window, code="ENDS", fingerprint=fingerprint)

    def test_best_discount_without_a_code_applies(self, window: World) -> None:
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
