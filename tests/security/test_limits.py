"""Rate limits: the last action allowed and the first one refused."""

import uuid
from http import HTTPStatus
from typing import Any

import pytest
from django.core import mail
from django.core.cache.backends.db import DatabaseCache
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from subscriptions.models import Membership
from tests.support.checks import fresh
from tests.support.factories import MembershipFactory, PackageFactory
from tests.support.pages import text_of
from tests.support.world import World


@pytest.fixture
def limit(settings: Settings):
    def set_rate(action: str, rate: str) -> None:
        settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, action: rate}

    return set_rate


def add(client: Client, email: str) -> Any:
    form = {"name": "Nora New", "email": email, "role": "general_member"}
    return client.post("/o/lakeside/users/add/", form)


def test_invitations_per_mailbox_and_hour_are_limited(world: World, limit) -> None:
    limit("invite_address", "3/h/key")
    client = world.client(world.administrator)
    assert add(client, "Nora@lakeside.example").status_code == HTTPStatus.FOUND
    nora = Membership.objects.get(user__email="nora@lakeside.example")
    resend = f"/o/lakeside/users/{nora.key}/resend/"
    for _ in range(2):
        client.post(resend)
    mails_before = len(mail.outbox)

    client.post(resend)
    client.post(f"/o/lakeside/users/{nora.key}/remove/")
    response = add(client, "nora@LAKESIDE.example")

    assert response.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert "Too many invitations" in text_of(response)
    assert 'value="Nora New"' in response.content.decode()
    assert len(mail.outbox) == mails_before
    assert fresh(nora).state == "removed"
    assert add(client, "other@lakeside.example").status_code == HTTPStatus.FOUND


def test_invitations_per_sender_and_hour_are_limited(world: World, limit) -> None:
    limit("invite", "2/h/user")
    client = world.client(world.administrator)

    statuses = [add(client, f"new{number}@lakeside.example").status_code for number in range(3)]

    assert statuses == [HTTPStatus.FOUND, HTTPStatus.FOUND, HTTPStatus.TOO_MANY_REQUESTS]
    assert add(world.client(world.assignor), "new2@lakeside.example").status_code == 302


def test_roster_imports_per_hour_are_limited(world: World, limit) -> None:
    limit("import", "1/h/user")
    client = world.client(world.administrator)
    rows = {"rows": "Name,E-mail\nNora New,nora@lakeside.example"}

    first = client.post("/o/lakeside/users/import/", rows)
    second = client.post("/o/lakeside/users/import/", rows)

    assert first.status_code == HTTPStatus.FOUND
    assert second.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert "nora@lakeside.example" in second.content.decode()


def test_roster_import_counts_towards_the_invitation_limit(world: World, limit) -> None:
    limit("invite_address", "1/h/key")
    client = world.client(world.administrator)
    assert add(client, "nora@lakeside.example").status_code == HTTPStatus.FOUND
    nora = Membership.objects.get(user__email="nora@lakeside.example")
    client.post(f"/o/lakeside/users/{nora.key}/remove/")
    rows = {"rows": "Name,E-mail\nNora New,nora@lakeside.example"}
    roster = client.post("/o/lakeside/users/import/", rows).headers["Location"]

    client.post(f"{roster}add/")

    assert "Too many invitations" in text_of(client.get(roster))
    assert fresh(nora).state == "removed"


@pytest.mark.django_db
def test_limits_are_not_evicted_by_other_cache_entries(settings: Settings) -> None:
    """The database cache keeps more than Django's default of 300 entries."""
    parameters = {"BACKEND": "django.core.cache.backends.db.DatabaseCache"}
    parameters["LOCATION"] = "licensing_cache"
    options = settings.CACHES["default"]["OPTIONS"]
    call_command("createcachetable", "licensing_cache", verbosity=0)
    cache = DatabaseCache("licensing_cache", {**parameters, "OPTIONS": options})
    cache.set("limit", [1, 2, 3])

    for number in range(350):
        cache.set(f"z{number}", number)

    assert cache.get("limit") == [1, 2, 3]


def buy(client: Client, quantity: int, slug: str = "lakeside") -> Any:
    form = {"quantity": str(quantity), "submission": str(uuid.uuid4())}
    return client.post(f"/o/{slug}/licenses/add/", form)


@pytest.mark.usefixtures("stripe")
def test_payments_per_organization_and_hour_are_limited(world: World, limit) -> None:
    limit("checkout", "2/h/key")
    first, second = world.client(world.assignor), world.client(world.administrator)
    assert buy(first, 5).status_code == HTTPStatus.FOUND
    assert buy(second, 10).status_code == HTTPStatus.FOUND

    refused = buy(first, 15)

    assert refused.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert "Too many payments were started" in text_of(refused)
    assert 'value="15"' in refused.content.decode()
    assert Purchase.objects.count() == 2
    other_organization = buy(world.client(world.stranger), 5, "harbor")
    assert other_organization.status_code == HTTPStatus.FOUND


def test_viewing_the_page_is_not_counted(world: World, stripe: SandboxControl, limit) -> None:
    limit("checkout", "1/h/key")
    client = world.client(world.assignor)

    for _ in range(3):
        assert client.get("/o/lakeside/licenses/add/").status_code == HTTPStatus.OK
        client.post("/o/lakeside/licenses/add/", {"quantity": "7"})
    assert buy(client, 5).status_code == HTTPStatus.FOUND


@pytest.mark.django_db
@pytest.mark.usefixtures("stripe")
def test_payments_without_an_account_are_limited_per_network_address(limit) -> None:
    limit("subscribe", "1/h/ip")
    package = PackageFactory.create()
    statuses = []
    for number, address in enumerate(["192.0.2.1", "192.0.2.1", "192.0.2.2"]):
        client = Client(REMOTE_ADDR=address)
        form = {
            "package": package.pk,
            "quantity": "25",
            "organization_name": "Meadow Umpires",
            "buyer_name": "Mia Meadow",
            "buyer_email": f"mia{number}@meadow.example",
            "submission": str(uuid.uuid4()),
        }
        form["fingerprint"] = client.post("/purchase/", form).context["plan"].fingerprint
        statuses.append(client.post("/purchase/", form | {"pay": "1"}).status_code)

    assert statuses == [HTTPStatus.FOUND, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.FOUND]


@pytest.mark.parametrize("is_correct", [True, False])
def test_password_guessing_is_limited(world: World, limit, is_correct: bool) -> None:
    limit("login_failed", "2/m/key")
    member = MembershipFactory.create(organization=world.lakeside)
    member.user.set_password("correct horse battery")
    member.user.save()
    login = {"login": member.user.email}
    for _ in range(2):
        Client().post("/accounts/login/", login | {"password": "wrong"})

    password = "correct horse battery" if is_correct else "wrong"
    response = Client().post("/accounts/login/", login | {"password": password})

    assert "_auth_user_id" not in response.client.session
