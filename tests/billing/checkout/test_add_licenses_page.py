"""The Add Licenses page: contents and invalid input (R6, R8, R10-R12, R20)."""

import re
import uuid
from http import HTTPStatus
from typing import Any

import pytest

from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from billing.states import PurchaseStatus
from subscriptions import clock
from subscriptions.licenses import ledger
from subscriptions.models import LicenseEntry
from subscriptions.policy import calendar
from tests.support.world import TERM_END, World

PATH = "/o/lakeside/licenses/add/"


def post(world: World, **fields: Any) -> Any:
    fields.setdefault("submission", str(uuid.uuid4()))
    return world.client(world.assignor).post(PATH, fields)


def text(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_cost_panel_shows_all_numbers(world: World) -> None:
    page = text(world.client(world.assignor).get(PATH, {"quantity": "10"}))

    assert "Price per license, locked in since January 1, 2031 $5.00" in page
    assert "Licenses × 10" in page
    assert "Total $50.00" in page
    assert "Held now 25 Held after this purchase 35" in page
    assert "New licenses expire Wednesday, December 31, 2031, 11:59 PM Eastern Time" in page
    assert "Not prorated" in page
    assert "We do not accept prepaid cards, checks, bank debits, or payment by invoice" in page
    assert "You can add licenses through Monday, December 1, 2031" in page


def test_valid_order_goes_to_payment_page(world: World, stripe: SandboxControl) -> None:
    response = post(world, quantity="10")

    purchase = Purchase.objects.get()
    assert response.status_code == HTTPStatus.FOUND
    assert response.headers["Location"] == purchase.session_url
    assert purchase.buyer == world.assignor.user


@pytest.mark.parametrize(
    ("members", "entered", "message", "quantity"),
    [
        (
            23,
            "12",
            "To add 12 people, you need 10 more licenses ($50.00). You have 2 available.",
            "10",
        ),
        (23, "3", "To add 3 people, you need 5 more licenses ($25.00). You have 2 available.", "5"),
        (25, "1", "To add 1 person, you need 5 more licenses ($25.00). You have 0 available.", "5"),
        (25, "5", "To add 5 people, you need 5 more licenses ($25.00). You have 0 available.", "5"),
        (
            25,
            "6",
            "To add 6 people, you need 10 more licenses ($50.00). You have 0 available.",
            "10",
        ),
        (23, "2", "You have enough licenses: 2 available.", "5"),
        (4, "21", "You have enough licenses: 21 available.", "5"),
        (
            4,
            "22",
            "To add 22 people, you need 5 more licenses ($25.00). You have 21 available.",
            "5",
        ),
    ],
)
def test_number_of_people_is_turned_into_license_groups(
    world: World, members: int, entered: str, message: str, quantity: str
) -> None:
    """R5, R10: missing licenses are rounded up to whole groups, without JavaScript."""
    world.fill(members)

    response = world.client(world.assignor).get(PATH, {"people": entered})

    assert message in text(response)
    assert f'name="quantity" id="id_quantity" value="{quantity}"' in response.content.decode()


@pytest.mark.parametrize("entered", ["x", "0", "-3", "1.5"])
def test_invalid_number_of_people_shows_an_error_at_the_field(world: World, entered: str) -> None:
    response = world.client(world.assignor).get(PATH, {"people": entered})

    assert "Enter the number of people, such as 12." in text(response)
    assert f'name="people" id="id_people" value="{entered}"' in response.content.decode()


def test_licenses_are_limited_by_the_maximum_payment(world: World) -> None:
    response = world.client(world.assignor).get(PATH, {"people": "999999"})

    assert "One card payment can cover at most 199,995 licenses." in text(response)
    assert 'name="quantity" id="id_quantity" value="199995"' in response.content.decode()


def test_after_a_reversal_users_without_a_license_are_covered_first(world: World) -> None:
    entry = LicenseEntry.objects.get(term=world.term)
    world.fill(25)
    ledger.reverse(entry, 5, note="", actor=None)

    page = text(world.client(world.assignor).get(PATH, {"people": "3"}))

    assert "To add 3 people, you need 10 more licenses ($50.00). You have 0 available." in page


INVALID_QUANTITIES = {
    "0": "smallest purchase is 5",
    "-5": "smallest purchase is 5",
    "1": "smallest purchase is 5",
    "7": "Enter 5 or 10 instead of 7",
    "7.5": "digits 0 to 9",
    "5e1": "digits 0 to 9",
    "": "Enter the number of licenses",
    "   ": "Enter the number of licenses",
    "٥": "digits 0 to 9",
    "1000000000000": "at most $999,999.99, which is 199,995 licenses",
    "<b>5</b>": "digits 0 to 9",
    "5" * 50: "at most 40 characters",
}


@pytest.mark.parametrize(("quantity", "message"), INVALID_QUANTITIES.items())
def test_invalid_number_shows_an_error_at_the_field(
    world: World, quantity: str, message: str
) -> None:
    response = post(world, quantity=quantity, next="/o/lakeside/users/add/?draft=x")

    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    page = response.content.decode()
    error = re.search(r'<p class="error" id="quantity-error">(.*?)</p>', page)
    assert error is not None
    assert message in error.group(1)
    assert 'aria-invalid="true"' in page
    assert "/o/lakeside/users/add/?draft=x" in page
    assert not Purchase.objects.exists()


def test_input_is_kept(world: World) -> None:
    assert 'value="7"' in post(world, quantity="7").content.decode()
    page = post(world, quantity='"><script>').content.decode()
    assert "&quot;&gt;&lt;script&gt;" in page


def test_last_value_of_a_repeated_field_counts(world: World, stripe: SandboxControl) -> None:
    response = post(world, quantity=["5", "7"])

    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert not Purchase.objects.exists()


@pytest.mark.parametrize("submission", ["", "x", "1", "../../etc"])
def test_form_without_a_valid_submission_id_is_refused(world: World, submission: str) -> None:
    response = post(world, quantity="10", submission=submission)

    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "Reload the page" in response.content.decode()
    assert not Purchase.objects.exists()


@pytest.mark.usefixtures("stripe")
def test_posted_price_total_term_and_organization_are_ignored(world: World) -> None:
    post(
        world,
        quantity="10",
        unit_amount="1",
        price="1",
        total="5",
        total_amount="5",
        currency="jpy",
        term=str(world.stranger.organization.terms.get().pk),
        organization=str(world.stranger.organization.pk),
        kind="original",
        status="settled",
    )

    purchase = Purchase.objects.get()
    assert (purchase.organization, purchase.term) == (world.lakeside, world.term)
    assert (purchase.unit_amount, purchase.total_amount, purchase.currency) == (500, 5000, "usd")
    assert (purchase.kind, purchase.status) == ("add_on", PurchaseStatus.OPEN)


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/",
        "//evil.example/o/lakeside/",
        "/o/harbor/users/",
        "/o/lakeside/../harbor/",
        "/o/lakeside//evil.example",
        "/o/lakeside/\\evil.example",
        "javascript:alert(1)",
        "/o/lakeside/" + "x" * 300,
        "/o/lakeside/\r\nSet-Cookie: a=b",
    ],
)
@pytest.mark.usefixtures("stripe")
def test_return_path_must_be_inside_the_organization(world: World, path: str) -> None:
    post(world, quantity="10", next=path)

    assert Purchase.objects.get().return_to == ""


