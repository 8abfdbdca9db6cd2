"""The price list and original purchases (R9, R23, R26)."""

import re
import uuid
from datetime import date
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client

from billing.checkout.originals import plan_subscription
from billing.models import Application, Purchase
from billing.sandbox.control.client import SandboxControl
from billing.settlement import settle
from billing.states import PurchaseStatus
from subscriptions import clock
from subscriptions.models import Discount, Membership, Organization, Package, Term, User
from subscriptions.models.members import MembershipState, Role
from subscriptions.policy.refusal import Refused
from tests.support.factories import PackageFactory
from tests.support.pages import text_of
from tests.support.world import World

PATH = "/purchase/"


@pytest.fixture
def package(world: World) -> Package:
    Package.objects.update(is_offered=False)
    return PackageFactory.create(name="Club", unit_amount=900, minimum_licenses=5)


def fingerprint(package: Package, quantity: str, code: str) -> str:
    """Return the total that the page would show, or an empty string if it would show none."""
    number = int(quantity) if quantity.isdecimal() else 0
    try:
        return plan_subscription(package, number, code=code, now=clock.now()).fingerprint
    except Refused:
        return ""


def form_data(package: Package, /, **changes: Any) -> dict[str, Any]:
    return {
        "package": package.pk,
        "quantity": "12",
        "organization_name": "Meadow Umpires",
        "buyer_name": "Mia Meadow",
        "buyer_email": "Mia@meadow.example",
        "billing_name": "Tom",
        "billing_address": "1 Green\nMeadow",
        "submission": str(uuid.uuid4()),
        "fingerprint": fingerprint(package, changes.get("quantity", "12"), changes.get("code", "")),
        "pay": "1",
    } | changes


def subscribe(package: Package, /, **changes: Any) -> Any:
    return Client().post(PATH, form_data(package, **changes))


def pay_latest(stripe: SandboxControl, **options: Any) -> Purchase:
    purchase = Purchase.objects.latest("created_at")
    stripe.pay(purchase.session_id or "", **options)
    settled = settle.settle(purchase.session_id or "")
    assert settled is not None
    return settled


class TestPricing:
    def test_everyone_sees_the_offered_packages(self, package: Package) -> None:
        PackageFactory.create(name="Secret", is_offered=False)

        page = text_of(Client().get("/pricing/"))

        assert "Club $9.00 per license" in page
        assert "at least 5 licenses" in page
        assert "Secret" not in page
        assert "We do not accept prepaid cards, checks, bank debits, or payment by invoice" in page
        assert "license spot, license slot, slot, license seat, seat" in page

    def test_sales_pages_link_to_the_price_list(self, world: World) -> None:
        for path in ("/o/lakeside/licenses/add/", "/accounts/login/"):
            page = world.client(world.assignor).get(path, follow=True).content.decode()
            assert 'href="/pricing/"' in page or path.startswith("/accounts")


