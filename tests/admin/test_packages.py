"""Packages and discounts in the admin; changes never affect paid terms (R24)."""

from datetime import date, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client

from billing.models import Purchase
from subscriptions import clock
from subscriptions.licenses.status import get_status
from subscriptions.models import Discount, Organization, Package
from subscriptions.policy.expiration import Phase
from tests.support.factories import PackageFactory, UserFactory
from tests.support.pages import text_of
from tests.support.world import World, local

PACKAGES = "/admin/subscriptions/package/"
DISCOUNTS = "/admin/subscriptions/discount/"


@pytest.fixture
def superuser(world: World) -> Client:
    return world.client(UserFactory.create(is_staff=True, is_superuser=True))


def fields(package: Package, **changes: Any) -> dict[str, Any]:
    data = {
        "name": package.name,
        "unit_amount": package.unit_amount,
        "currency": package.currency,
        "term_years": package.term_years,
        "minimum_licenses": package.minimum_licenses,
        "is_offered": "on",
        "position": 0,
    } | changes
    return {name: value for name, value in data.items() if value is not None}


def change(superuser: Client, package: Package, **changes: Any) -> Any:
    return superuser.post(
        f"{PACKAGES}{package.pk}/change/", fields(package, **changes), follow=True
    )


def test_new_price_shows_affected_organizations_and_keeps_paid_terms(
    world: World, superuser: Client
) -> None:
    response = change(superuser, world.term.package, unit_amount=900, name="Premium")

    world.term.refresh_from_db()
    assert "1 paid term keeps the name and price it was bought with" in text_of(response)
    assert (world.term.unit_amount, world.term.package_name) == (500, "Association")
    assert Package.objects.get(pk=world.term.package_id).unit_amount == 900


def test_last_offered_package_of_a_used_currency_cannot_be_withdrawn(
    world: World, superuser: Client
) -> None:
    Package.objects.exclude(pk=world.term.package_id).update(is_offered=False)

    response = change(superuser, world.term.package, is_offered=None)

    assert "the last package offered in its currency" in text_of(response)
    assert Package.objects.get(pk=world.term.package_id).is_offered


def test_package_can_be_withdrawn_while_another_is_offered(world: World, superuser: Client) -> None:
    PackageFactory.create(name="Other")

    change(superuser, world.term.package, is_offered=None)

    assert not Package.objects.get(pk=world.term.package_id).is_offered


def test_last_package_of_an_unused_currency_can_be_withdrawn(superuser: Client) -> None:
    package = PackageFactory.create(currency="cad")

    change(superuser, package, is_offered=None)

    assert not Package.objects.get(pk=package.pk).is_offered


@pytest.mark.parametrize(
    "changes",
    [
        {"unit_amount": 9},
        {"unit_amount": 0},
        {"unit_amount": -5},
        {"unit_amount": "5.00"},
        {"term_years": 0},
        {"term_years": 11},
        {"term_years": 30000},
        {"minimum_licenses": 0},
        {"unit_amount": 10, "minimum_licenses": 4},
    ],
)
def test_invalid_price_or_term_shows_a_field_error(
    world: World, superuser: Client, changes: dict[str, Any]
) -> None:
    response = change(superuser, world.term.package, **changes)

    assert response.status_code == HTTPStatus.OK
    assert "errorlist" in response.content.decode()
    assert Package.objects.get(pk=world.term.package_id).unit_amount == 500


@pytest.mark.parametrize(
    ("years", "error"),
    [(0, "greater than or equal to 1"), (11, "less than or equal to 10"), (10, "")],
)
def test_term_lasts_one_to_ten_years(
    world: World, superuser: Client, years: int, error: str
) -> None:
    response = change(superuser, world.term.package, term_years=years)

    if error:
        assert error in text_of(response)
    assert (Package.objects.get(pk=world.term.package_id).term_years == years) == (not error)


@pytest.mark.parametrize("years", [0, 11])
def test_database_refuses_other_term_lengths(world: World, years: int) -> None:
    with pytest.raises(IntegrityError):
        Package.objects.filter(pk=world.term.package_id).update(term_years=years)


