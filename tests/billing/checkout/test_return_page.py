"""The page that the buyer returns to after paying (R2, R13, R14)."""

from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from billing.events.reconcile import reconcile
from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from billing.settlement.settle import settle
from billing.states import PurchaseStatus
from subscriptions.members import members
from subscriptions.models import LicenseEntry, Membership
from subscriptions.models.members import Role
from tests.billing.deliveries import completed, deliver
from tests.support.checks import fresh
from tests.support.world import World

PATH = "/o/lakeside/licenses/return/"


def load_return_page(world: World, session_id: str | None, member: Membership | None = None) -> Any:
    client = world.client(member or world.assignor)
    return client.get(PATH, {"session_id": session_id or ""})


def redirected_page(world: World, response: Any) -> str:
    """Return the HTML of the page that the response redirects to."""
    page: str = world.client(world.assignor).get(response.headers["Location"]).content.decode()
    return page


def paid(world: World, **order: Any) -> Purchase:
    purchase = world.buy(10, **order)
    world.pay(purchase)
    return purchase


def fulfillments(world: World) -> int:
    return LicenseEntry.objects.filter(term=world.term, cause="add_on").count()


def test_returning_buyer_sees_the_licenses(world: World, stripe: SandboxControl) -> None:
    """R13"""
    purchase = paid(world)

    response = load_return_page(world, purchase.session_id)

    assert response.status_code == HTTPStatus.FOUND
    assert response.headers["Location"] == f"/o/lakeside/purchases/{purchase.pk}/"
    assert world.held() == 35
    assert "Receipt 1" in redirected_page(world, response)


def test_return_page_can_be_reloaded(world: World, stripe: SandboxControl) -> None:
    """R14"""
    purchase = paid(world)

    urls = {
        load_return_page(world, purchase.session_id, member).headers["Location"]
        for member in (world.assignor, world.assignor, world.administrator)
    }

    assert len(urls) == 1
    assert fulfillments(world) == 1


@pytest.mark.parametrize("order", ["webhook first", "webhook last", "webhook in between"])
@pytest.mark.usefixtures("stripe")
def test_webhook_before_or_after_return_makes_no_difference(world: World, order: str) -> None:
    """R13, R14"""
    purchase = paid(world)
    visits = {"webhook first": 0, "webhook last": 2, "webhook in between": 1}[order]
    for _ in range(visits):
        load_return_page(world, purchase.session_id)

    delivered = deliver(completed(purchase.session_id))
    response = load_return_page(world, purchase.session_id)

    assert delivered.status_code == HTTPStatus.OK
    assert response.headers["Location"] == f"/o/lakeside/purchases/{purchase.pk}/"
    assert fulfillments(world) == 1


def test_settled_purchase_makes_no_processor_request(world: World, stripe: SandboxControl) -> None:
    purchase = world.buy_and_settle(10)
    requests_before = len(stripe.requests())

    load_return_page(world, purchase.session_id)

    assert len(stripe.requests()) == requests_before


def test_buyer_returns_to_the_page_they_left(world: World, stripe: SandboxControl) -> None:
    """R8"""
    purchase = paid(world, return_to="/o/lakeside/users/add/?draft=1")

    response = load_return_page(world, purchase.session_id)

    assert response.headers["Location"] == "/o/lakeside/users/add/?draft=1"


def test_return_page_shows_what_was_bought(world: World, stripe: SandboxControl) -> None:
    purchase = paid(world, return_to="/o/lakeside/users/")
    client = world.client(world.assignor)

    page = client.get(PATH, {"session_id": purchase.session_id or ""}, follow=True).content.decode()

    assert "You bought 10 licenses. You now hold 35, and 31 are available." in page


