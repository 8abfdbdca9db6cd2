"""Refunding a purchase in the admin (R30)."""

from http import HTTPStatus
from typing import Any

import pytest
from pytest_django import Settings

from billing.models import PaymentProblem, Purchase, Refund
from billing.sandbox.control.client import SandboxControl
from billing.states import ProblemReason
from subscriptions import clock
from subscriptions.licenses.status import status_of
from subscriptions.models import LicenseEntry, Notification, Term
from tests.admin.desk import Desk, hidden, logged
from tests.billing.renewals import IN_WINDOW, renew, renew_and_settle
from tests.support.pages import text_of
from tests.support.world import World

ALL = {"what": "all", "licenses": "", "reason": "Bought by mistake"}
SOME = {"what": "some", "licenses": "5", "reason": "Too many"}


class TestAddOns:
    def test_page_shows_amounts_paid_and_refundable(self, desk: Desk, bought: Purchase) -> None:
        page = text_of(desk.open(bought, "refund"))

        assert "Total $50.00" in page
        assert "Licenses remaining 10" in page
        assert "Everything that remains: $50.00" in page

    def test_confirmation_shows_licenses_to_be_removed(
        self, world: World, desk: Desk, bought: Purchase
    ) -> None:
        world.fill(30)

        page = desk.send(desk.open(bought, "refund"), **ALL)

        words = text_of(page)
        assert "Refund $50.00" in words
        assert "Licenses taken back 10" in words
        assert "35 → 25" in words
        assert "5 users will have no license" in words
        assert not Refund.objects.exists()
        assert world.held() == 35
        assert not Notification.objects.filter(kind="payment_returned").exists()

    def test_full_refund(self, world: World, desk: Desk, bought: Purchase) -> None:
        page = desk.do(bought, "refund", **ALL)

        refund = Refund.objects.get()
        assert (refund.amount, refund.actor, refund.reason) == (
            5000,
            world.support,
            "Bought by mistake",
        )
        assert "$50.00 has been refunded" in text_of(page)
        assert world.held() == 25

    def test_partial_refund_by_license_group(
        self, world: World, desk: Desk, bought: Purchase
    ) -> None:
        desk.do(bought, "refund", **SOME)

        assert Refund.objects.get().amount == 2500
        assert world.held() == 30
        assert "Licenses remaining 5" in text_of(desk.open(bought, "refund"))

    @pytest.mark.parametrize(
        ("typed", "words", "status"),
        [
            (SOME | {"licenses": "7"}, "in groups of 5, at most 10", 409),
            (SOME | {"licenses": "15"}, "in groups of 5, at most 10", 409),
            (SOME | {"licenses": ""}, "Enter the number of licenses", 422),
            (ALL | {"licenses": "5"}, "Leave this empty", 422),
            (ALL | {"reason": ""}, "This field is required", 422),
            (ALL | {"what": "more"}, "Select a valid choice", 422),
        ],
    )
    def test_impossible_refund_shows_an_error_and_refunds_nothing(
        self, desk: Desk, bought: Purchase, typed: dict[str, str], words: str, status: int
    ) -> None:
        page = desk.send(desk.open(bought, "refund"), **typed)

        assert page.status_code == status
        assert words in text_of(page)
        assert typed["reason"] in page.content.decode()
        assert not Refund.objects.exists()

    def test_a_double_click_refunds_once(self, desk: Desk, bought: Purchase) -> None:
        second = desk.send(desk.open(bought, "refund"), **SOME)

        responses = [desk.confirm(second) for _ in range(2)]

        assert [response.status_code for response in responses] == [HTTPStatus.FOUND] * 2
        assert Refund.objects.count() == 1
        assert len(logged(bought)) == 1

    def test_two_people_refund_only_once(self, desk: Desk, root: Desk, bought: Purchase) -> None:
        seconds = [each.send(each.open(bought, "refund"), **ALL) for each in (desk, root)]

        desk.confirm(seconds[0])
        late = root.confirm(seconds[1])

        assert late.status_code == HTTPStatus.CONFLICT
        assert "This payment has already been refunded in full" in text_of(late)
        assert Refund.objects.count() == 1

    def test_users_added_since_are_shown_before_confirming(
        self, world: World, desk: Desk, bought: Purchase
    ) -> None:
        second = desk.send(desk.open(bought, "refund"), **ALL)
        world.fill(26)

        again = desk.confirm(second)

        assert again.status_code == HTTPStatus.CONFLICT
        assert "1 user will have no license" in text_of(again)
        assert not Refund.objects.exists()

    def test_refund_is_logged_with_before_after_and_reason(
        self, world: World, desk: Desk, bought: Purchase
    ) -> None:
        desk.do(bought, "refund", **ALL)

        for row in (bought, world.lakeside, Refund.objects.get()):
            [entry] = logged(row)
            assert "35 → 25" in entry.change_message
            assert "Bought by mistake" in entry.change_message