def test_currency_of_a_package_cannot_be_changed(world: World, superuser: Client) -> None:
    change(superuser, world.term.package, currency="cad")

    assert Package.objects.get(pk=world.term.package_id).currency == "usd"


@pytest.mark.parametrize("path", [PACKAGES, DISCOUNTS])
def test_packages_cannot_be_deleted(world: World, superuser: Client, path: str) -> None:
    discount = Discount.objects.create(name="D", basis_points=100, currency="usd")
    row = discount.pk if path == DISCOUNTS else world.term.package_id

    response = superuser.post(f"{path}{row}/delete/", {"post": "yes"})

    assert response.status_code == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize(
    ("changes", "is_accepted"),
    [
        ({}, True),
        ({"basis_points": 0, "amount": 500}, True),
        ({"basis_points": 10_001}, False),
        ({"basis_points": 0}, False),
        ({"amount": 500}, False),
        ({"valid_from": "2031-07-01", "valid_until": "2031-06-01"}, False),
        ({"code": "taken"}, False),
    ],
)
def test_discount_is_a_percentage_or_an_amount(
    superuser: Client, changes: dict[str, Any], is_accepted: bool
) -> None:
    Discount.objects.create(name="Taken", code="TAKEN", basis_points=100, currency="usd")
    form = {
        "name": "Early",
        "code": "EARLY",
        "basis_points": 1000,
        "amount": 0,
        "currency": "usd",
        "is_active": "on",
    } | changes

    response = superuser.post(f"{DISCOUNTS}add/", form)

    assert (response.status_code == HTTPStatus.FOUND) == is_accepted
    assert Discount.objects.filter(name="Early").exists() == is_accepted


def create_purchase(world: World, discount: Discount, status: str, number: int) -> None:
    paid = {"paid_at": clock.now(), "settled_at": clock.now(), "receipt_number": number + 1}
    Purchase.objects.create(
        kind="original",
        status=status,
        organization=world.lakeside,
        term_years=1,
        discount=discount,
        quantity=10,
        unit_amount=500,
        discount_amount=50,
        total_amount=4950,
        currency="usd",
        idempotency_key=f"purchase:{number}",
        payment_intent_id=f"pi_{number}",
        session_id=f"cs_{number}",
        created_at=clock.now(),
        **(paid if status == "settled" else {}),
    )


@pytest.mark.parametrize(
    ("statuses", "text"),
    [
        (
            [],
            "0 purchases keep the discount they were given, and 0 open checkouts keep the one they",
        ),
        (["settled"], "1 purchase keeps the discount it was given, and 0 open checkouts keep"),
        (
            ["settled", "review", "open"],
            "2 purchases keep the discount they were given, and 1 open checkout",
        ),
        (
            ["expired", "abandoned"],
            "0 purchases keep the discount they were given, and 0 open checkouts",
        ),
    ],
)
def test_changed_discount_shows_affected_organizations(
    world: World, superuser: Client, statuses: list[str], text: str
) -> None:
    discount = Discount.objects.create(name="D", basis_points=100, currency="usd")
    for number, status in enumerate(statuses):
        create_purchase(world, discount, status, number)

    form = {"name": "D", "basis_points": 200, "amount": 0, "currency": "usd", "is_active": "on"}
    response = superuser.post(f"{DISCOUNTS}{discount.pk}/change/", form, follow=True)

    assert text in text_of(response)


@pytest.mark.parametrize(
    "day",
    [
        date(2031, 12, 1),
        date(2031, 12, 2),
        date(2031, 12, 31),
        date(2032, 1, 1),
        date(2032, 1, 14),
        date(2032, 1, 15),
    ],
)
def test_phase_filter_matches_the_policy(world: World, superuser: Client, day: date) -> None:
    for instant in (local(day), local(day) + timedelta(hours=23)):
        world.at(instant)
        expected = get_status(world.lakeside, instant).phase

        for phase in (Phase.RUNNING, Phase.WINDOW, Phase.EXPIRED, Phase.CLOSED):
            page = superuser.get("/admin/subscriptions/organization/", {"phase": phase.value})
            found = {row.slug for row in page.context["cl"].queryset}
            assert ("lakeside" in found) == (phase == expected), phase
    assert Organization.objects.count() == 2