class TestAccess:
    @pytest.mark.parametrize(
        "session_id",
        [
            "",
            " ",
            "cs_test_unknown",
            "cs_live_unknown",
            "cs_test_x/../y",
            "cs_test_x%2F..%2Fy",
            "../sessions",
            "{CHECKOUT_SESSION_ID}",
            "cs_test_" + "x" * 500,
            "cs_test_\x00",
            "'",
        ],
    )
    def test_unknown_id_returns_404_without_a_processor_request(
        self, world: World, stripe: SandboxControl, session_id: str
    ) -> None:
        paid(world)
        requests_before = len(stripe.requests())

        response = load_return_page(world, session_id)

        assert response.status_code == HTTPStatus.NOT_FOUND
        assert len(stripe.requests()) == requests_before
        assert world.held() == 25

    def test_missing_id_returns_404(self, world: World, stripe: SandboxControl) -> None:
        assert world.client(world.assignor).get(PATH).status_code == HTTPStatus.NOT_FOUND

    def test_session_of_another_organization_returns_404(
        self, world: World, stripe: SandboxControl
    ) -> None:
        """R2"""
        theirs = paid(world, buyer=world.stranger)
        requests_before = len(stripe.requests())

        response = load_return_page(world, theirs.session_id)

        assert response.status_code == HTTPStatus.NOT_FOUND
        assert len(stripe.requests()) == requests_before
        assert fresh(theirs).status == PurchaseStatus.OPEN

    @pytest.mark.parametrize("removed", [False, True], ids=["role changed", "removed"])
    @pytest.mark.usefixtures("stripe")
    def test_payment_of_a_former_buyer_is_fulfilled(self, world: World, removed: bool) -> None:
        """R2, R17: the payment is honored, but the buyer can no longer see the page."""
        purchase = paid(world)
        if removed:
            members.remove(world.administrator, world.assignor)
        else:
            members.change_role(world.administrator, world.assignor, Role.OBSERVER)

        response = load_return_page(world, purchase.session_id)
        deliver(completed(purchase.session_id))

        expected = HTTPStatus.NOT_FOUND if removed else HTTPStatus.FORBIDDEN
        assert response.status_code == expected
        assert world.held() == 35

    @pytest.mark.usefixtures("stripe")
    def test_signed_out_buyer_signs_in_and_returns(self, world: World) -> None:
        purchase = paid(world)

        response = Client().get(PATH, {"session_id": purchase.session_id or ""})

        assert response.status_code == HTTPStatus.FOUND
        assert f"session_id%3D{purchase.session_id}" in response.headers["Location"]

    def test_post_is_refused(self, world: World) -> None:
        response = world.client(world.assignor).post(PATH)

        assert response.status_code == HTTPStatus.METHOD_NOT_ALLOWED


@pytest.mark.usefixtures("stripe")
class TestNotPaid:
    def test_unpaid_session_keeps_waiting(self, world: World) -> None:
        response = load_return_page(world, world.buy(10).session_id)

        assert response.status_code == HTTPStatus.OK
        assert response.headers["Refresh"]
        assert world.held() == 25

    def test_expired_session_says_nothing_was_charged(self, world: World) -> None:
        purchase = world.buy(10)
        world.later(minutes=36)

        response = load_return_page(world, purchase.session_id)

        assert fresh(purchase).status == PurchaseStatus.EXPIRED
        assert "Nothing was charged" in redirected_page(world, response)


FAULTS: dict[str, dict[str, Any]] = {
    "error": {"status": 500},
    "drop_before": {},
    "drop_after": {},
    "rate_limited": {},
    "conflict": {},
    "malformed": {},
    "slow": {"seconds": 2.0},
    "stale": {},
    # An unexpected response without a required field of a session.
    "override": {"fields": {"expires_at": None}},
}


@pytest.mark.parametrize(("kind", "fault"), FAULTS.items(), ids=FAULTS)
def test_processor_error_shows_the_waiting_page_and_next_load_settles(
    world: World, stripe: SandboxControl, short_timeouts: Settings, kind: str, fault: dict[str, Any]
) -> None:
    """R13: the page says that the payment is being confirmed, and polls."""
    purchase = paid(world)
    stripe.fault(kind, method="GET", **fault)

    waiting_page = load_return_page(world, purchase.session_id)
    stripe.clear_faults()
    redirect = load_return_page(world, purchase.session_id)

    assert waiting_page.status_code == HTTPStatus.OK
    assert waiting_page.headers["Refresh"] == "4"
    assert "Confirming the payment" in waiting_page.content.decode()
    assert redirect.status_code == HTTPStatus.FOUND
    assert fulfillments(world) == 1


def test_rejected_api_key_keeps_the_buyer_waiting_and_loses_no_licenses(
    world: World, short_timeouts: Settings
) -> None:
    purchase = paid(world)
    key, short_timeouts.STRIPE_SECRET_KEY = short_timeouts.STRIPE_SECRET_KEY, "sk_test_wrong"

    waiting_page = load_return_page(world, purchase.session_id)
    short_timeouts.STRIPE_SECRET_KEY = key
    reconcile()

    assert waiting_page.headers["Refresh"]
    assert world.held() == 35


def test_settle_returns_the_current_purchase(world: World, stripe: SandboxControl) -> None:
    """The page acts on the purchase that `settle` returns."""
    purchase = paid(world)

    settled = settle(purchase.session_id or "")

    assert settled is not None
    assert (settled.status, settled.receipt_number) == (PurchaseStatus.SETTLED, 1)