def test_valid_return_path_is_kept(world: World, stripe: SandboxControl) -> None:
    post(world, quantity="10", next="/o/lakeside/users/add/?draft=1")

    purchase = Purchase.objects.get()
    assert purchase.return_to == "/o/lakeside/users/add/?draft=1"
    assert "next=%2Fo%2Flakeside%2Fusers%2Fadd" in purchase.request_parameters["cancel_url"]


@pytest.mark.parametrize(
    ("entered", "change", "after"), [("10", "more", 15), ("10", "less", 5), ("x", "more", 5)]
)
def test_buttons_need_no_javascript(world: World, entered: str, change: str, after: int) -> None:
    response = post(world, quantity=entered, change=change)

    assert response.status_code == HTTPStatus.OK
    assert f'value="{after}"' in response.content.decode()
    assert not Purchase.objects.exists()


def test_returning_without_paying_keeps_the_number(world: World) -> None:
    page = world.client(world.assignor).get(PATH, {"quantity": "40", "canceled": "1"})

    assert "You left the payment page without paying" in page.content.decode()
    assert 'value="40"' in page.content.decode()


@pytest.mark.parametrize("quantity", ["7", "x", "-1", "10" * 30])
def test_invalid_number_in_the_url_is_harmless(world: World, quantity: str) -> None:
    response = world.client(world.assignor).get(PATH, {"quantity": quantity})

    assert response.status_code == HTTPStatus.OK


