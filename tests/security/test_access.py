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
from tests.security.access_table import ORGANIZATION_URLS, ROLES, allowed_roles
from tests.support.pages import text_of
from tests.support.urls import named_urls
from tests.support.world import World

pytestmark = pytest.mark.one_database

METHODS = ("get", "post")


def organization_urls() -> dict[str, tuple[str, ...]]:
    """Return every URL of an organization, with its arguments other than the slug."""
    return {
        one.name: tuple(name for name in one.arguments if name != "slug")
        for one in named_urls()
        if "slug" in one.arguments and not one.name.startswith("admin:")
    }


def path_to(world: World, name: str) -> str:
    values = {
        "key": world.observer.key,
        "pk": uuid.uuid4(),
        "roster": uuid.uuid4(),
        "starts_on": "2031-01-01",
    }
    arguments = {argument: values[argument] for argument in organization_urls()[name]}
    return reverse(name, kwargs={"slug": "lakeside", **arguments})


def test_table_names_every_url() -> None:
    assert set(organization_urls()) == set(ORGANIZATION_URLS)


@pytest.fixture
def visit(world: World):
    """Send one request as a user, then roll back its changes."""
    paths = {name: path_to(world, name) for name in ORGANIZATION_URLS}

    def send(client: Client, method: str, name: str, *, organization: str = "lakeside") -> Any:
        before = transaction.savepoint()
        try:
            return getattr(client, method)(paths[name].replace("lakeside", organization))
        finally:
            transaction.savepoint_rollback(before)
            cache.clear()

    return send


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("role", ROLES)
def test_members_can_open_what_their_role_allows(
    world: World, visit, method: str, role: str
) -> None:
    person: Membership = getattr(world, role)
    client = world.client(person)

    for name in ORGANIZATION_URLS:
        response = visit(client, method, name)

        is_allowed = role in allowed_roles(name, method)
        assert (response.status_code == HTTPStatus.FORBIDDEN) == (not is_allowed), name
        assert response.status_code != HTTPStatus.INTERNAL_SERVER_ERROR, name


@pytest.mark.parametrize(
    ("role", "explanation"),
    [
        ("assignor", "Only Administrators can change these settings. Nothing was changed."),
        ("official", "This page is for Assignors and Administrators of the organization."),
    ],
)
def test_refusal_says_who_has_access(world: World, role: str, explanation: str) -> None:
    person: Membership = getattr(world, role)
    response = world.client(person).post("/o/lakeside/settings/organization/", {"name": "X"})

    assert response.status_code == HTTPStatus.FORBIDDEN
    assert explanation in text_of(response)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("who", ["stranger", "support"])
def test_strangers_and_support_get_404(world: World, visit, method: str, who: str) -> None:
    client = world.client(getattr(world, who))

    for name in ORGANIZATION_URLS:
        assert visit(client, method, name).status_code == HTTPStatus.NOT_FOUND, name


# POST-only URLs redirect to the page with the form.
FORM_PAGES = {
    "subscriptions:save_draft": "subscriptions:add_user",
    "subscriptions:resend_invitation": "subscriptions:users",
    "subscriptions:remove_users": "subscriptions:users",
    "subscriptions:restore_user": "subscriptions:removed_users",
    "subscriptions:approve_request": "subscriptions:join_requests",
    "subscriptions:deny_request": "subscriptions:join_requests",
    "billing:cancel_renewal": "billing:renewal",
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("organization", ["lakeside", "nowhere"])
def test_signed_out_visitors_are_redirected_to_sign_in(
    world: World, visit, method: str, organization: str
) -> None:
    for name in ORGANIZATION_URLS:
        response = visit(Client(), method, name, organization=organization)

        assert response.status_code == HTTPStatus.FOUND, name
        path = path_to(world, name).replace("lakeside", organization)
        if name in FORM_PAGES:
            path = reverse(FORM_PAGES[name], args=[organization])
        if not {"pk", "roster"} & set(organization_urls()[name]):  # different on each request
            assert response.headers["Location"] == f"/accounts/login/?next={path}"
        assert response.headers["Location"].startswith(f"/accounts/login/?next=/o/{organization}/")


@pytest.mark.parametrize("state", ["removed", "invited"])
def test_only_active_members_have_access(world: World, state: str) -> None:
    number = None if state == "removed" else world.assignor.license_number
    Membership.objects.filter(pk=world.assignor.pk).update(state=state, license_number=number)

    for name in ORGANIZATION_URLS:
        response = world.client(world.assignor).get(path_to(world, name))
        assert response.status_code == HTTPStatus.NOT_FOUND


def test_members_who_cannot_buy_see_no_link_to_it(world: World) -> None:
    for person in (world.observer, world.official):
        page = world.client(person).get("/o/lakeside/").content.decode()

        for name in ("add_licenses", "purchases"):
            assert reverse(f"billing:{name}", args=["lakeside"]) not in page
        for name in ("users", "add_user", "subscription"):
            assert reverse(f"subscriptions:{name}", args=["lakeside"]) not in page


def test_organization_pages_are_not_cached(world: World) -> None:
    response = world.client(world.assignor).get("/o/lakeside/")

    assert response.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    "name", [name for name in ORGANIZATION_URLS if "key" in organization_urls()[name]]
)
def test_members_of_other_organizations_return_404(world: World, name: str) -> None:
    path = reverse(name, kwargs={"slug": "lakeside", "key": world.stranger.key})
    client = world.client(world.administrator)

    statuses = {client.get(path).status_code, client.post(path).status_code}
    assert statuses <= {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
    world.stranger.refresh_from_db()
    assert world.stranger.state == "active"
