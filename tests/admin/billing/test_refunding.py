"""Refunding a purchase in the admin (R30)."""

from http import HTTPStatus
from typing import Any

import pytest
from pytest_django import Settings

from billing.models import PaymentProblem, Purchase, Refund
from billing.sandbox.control.client import SandboxControl
from billing.states import ProblemReason
from subscriptions import clock
from subscriptions.licenses.status import get_status
from subscriptions.models import LicenseEntry, Notification, Term
from tests.admin.client import Admin, hidden, logged
from tests.billing.renewals import IN_WINDOW, renew, renew_and_settle
from tests.support.pages import text_of
from tests.support.world import World

FULL = {"what": "all", "licenses": "", "reason": "Bought by mistake"}
PARTIAL = {"what": "some", "licenses": "5", "reason": "Too many"}


class TestAddOns:
    def test_page_shows_amounts_paid_and_refundable(
        self, support: Admin, purchase: Purchase
    ) -> None:
        page = text_of(support.open(purchase, "refund"))

        assert "Total $50.00" in page
        assert "Licenses remaining 10" in page
        assert "Everything that remains: $50.00" in page

    def test_confirmation_shows_licenses_to_be_removed(
        self, world: World, support: Admin, purchase: Purchase
    ) -> None:
        world.fill(30)

        page = support.submit(support.open(purchase, "refund"), **FULL)

        text = text_of(page)
        assert "Refund $50.00" in text
        assert "Licenses removed 10" in text
        assert "35 → 25" in text
        assert "5 users will have no license" in text
        assert not Refund.objects.exists()
        assert world.held() == 35
        assert not Notification.objects.filter(kind="payment_reversed").exists()

    def test_full_refund_removes_the_licenses(
        self, world: World, support: Admin, purchase: Purchase
    ) -> None:
        page = support.perform(purchase, "refund", **FULL)

        refund = Refund.objects.get()
        assert (refund.amount, refund.actor, refund.reason) == (
            5000,
            world.support,
            "Bought by mistake",
        )
        assert "$50.00 has been refunded" in text_of(page)
        assert world.held() == 25

    def test_partial_refund_by_license_group(
        self, world: World, support: Admin, purchase: Purchase
    ) -> None:
        support.perform(purchase, "refund", **PARTIAL)

        assert Refund.objects.get().amount == 2500
        assert world.held() == 30
        assert "Licenses remaining 5" in text_of(support.open(purchase, "refund"))

    @pytest.mark.parametrize(
        ("values", "error", "status"),
        [
            (PARTIAL | {"licenses": "7"}, "in groups of 5, at most 10", 409),
            (PARTIAL | {"licenses": "15"}, "in groups of 5, at most 10", 409),
            (PARTIAL | {"licenses": ""}, "Enter the number of licenses", 422),
            (FULL | {"licenses": "5"}, "Leave this empty", 422),
            (FULL | {"reason": ""}, "This field is required", 422),
            (FULL | {"what": "more"}, "Select a valid choice", 422),
        ],
    )
    def test_impossible_refund_shows_an_error_and_refunds_nothing(
        self,
        support: Admin,
        purchase: Purchase,
        values: dict[str, str],
        error: str,
        status: int,
    ) -> None:
        page = support.submit(support.open(purchase, "refund"), **values)

        assert page.status_code == status
        assert error in text_of(page)
        assert values["reason"] in page.content.decode()
        assert not Refund.objects.exists()

    def test_double_click_refunds_once(self, support: Admin, purchase: Purchase) -> None:
        preview = support.submit(support.open(purchase, "refund"), **PARTIAL)

        responses = [support.confirm(preview) for _ in range(2)]

        assert [response.status_code for response in responses] == [HTTPStatus.FOUND] * 2
        assert Refund.objects.count() == 1
        assert len(logged(purchase)) == 1

    def test_two_people_refund_only_once(
        self, support: Admin, superuser: Admin, purchase: Purchase
    ) -> None:
        previews = [
            each.submit(each.open(purchase, "refund"), **FULL) for each in (support, superuser)
        ]

        support.confirm(previews[0])
        response = superuser.confirm(previews[1])

        assert response.status_code == HTTPStatus.CONFLICT
        assert "This payment has already been refunded in full" in text_of(response)
        assert Refund.objects.count() == 1

    def test_users_added_after_the_preview_must_be_confirmed(
        self, world: World, support: Admin, purchase: Purchase
    ) -> None:
        preview = support.submit(support.open(purchase, "refund"), **FULL)
        world.fill(26)

        response = support.confirm(preview)

        assert response.status_code == HTTPStatus.CONFLICT
        assert "1 user will have no license" in text_of(response)
        assert not Refund.objects.exists()

    def test_refund_is_logged_with_before_after_and_reason(
        self, world: World, support: Admin, purchase: Purchase
    ) -> None:
        support.perform(purchase, "refund", **FULL)

        for row in (purchase, world.lakeside, Refund.objects.get()):
            [entry] = logged(row)
            assert "35 → 25" in entry.change_message
            assert "Bought by mistake" in entry.change_message