class TestProcessorErrors:
    def test_unsent_refund_is_retried_automatically(
        self, stripe: SandboxControl, desk: Desk, bought: Purchase, short_timeouts: Settings
    ) -> None:
        second = desk.send(desk.open(bought, "refund"), **ALL)
        stripe.fault("error", path="/v1/refunds", status=500, times=None)

        done = desk.confirm(second)

        assert done.status_code == HTTPStatus.FOUND
        assert "could not be reached" in text_of(desk.client.get(done.url))
        assert Refund.objects.get().status == "requested"

    def test_no_refund_while_an_open_renewal_cannot_be_closed(
        self,
        world: World,
        stripe: SandboxControl,
        desk: Desk,
        bought: Purchase,
        short_timeouts: Settings,
    ) -> None:
        world.at(IN_WINDOW)
        renew(world)
        second = desk.send(desk.open(bought, "refund"), **ALL)
        assert "is paying for the renewal right now" in text_of(second)
        stripe.fault("error", path="/v1/checkout/sessions/*", status=500, times=None)

        response = desk.confirm(second)

        assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert "Nothing was refunded" in text_of(response)
        assert not Refund.objects.exists()

    def test_disputed_payment_cannot_be_refunded(
        self, stripe: SandboxControl, desk: Desk, bought: Purchase
    ) -> None:
        stripe.open_dispute(payment_intent=bought.payment_intent_id)
        desk.client.post("/admin/health/reconcile/")

        page = desk.open(bought, "refund")

        assert page.status_code == HTTPStatus.CONFLICT
        assert "The cardholder disputes this payment" in text_of(page)


class TestATerm:
    @pytest.fixture
    def renewal(self, window: World, stripe: SandboxControl) -> Purchase:
        """Return Lakeside's renewal purchase, with an add-on of the new term."""
        paid = renew_and_settle(window)
        window.at(clock.now())
        window.buy_and_settle(5)
        return Purchase.objects.get(pk=paid.pk)

    def test_preview_shows_cancellation_and_add_on_problems(
        self, desk: Desk, renewal: Purchase
    ) -> None:
        page = desk.send(desk.open(renewal, "refund"), reason="They do not go on")

        words = text_of(page)
        assert "The term from Jan. 1, 2032 to Dec. 31, 2032 is canceled" in words
        assert "Its add-on of 5 licenses for $25.00 will be added to payments to review" in words
        assert "Running → In the renewal window, not renewed" in words
        assert not Term.objects.filter(canceled_at__isnull=False).exists()
        assert not PaymentProblem.objects.exists()

    def test_confirming_cancels_the_term_and_lists_its_add_ons(
        self, window: World, desk: Desk, renewal: Purchase
    ) -> None:
        desk.do(renewal, "refund", reason="They do not go on")

        assert Term.objects.get(canceled_at__isnull=False) == renewal.term
        [problem] = PaymentProblem.objects.all()
        assert problem.reason == ProblemReason.TERM_CANCELED
        assert status_of(window.lakeside, clock.now()).renewal_is_open

    def test_term_cannot_be_refunded_in_part(self, desk: Desk, renewal: Purchase) -> None:
        page = desk.open(renewal, "refund")

        assert "licenses" not in page.context["form"].fields
        assert "can only be refunded in full" in text_of(page)

    def test_last_paid_term_must_be_refunded_first(
        self, window: World, desk: Desk, renewal: Purchase
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

        page = desk.open(original, "refund")

        assert page.status_code == HTTPStatus.CONFLICT
        assert "Refund that one first" in text_of(page)

    def test_ended_term_says_so(self, window: World, desk: Desk, renewal: Purchase) -> None:
        window.later(days=500)

        first = desk.open(renewal, "refund")

        assert "has ended" in text_of(first)
        second = desk.send(first, reason="Too late, but kind")
        assert "the licenses were available for the whole term" in text_of(second)


def test_missing_permission_returns_403(world: World, desk: Desk, bought: Purchase) -> None:
    page = desk.open(bought, "refund")
    world.support.groups.clear()

    assert desk.open(bought, "refund").status_code == HTTPStatus.FORBIDDEN
    sent = desk.client.post(page.request["PATH_INFO"], hidden(page) | ALL | {"confirmed": "1"})
    assert sent.status_code == HTTPStatus.FORBIDDEN
    assert not Refund.objects.exists()


def test_preview_rolls_back_everything(desk: Desk, bought: Purchase) -> None:
    def everything() -> list[Any]:
        models = (LicenseEntry, Notification, PaymentProblem, Purchase, Refund, Term)
        return [list(model._default_manager.order_by("pk").values()) for model in models]

    before = everything()

    desk.send(desk.open(bought, "refund"), **ALL)

    assert everything() == before
