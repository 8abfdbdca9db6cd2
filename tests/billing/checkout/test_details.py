"""Details of orders and their pages that are easy to lose unnoticed (R10-R14, R17, R23-R26)."""

import uuid
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client

from billing.checkout import sessions
from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from billing.settlement.settle import settle
from billing.states import PurchaseStatus
from subscriptions import clock
from subscriptions.models import Activity, Discount, LicenseRemoval
from subscriptions.policy import card_testing
from subscriptions.policy.refusal import Reason
from tests.billing.checkout.test_subscribing import PATH as SUBSCRIBE
from tests.billing.checkout.test_subscribing import form_data, subscribe
from tests.billing.renewals import IN_WINDOW, plan, renew, renew_and_settle
from tests.billing.reversals import refund_as_support
from tests.support.checks import fresh, refuses
from tests.support.factories import PackageFactory
from tests.support.pages import text_of
from tests.support.world import World, remove

ADD = "/o/lakeside/licenses/add/"
RENEW = "/o/lakeside/renewal/"

pytestmark = pytest.mark.usefixtures("stripe")


def line_of(purchase: Purchase) -> dict[str, Any]:
    """Return what the payment page shows for a purchase."""
    [item] = purchase.request_parameters["line_items"]
    product: dict[str, Any] = item["price_data"]["product_data"]
    return product


class TestAddOns:
    def test_canceling_the_payment_page_keeps_the_quantity(self, world: World) -> None:
        purchase = world.buy(15)

        assert "?quantity=15&canceled=1" in purchase.request_parameters["cancel_url"]

    def test_open_checkout_is_resumed_although_a_later_one_was_paid(self, world: World) -> None:
        purchase = world.buy(10)
        world.later(seconds=1)
        paid = world.buy(10, buyer=world.administrator)
        world.pay_and_settle(paid)
        world.later(seconds=1)

        assert world.buy(10, is_repeat=True) == purchase

    def test_form_can_be_sent_again_after_its_checkout_expired(
        self, world: World, stripe: SandboxControl
    ) -> None:
        submission = uuid.uuid4()
        first = world.buy(10, submission=submission)
        stripe.expire(first.session_id or "")
        settle(first.session_id or "")

        again = world.buy(10, submission=submission)

        assert again != first
        assert again.status == PurchaseStatus.OPEN

    def test_paid_checkouts_are_not_card_testing(self, world: World) -> None:
        for _ in range(card_testing.MAX_OPEN_CHECKOUTS):
            world.buy_and_settle(5, is_repeat=True)

        assert world.buy(5, is_repeat=True).status == PurchaseStatus.OPEN

    def test_purchase_is_looked_up_by_its_own_id(self, world: World) -> None:
        purchase = world.buy(10)
        world.buy(15)

        found = sessions.look_up(purchase)

        assert found is not None
        assert found.id == purchase.session_id

    @pytest.mark.parametrize("query", [{}, {"people": "12"}])
    def test_number_of_people_typed_stays_in_the_field(
        self, world: World, query: dict[str, str]
    ) -> None:
        page = world.client(world.assignor).get(ADD, query)

        assert page.context["typed_people"] == query.get("people", "")

    def test_page_to_return_to_survives_every_step(self, world: World) -> None:
        client, back = world.client(world.assignor), "/o/lakeside/users/"
        hidden = f'<input type="hidden" name="next" value="{back}"'

        shown = client.get(ADD, {"next": back})
        stepped = client.post(ADD, {"quantity": "5", "change": "more", "next": back})

        for page in (shown, stepped):
            assert hidden in page.content.decode()