class TestProcessorErrors:
    def test_unsent_refund_is_retried_automatically(
        self,
        stripe: SandboxControl,
        support: Admin,
        purchase: Purchase,
        short_timeouts: Settings,
    ) -> None:
        preview = support.submit(support.open(purchase, "refund"), **FULL)
        stripe.fault("error", path="/v1/refunds", status=500, times=None)

        response = support.confirm(preview)

        assert response.status_code == HTTPStatus.FOUND
        assert "could not be reached" in text_of(support.client.get(response.url))
        assert Refund.objects.get().status == "requested"

    def test_no_refund_while_an_open_renewal_cannot_be_closed(
        self,
        world: World,
        stripe: SandboxControl,
        support: Admin,
        purchase: Purchase,
        short_timeouts: Settings,
    ) -> None:
        world.at(IN_WINDOW)
        renew(world)
        preview = support.submit(support.open(purchase, "refund"), **FULL)
        assert "is paying for the renewal right now" in text_of(preview)
        stripe.fault("error", path="/v1/checkout/sessions/*", status=500, times=None)

        response = support.confirm(preview)

        assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert "Nothing was refunded" in text_of(response)
        assert not Refund.objects.exists()

    def test_disputed_payment_cannot_be_refunded(
        self, stripe: SandboxControl, support: Admin, purchase: Purchase
    ) -> None:
        stripe.open_dispute(payment_intent=purchase.payment_intent_id)
        support.client.post("/admin/health/reconcile/")

        page = support.open(purchase, "refund")

        assert page.status_code == HTTPStatus.CONFLICT
        assert "The cardholder has disputed this payment" in text_of(page)


class TestTermRefund:
    @pytest.fixture
    def renewal(self, window: World, stripe: SandboxControl) -> Purchase:
        """Return Lakeside's renewal purchase, with an add-on of the new term."""
        paid = renew_and_settle(window)
        window.at(clock.now())
        window.buy_and_settle(5)
        return Purchase.objects.get(pk=paid.pk)

    def test_preview_shows_cancellation_and_add_on_problems(
        self, support: Admin, renewal: Purchase
    ) -> None:
        page = support.submit(support.open(renewal, "refund"), reason="They are not renewing")

        text = text_of(page)
        assert "The term from Jan. 1, 2032 to Dec. 31, 2032 is canceled" in text
        assert "Its add-on of 5 licenses for $25.00 will be added to payments to review" in text
        assert "Running → In the renewal window, not renewed" in text
        assert not Term.objects.filter(canceled_at__isnull=False).exists()
        assert not PaymentProblem.objects.exists()

    def test_confirming_cancels_the_term_and_lists_its_add_ons(
        self, window: World, support: Admin, renewal: Purchase
    ) -> None:
        support.perform(renewal, "refund", reason="They are not renewing")

        assert Term.objects.get(canceled_at__isnull=False) == renewal.term
        [problem] = PaymentProblem.objects.all()
        assert problem.reason == ProblemReason.TERM_CANCELED
        assert get_status(window.lakeside, clock.now()).renewal_is_open

    def test_term_cannot_be_refunded_in_part(self, support: Admin, renewal: Purchase) -> None:
        page = support.open(renewal, "refund")

        assert "licenses" not in page.context["form"].fields
        assert "can only be refunded in full" in text_of(page)

    def test_last_paid_term_must_be_refunded_first(
        self, window: World, support: Admin, renewal: Purchase
    ) -> None:
        original = Purchase.objects.create(
            kind="original",
            status="settled",
            organization=window.lakeside,
            term=window.term,
            term_years=1,
            quantity=25,
            unit_amount=500,
            total_amount=12500,
            currency="usd",
            idempotency_key="original",
            payment_intent_id="pi_original",
            session_id="cs_original",
            receipt_number=77,
            created_at=clock.now(),
            paid_at=clock.now(),
            settled_at=clock.now(),
        )

        page = support.open(original, "refund")

        assert page.status_code == HTTPStatus.CONFLICT
        assert "Refund that one first" in text_of(page)

    def test_ended_term_shows_a_warning(
        self, window: World, support: Admin, renewal: Purchase
    ) -> None:
        window.later(days=500)

        page = support.open(renewal, "refund")

        assert "has ended" in text_of(page)
        preview = support.submit(page, reason="Goodwill")
        assert "the licenses were available for the whole term" in text_of(preview)


def test_missing_permission_returns_403(world: World, support: Admin, purchase: Purchase) -> None:
    page = support.open(purchase, "refund")
    world.support.groups.clear()

    assert support.open(purchase, "refund").status_code == HTTPStatus.FORBIDDEN
    response = support.client.post(
        page.request["PATH_INFO"], hidden(page) | FULL | {"confirmed": "1"}
    )
    assert response.status_code == HTTPStatus.FORBIDDEN
    assert not Refund.objects.exists()


def test_preview_changes_nothing(support: Admin, purchase: Purchase) -> None:
    def snapshot() -> list[Any]:
        models = (LicenseEntry, Notification, PaymentProblem, Purchase, Refund, Term)
        return [list(model._default_manager.order_by("pk").values()) for model in models]

    before = snapshot()

    support.submit(support.open(purchase, "refund"), **FULL)

    assert snapshot() == before