class TestSubscribing:
    def test_paid_purchase_creates_a_complete_organization(
        self, world: World, package: Package, stripe: SandboxControl
    ) -> None:
        response = subscribe(package)
        assert response.headers["Location"] == Purchase.objects.get().session_url
        purchase = pay_latest(stripe)

        meadow = Organization.objects.get(slug="meadow-umpires")
        term = Term.objects.get(organization=meadow)
        member = Membership.objects.get(organization=meadow)
        assert purchase.status == PurchaseStatus.SETTLED
        assert (purchase.organization, purchase.receipt_number) == (meadow, 1)
        assert (term.starts_on, term.expires_on) == (date(2031, 6, 16), date(2032, 6, 15))
        assert (term.unit_amount, term.package_name) == (900, "Club")
        assert (member.role, member.state) == (Role.ADMINISTRATOR, MembershipState.INVITED)
        assert member.user.email == "mia@meadow.example"
        assert not member.user.has_usable_password()
        world.lakeside = meadow
        assert world.held() == 12

    def test_unpaid_purchase_leaves_nothing_visible(
        self, package: Package, stripe: SandboxControl
    ) -> None:
        subscribe(package)
        purchase = Purchase.objects.get()
        stripe.expire(purchase.session_id or "")
        settle.settle(purchase.session_id or "")

        assert Organization.objects.filter(name="Meadow Umpires").count() == 0
        assert not User.objects.filter(email="mia@meadow.example").exists()

    def test_existing_account_is_used_without_being_disclosed(
        self, world: World, package: Package, stripe: SandboxControl
    ) -> None:
        response = subscribe(package, buyer_email=world.official.user.email)
        pay_latest(stripe)
        purchase = Purchase.objects.get()

        page = text_of(Client().get(f"/purchase/return/?session_id={purchase.session_id}"))

        member = Membership.objects.get(organization__slug="meadow-umpires")
        assert response.status_code == HTTPStatus.FOUND
        assert member.user == world.official.user
        assert member.user.name == "Otto Official"
        assert "your Administrator invitation and your receipt to official@lakeside.example" in page

    def test_taken_slug_gets_a_suffix(self, package: Package, stripe: SandboxControl) -> None:
        subscribe(package, organization_name="Lakeside")
        pay_latest(stripe)

        slugs = set(Organization.objects.filter(name="Lakeside").values_list("slug", flat=True))
        assert len(slugs) == 1
        assert re.fullmatch(r"lakeside-[0-9a-f]{6}", slugs.pop())

    def test_second_settlement_creates_no_second_organization(
        self, package: Package, stripe: SandboxControl
    ) -> None:
        subscribe(package)
        purchase = pay_latest(stripe)
        settle.settle(purchase.session_id or "")

        assert Organization.objects.filter(name="Meadow Umpires").count() == 1

    def test_later_price_changes_have_no_effect(
        self, package: Package, stripe: SandboxControl
    ) -> None:
        subscribe(package)
        Package.objects.update(unit_amount=10, name="Other", is_offered=False)
        purchase = pay_latest(stripe)

        assert purchase.term is not None
        assert (purchase.term.unit_amount, purchase.total_amount) == (900, 10_800)

    def test_prepaid_card_creates_no_organization(
        self, package: Package, stripe: SandboxControl
    ) -> None:
        subscribe(package)
        session_id = Purchase.objects.get().session_id or ""
        blocked = "payment_method_options.card.restrictions.funding_types_blocked"
        stripe.alter(session_id, {blocked: []})
        purchase = pay_latest(stripe, funding="prepaid")

        page = text_of(Client().get(f"/purchase/return/?session_id={purchase.session_id}"))

        assert purchase.status in {PurchaseStatus.REFUNDING, PurchaseStatus.REFUNDED}
        assert "being refunded to the card" in page
        assert not Organization.objects.filter(name="Meadow Umpires").exists()

    def test_full_discount_needs_no_payment(self, package: Package, settings: Any) -> None:
        settings.STRIPE_API_BASE = "http://127.0.0.1:1"
        Discount.objects.create(name="Gift", code="GIFT", basis_points=10_000, currency="usd")

        response = subscribe(package, code="gift")

        assert "Meadow Umpires now has a subscription with 12 licenses" in text_of(response)
        assert Organization.objects.filter(slug="meadow-umpires").exists()

    @pytest.mark.usefixtures("stripe")
    def test_returning_without_paying_keeps_the_input(self, package: Package) -> None:
        subscribe(package)
        cancel = Purchase.objects.get().request_parameters["cancel_url"]

        page = Client().get(cancel.removeprefix("http://localhost")).content.decode()

        assert 'value="Meadow Umpires"' in page
        assert 'value="mia@meadow.example"' in page.lower()
        assert "You left the payment page without paying" in page

    def test_changed_and_resubmitted_form_expires_the_first_checkout(
        self, package: Package, stripe: SandboxControl
    ) -> None:
        submission = str(uuid.uuid4())
        subscribe(package, submission=submission)
        first = Purchase.objects.get()
        page = first.session_url
        resubmitted = subscribe(package, submission=submission)
        subscribe(package, submission=submission, quantity="20")

        first.refresh_from_db()
        assert resubmitted.headers["Location"] == page
        assert first.status == PurchaseStatus.EXPIRED
        assert Purchase.objects.get(status=PurchaseStatus.OPEN).quantity == 20

    @pytest.mark.usefixtures("stripe")
    def test_corrected_address_reaches_the_receipt(self, package: Package) -> None:
        submission = str(uuid.uuid4())
        subscribe(package, submission=submission)
        subscribe(package, submission=submission, billing_address="2 Blue")

        purchase = Purchase.objects.get(status=PurchaseStatus.OPEN)
        assert purchase.billing_address == "2 Blue"

    @pytest.mark.usefixtures("stripe")
    def test_price_after_returning_is_unchanged(self, package: Package) -> None:
        Discount.objects.create(name="Once", basis_points=5000, currency="usd", max_uses=1)
        subscribe(package)
        cancel = Purchase.objects.get().request_parameters["cancel_url"]

        page = text_of(Client().get(cancel.removeprefix("http://localhost")))

        assert "Total $54.00" in page

    def test_organizations_with_the_same_name_get_different_slugs(
        self, package: Package, stripe: SandboxControl
    ) -> None:
        for _ in range(2):
            subscribe(package)
        for purchase in Purchase.objects.all():
            stripe.pay(purchase.session_id or "")
            settle.settle(purchase.session_id or "")

        assert Organization.objects.filter(name="Meadow Umpires").count() == 2

    @pytest.mark.parametrize("code", ["\x00", "GIFT\x00", "%00", "' OR 1=1"])
    def test_malformed_codes_are_rejected(self, package: Package, code: str) -> None:
        response = subscribe(package, code=code)

        assert response.status_code in {HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"quantity": "4"}, "at least 5 licenses"),
            ({"quantity": "x"}, "digits 0 to 9"),
            ({"quantity": ""}, "Enter the number of licenses"),
            ({"package": "0"}, "Select a valid choice"),
            ({"package": "x"}, "Select a valid choice"),
            ({"organization_name": ""}, "This field is required"),
            ({"buyer_email": "x"}, "valid email address"),
            ({"billing_address": "x" * 501}, "at most 500 characters"),
        ],
    )
    def test_invalid_input_shows_errors_and_is_kept(
        self, package: Package, changes: dict[str, str], message: str
    ) -> None:
        response = subscribe(package, **changes)

        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert message in response.content.decode()
        assert "Tom" in response.content.decode()
        assert not Purchase.objects.exists()
        assert not Application.objects.exists()

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"fingerprint": "1"}, "The total has changed"),
            ({"fingerprint": ""}, "The total has changed"),
            ({"code": "NOPE"}, "This discount code isn’t valid"),
            ({"quantity": "200000"}, "over the limit for one card payment"),
            ({"quantity": "900000000000"}, "at most 2,222,222 licenses"),
        ],
    )
    def test_total_that_was_not_shown_is_not_charged(
        self, package: Package, changes: dict[str, str], message: str
    ) -> None:
        response = subscribe(package, **changes)

        assert response.status_code == HTTPStatus.CONFLICT
        assert message in text_of(response)
        assert not Purchase.objects.exists()

    def test_invalid_code_shows_an_error_at_the_field(self, package: Package) -> None:
        page = subscribe(package, code="NOPE").content.decode()

        assert 'value="NOPE"' in page
        assert 'aria-invalid="true" aria-describedby="code-error"' in page
        assert "This discount code isn’t valid" in page.split('id="code-error"')[1].split("</p>")[0]

    def test_updating_the_total_starts_no_checkout(self, package: Package) -> None:
        form = form_data(package)
        del form["pay"]

        page = text_of(Client().post(PATH, form))

        assert "Club: 12 × $9.00 $108.00" in page
        assert "Continue to payment: $108.00" in page
        assert not Purchase.objects.exists()

    @pytest.mark.parametrize("session_id", ["", "x", "cs_test_x/../y", "cs_test_unknown"])
    def test_forged_return_url_returns_404(self, db: None, session_id: str) -> None:
        response = Client().get("/purchase/return/", {"session_id": session_id})

        assert response.status_code == HTTPStatus.NOT_FOUND
