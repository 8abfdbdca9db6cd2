"""URLs outside organizations, and objects requested through another organization."""

from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.sandbox.control.client import SandboxControl
from subscriptions.members import join_requests
from subscriptions.members.join_requests import Asking
from subscriptions.models import JoinRequest, Membership, RosterImport
from tests.security.who_may import ELSEWHERE, SIGNED_IN, STEPS, THE_PROCESSOR, page
from tests.support.addresses import addresses
from tests.support.checks import fresh
from tests.support.world import World

pytestmark = pytest.mark.one_database

ROOT = Path(__file__).parent.parent.parent
# Example keys for URLs with arguments.
KEYS = {"token": "1:1:x", "key": "MQ:1:x", "uidb36": "1", "pk": 1}


def elsewhere() -> dict[str, str]:
    """Return every URL that names no organization, except the admin's."""
    return {
        one.name: reverse(one.name, kwargs={name: KEYS[name] for name in one.arguments})
        for one in addresses()
        if not one.name.startswith("admin:") and "slug" not in one.arguments
    }


def test_table_names_every_url() -> None:
    assert set(elsewhere()) == set(ELSEWHERE)


def test_docs_show_the_table() -> None:
    shown = (ROOT / "docs" / "access.md").read_text()

    assert shown == page(), "run `python -m tests.security.who_may > docs/access.md`"


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
def test_access_when_signed_out(method: str) -> None:
    for name, path in elsewhere().items():
        matches_the_table(name, getattr(Client(), method)(path))


def matches_the_table(name: str, response: Any) -> None:
    leads_to_sign_in = response.status_code == HTTPStatus.FOUND and response.headers[
        "Location"
    ].startswith("/accounts/login/")
    needs_it = ELSEWHERE[name] in (SIGNED_IN, STEPS)
    # Background polls get 403 instead of a redirect; some URLs accept one method only.
    refused = (HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED)
    assert leads_to_sign_in == needs_it or response.status_code in refused, name
    assert response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR, name
    if ELSEWHERE[name] == THE_PROCESSOR:
        assert response.status_code >= HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("who", ["administrator", "official", "support"])
def test_access_when_signed_in(world: World, who: str, method: str) -> None:
    for name, path in elsewhere().items():
        if name == "account_logout":
            continue
        response = getattr(world.client(getattr(world, who)), method)(path)

        assert response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR, name
        assert response.status_code != HTTPStatus.FORBIDDEN, name


class TestObjectsOfAnotherOrganization:
    """Harry administers Harbor; Lakeside's objects return 404 under Harbor's URLs."""

    def visit(self, world: World, name: str, **key: object) -> set[int]:
        client = world.client(world.stranger)
        path = reverse(name, kwargs={"slug": "harbor", **key})
        return {client.get(path).status_code, client.post(path, {"role": "observer"}).status_code}

    NOT_THERE = {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}

    def test_purchases(self, world: World, stripe: SandboxControl) -> None:
        purchase = world.buy_and_settle(10)

        assert self.visit(world, "billing:purchase", pk=purchase.pk) <= self.NOT_THERE
        client = world.client(world.stranger)
        session = {"session_id": purchase.session_id or ""}
        assert client.get("/o/harbor/licenses/return/", session).status_code == 404
        assert str(purchase.pk) not in client.get("/o/harbor/purchases/").content.decode()
        assert str(purchase.pk) not in client.get("/o/harbor/purchases.csv").getvalue().decode()

    def test_rosters(self, world: World) -> None:
        pasted = {"rows": "Name,E-mail\nNora New,nora@lakeside.example"}
        world.client(world.administrator).post("/o/lakeside/users/import/", pasted)
        roster = RosterImport.objects.get()

        for name in ("imported_roster", "add_roster", "discard_roster"):
            found = self.visit(world, f"subscriptions:{name}", roster=roster.pk)
            assert found <= self.NOT_THERE
        roster.refresh_from_db()

    def test_requests_to_join(self, world: World) -> None:
        join_requests.ask(world.lakeside, Asking("Nora New", "nora@lakeside.example"))
        request = JoinRequest.objects.get()

        for name in ("approve_request", "deny_request"):
            found = self.visit(world, f"subscriptions:{name}", key=request.key)
            assert found <= self.NOT_THERE
        assert fresh(request).decided_by is None

    def test_members(self, world: World) -> None:
        for name in ("user", "remove_user", "resend_invitation", "restore_user"):
            found = self.visit(world, f"subscriptions:{name}", key=world.observer.key)
            assert found <= self.NOT_THERE
        client = world.client(world.stranger)
        client.post("/o/harbor/users/remove/", {"member": str(world.observer.key), "confirmed": 1})
        world.observer.refresh_from_db()
        assert world.observer.state == "active"
        assert world.observer.role == "observer"

    def test_drafts(self, world: World) -> None:
        typed = {"name": "Nora New", "email": "nora@lakeside.example"}
        away = world.client(world.administrator).post("/o/lakeside/users/add/keep/", typed)
        draft = away.headers["Location"].rpartition("draft%3D")[2]
        assert len(draft) == 36

        page = world.client(world.stranger).get(f"/o/harbor/users/add/?draft={draft}")

        assert page.status_code == HTTPStatus.OK
        assert "nora@lakeside.example" not in page.content.decode()


def test_keys_in_urls_disclose_nothing(world: World, stripe: SandboxControl) -> None:
    """Neither how many objects exist nor their order."""
    purchase = world.buy_and_settle(10)
    keys = [purchase.pk, *Membership.objects.values_list("key", flat=True)]

    assert {key.version for key in keys} == {4}