class TestCalendar:
    def test_page_explains_why_add_ons_are_not_sold(self, world: World) -> None:
        world.at(calendar.renewal_opens_at(TERM_END, clock.zone()))

        response = world.client(world.assignor).get(PATH)

        page = text(response)
        assert "The last day to add licenses was Monday, December 1, 2031" in page
        assert "Continue to payment" not in page
        assert response.status_code == HTTPStatus.OK

    def test_form_opened_before_the_window_is_refused(self, world: World) -> None:
        world.at(calendar.renewal_opens_at(TERM_END, clock.zone()))

        response = post(world, quantity="10")

        assert response.status_code == HTTPStatus.CONFLICT
        assert not Purchase.objects.exists()

    def test_page_shows_the_expiration(self, world: World) -> None:
        world.at(calendar.expires_at(TERM_END, clock.zone()))

        page = text(world.client(world.assignor).get(PATH))

        assert "The subscription expired on Wednesday, December 31, 2031" in page

    def test_plus_button_remains_in_the_navigation(self, world: World) -> None:
        world.at(calendar.expires_at(TERM_END, clock.zone()))

        page = world.client(world.assignor).get("/o/lakeside/").content.decode()

        assert f'class="nav-add" href="{PATH}"' in page


@pytest.mark.usefixtures("stripe")
class TestErrors:
    def test_input_is_kept_when_the_processor_is_unavailable(
        self, world: World, settings: Any
    ) -> None:
        settings.STRIPE_API_BASE = "http://127.0.0.1:1"

        response = post(world, quantity="10", next="/o/lakeside/users/add/")

        page = response.content.decode()
        assert response.status_code == HTTPStatus.BAD_GATEWAY
        assert "Nothing was charged" in page
        assert 'value="10"' in page
        assert "/o/lakeside/users/add/" in page
        assert "Traceback" not in page

    def test_resubmitted_form_reuses_the_purchase(self, world: World, settings: Any) -> None:
        base, submission = settings.STRIPE_API_BASE, str(uuid.uuid4())
        settings.STRIPE_API_BASE = "http://127.0.0.1:1"
        post(world, quantity="10", submission=submission)
        settings.STRIPE_API_BASE = base

        response = post(world, quantity="10", submission=submission)

        assert response.status_code == HTTPStatus.FOUND
        assert Purchase.objects.get().status == PurchaseStatus.OPEN

    def test_refusal_by_the_processor_abandons_the_purchase(
        self, world: World, stripe: SandboxControl
    ) -> None:
        stripe.fault("error", method="POST", path="/v1/checkout/sessions", status=400)

        response = post(world, quantity="10")

        assert response.status_code == HTTPStatus.BAD_GATEWAY
        assert "nothing was charged" in response.content.decode()
        assert Purchase.objects.get().status == PurchaseStatus.ABANDONED

    def test_second_identical_purchase_asks_for_confirmation(self, world: World) -> None:
        world.buy_and_settle(10)

        unconfirmed = post(world, quantity="10")
        assert unconfirmed.status_code == HTTPStatus.CONFLICT
        assert "Do you want to buy 10 more?" in unconfirmed.content.decode()
        confirmed = post(world, quantity="10", again="on")
        assert confirmed.status_code == HTTPStatus.FOUND
        assert Purchase.objects.count() == 2