class TestRenewals:
    def test_payment_page_names_the_organization_and_its_licenses(self, window: World) -> None:
        assert line_of(renew(window)) == {
            "name": "Renewal, package Association",
            "description": "Lakeside Officials Association, 25 licenses",
        }

    def test_same_form_with_a_discount_starts_one_payment(self, window: World) -> None:
        Discount.objects.create(name="Loyal", basis_points=1000, currency="usd")
        form: dict[str, Any] = {"submission": uuid.uuid4(), "fingerprint": plan(window).fingerprint}

        assert renew(window, **form) == renew(window, **form)

    def test_completed_refund_does_not_block_the_renewal(self, world: World, window: World) -> None:
        purchase = renew_and_settle(window)
        refund_as_support(window, purchase)

        assert renew(window).status == PurchaseStatus.OPEN

    def test_unavailable_payment_page_is_explained(
        self, window: World, stripe: SandboxControl, short_timeouts: Any
    ) -> None:
        stripe.fault("error", path="/v1/checkout/sessions", status=500)
        form = {
            "package": window.term.package_id,
            "submission": str(uuid.uuid4()),
            "fingerprint": plan(window).fingerprint,
            "pay": "1",
        }

        response = window.client(window.assignor).post(RENEW, form)

        assert response.status_code == HTTPStatus.BAD_GATEWAY
        assert "Nothing was charged. Try again in a minute." in text_of(response)

    def test_refused_renewal_leaves_open_checkouts_alone(self, world: World) -> None:
        purchase = world.buy(10)

        with refuses(Reason.RENEWAL_NOT_OPEN):
            renew(world, fingerprint="")

        assert fresh(purchase).status == PurchaseStatus.OPEN
        assert settle(purchase.session_id or "") == purchase

    def test_other_organizations_do_not_matter(self, world: World) -> None:
        """Neither an open checkout nor a removal of theirs."""
        world.buy(10, buyer=world.stranger)
        world.at(IN_WINDOW)
        LicenseRemoval.objects.create(
            term=world.stranger.organization.terms.get(),
            number=1,
            submission=uuid.uuid4(),
            quantity=5,
            actor=world.support,
            created_at=clock.now(),
        )

        assert renew(world).quantity == 25

    def test_activity_says_what_was_renewed(self, window: World) -> None:
        purchase = renew_and_settle(window)

        started = Activity.objects.get(verb="renewal_started")
        renewed = Activity.objects.get(verb="subscription_renewed")
        assert started.data == {"purchase": str(purchase.pk), "quantity": 25}
        assert renewed.data == {
            "term": purchase.term_id,
            "quantity": 25,
            "starts_on": "2032-01-01",
        }

    def test_page_lists_removals(self, window: World) -> None:
        remove(window, 5, reason="Fewer officials")

        page = text_of(window.client(window.assignor).get(RENEW))

        assert "Fewer officials" in page

    def test_return_page_says_what_was_renewed(self, window: World) -> None:
        purchase = renew_and_settle(window)

        page = window.client(window.assignor).get(
            "/o/lakeside/licenses/return/", {"session_id": purchase.session_id or ""}, follow=True
        )

        assert (
            "The subscription has been renewed with 25 licenses through Friday, "
            "December 31, 2032. Licenses can be added again." in text_of(page)
        )


class TestSubscribing:
    def test_chosen_package_is_selected_with_its_smallest_quantity(self, world: World) -> None:
        club = PackageFactory.create(name="Club", minimum_licenses=15)

        page = Client().get(SUBSCRIBE, {"package": club.pk})

        form = page.context["form"]
        assert (form["package"].value(), form["quantity"].value()) == (club.pk, 15)
        assert {"Association", "Club"} <= {one.name for one in page.context["packages"]}

    def test_form_without_a_package_shows_no_total(self, world: World) -> None:
        data = form_data(world.term.package) | {"package": ""}
        del data["pay"]

        page = Client().post(SUBSCRIBE, data)

        assert page.context["plan"] is None

    def test_form_comes_back_as_it_was_sent(self, world: World) -> None:
        subscribe(world.term.package, quantity="30")
        purchase = Purchase.objects.get()

        page = Client().get(SUBSCRIBE, {"kept": str(purchase.submission)})

        form = page.context["form"]
        fields = ("organization_name", "quantity", "code", "buyer_email")
        assert [form[name].value() for name in fields] == [
            "Meadow Umpires",
            30,
            "",
            "mia@meadow.example",
        ]
