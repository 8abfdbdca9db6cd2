"""Access (R2): every URL of an organization, as every role, with GET and POST."""

import uuid
from http import HTTPStatus
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import reverse

from subscriptions.models import Membership
from tests.security.who_may import ROLES, WHO_MAY, allowed_roles
from tests.support.addresses import addresses
from tests.support.pages import text_of
from tests.support.world import World

pytestmark = pytest.mark.one_database

METHODS = ("get", "post")


def of_organizations() -> dict[str, tuple[str, ...]]:
    """Return every URL that names an organization, with its other arguments."""
    return {
        one.name: tuple(name for name in one.arguments if name != "slug")
        for one in addresses()
        if "slug" in one.arguments and not one.name.startswith("admin:")
    }


def address(world: World, name: str) -> str:
    values = {
        "key": world.observer.key,
        "pk": uuid.uuid4(),
        "roster": uuid.uuid4(),
        "starts_on": "2031-01-01",
    }
    arguments = {argument: values[argument] for argument in of_organizations()[name]}
    return reverse(name, kwargs={"slug": "lakeside", **arguments})


def test_table_names_every_url() -> None:
    assert set(of_organizations()) == set(WHO_MAY)


@pytest.fixture
def visit(world: World):
    """Send one request as a user, then roll back its changes."""
    paths = {name: address(world, name) for name in WHO_MAY}

    def send(client: Client, method: str, name: str, *, instead: str = "lakeside") -> Any:
        before = transaction.savepoint()
        try:
            return getattr(client, method)(paths[name].replace("lakeside", instead))
        finally:
            transaction.savepoint_rollback(before)
            cache.clear()

    return send


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("role", ROLES)
def test_members_open_what_their_role_allows(world: World, visit, method: str, role: str) -> None:
    person: Membership = getattr(world, role)
    client = world.client(person)

    for name in WHO_MAY:
        response = visit(client, method, name)

        is_allowed = role in allowed_roles(name, method)
        assert (response.status_code == HTTPStatus.FORBIDDEN) == (not is_allowed), name
        assert response.status_code != HTTPStatus.INTERNAL_SERVER_ERROR, name


@pytest.mark.parametrize(
    ("role", "said"),
    [
        ("assignor", "Only Administrators can change these settings. Nothing was changed."),
        ("official", "This page is for Assignors and Administrators of the organization."),
    ],
)
def test_refused_members_are_told_who_may(world: World, role: str, said: str) -> None:
    person: Membership = getattr(world, role)
    response = world.client(person).post("/o/lakeside/settings/organization/", {"name": "X"})

    assert response.status_code == HTTPStatus.FORBIDDEN
    assert said in text_of(response)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("who", ["stranger", "support"])
def test_strangers_and_support_get_404(world: World, visit, method: str, who: str) -> None:
    client = world.client(getattr(world, who))

    for name in WHO_MAY:
        assert visit(client, method, name).status_code == HTTPStatus.NOT_FOUND, name


# POST-only URLs redirect to the page with the form.
FORM_AT = {
    "subscriptions:keep_draft": "subscriptions:add_user",
    "subscriptions:resend_invitation": "subscriptions:users",
    "subscriptions:remove_users": "subscriptions:users",
    "subscriptions:restore_user": "subscriptions:removed_users",
    "subscriptions:approve_request": "subscriptions:join_requests",
    "subscriptions:deny_request": "subscriptions:join_requests",
    "billing:end_renewal": "billing:renewal",
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("organization", ["lakeside", "nowhere"])
def test_anonymous_users_are_sent_to_sign_in_whether_or_not_it_exists(
    world: World, visit, method: str, organization: str
) -> None:
    for name in WHO_MAY:
        response = visit(Client(), method, name, instead=organization)

        assert response.status_code == HTTPStatus.FOUND, name
        path = address(world, name).replace("lakeside", organization)
        if name in FORM_AT:
            path = reverse(FORM_AT[name], args=[organization])
        if not {"pk", "roster"} & set(of_organizations()[name]):  # different on each request
            assert response.headers["Location"] == f"/accounts/login/?next={path}"
        assert response.headers["Location"].startswith(f"/accounts/login/?next=/o/{organization}/")


@pytest.mark.parametrize("state", ["removed", "invited"])
def test_only_active_members_get_in(world: World, state: str) -> None:
    number = None if state == "removed" else world.assignor.license_number
    Membership.objects.filter(pk=world.assignor.pk).update(state=state, license_number=number)

    for name in WHO_MAY:
        response = world.client(world.assignor).get(address(world, name))
        assert response.status_code == HTTPStatus.NOT_FOUND


def test_members_without_the_role_see_no_link_to_buying(world: World) -> None:
    for person in (world.observer, world.official):
        page = world.client(person).get("/o/lakeside/").content.decode()

        for name in ("add_licenses", "purchases"):
            assert reverse(f"billing:{name}", args=["lakeside"]) not in page
        for name in ("users", "add_user", "subscription"):
            assert reverse(f"subscriptions:{name}", args=["lakeside"]) not in page


def test_organization_pages_are_not_cached(world: World) -> None:
    response = world.client(world.assignor).get("/o/lakeside/")

    assert response.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("name", [name for name in WHO_MAY if "key" in of_organizations()[name]])
def test_members_of_other_organizations_are_not_found(world: World, name: str) -> None:
    path = reverse(name, kwargs={"slug": "lakeside", "key": world.stranger.key})
    client = world.client(world.administrator)

    statuses = {client.get(path).status_code, client.post(path).status_code}
    assert statuses <= {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
    world.stranger.refresh_from_db()
    assert world.stranger.state == "active"
