"""URLs outside organizations, and objects requested through another organization."""

from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.sandbox.control.client import SandboxControl
from subscriptions.members import join_requests
from subscriptions.members.join_requests import JoinApplicant
from subscriptions.models import JoinRequest, Membership, RosterImport
from tests.security.access_table import OTHER_URLS, SIGNED_IN, SIGNING_IN, THE_PROCESSOR, page
from tests.support.checks import fresh
from tests.support.urls import named_urls
from tests.support.world import World

pytestmark = pytest.mark.one_database

ROOT = Path(__file__).parent.parent.parent
# Example keys for URLs with arguments.
KEYS = {"token": "1:1:x", "key": "MQ:1:x", "uidb36": "1", "pk": 1}


def other_urls() -> dict[str, str]:
    """Return every URL that names no organization, except the admin's."""
    return {
        one.name: reverse(one.name, kwargs={name: KEYS[name] for name in one.arguments})
        for one in named_urls()
        if not one.name.startswith("admin:") and "slug" not in one.arguments
    }


def test_table_names_every_url() -> None:
    assert set(other_urls()) == set(OTHER_URLS)


def test_docs_show_the_table() -> None:
    document = (ROOT / "docs" / "access.md").read_text()

    assert document == page(), "run `python -m tests.security.access_table > docs/access.md`"


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
def test_signed_out_access_matches_the_table(method: str) -> None:
    for name, path in other_urls().items():
        assert_matches_the_table(name, getattr(Client(), method)(path))


def assert_matches_the_table(name: str, response: Any) -> None:
    redirects_to_sign_in = response.status_code == HTTPStatus.FOUND and response.headers[
        "Location"
    ].startswith("/accounts/login/")
    must_redirect = OTHER_URLS[name] in (SIGNED_IN, SIGNING_IN)
    # Polls get 403 instead of a redirect, and some URLs accept only one method.
    refused = (HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED)
    assert redirects_to_sign_in == must_redirect or response.status_code in refused, name
    assert response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR, name
    if OTHER_URLS[name] == THE_PROCESSOR:
        assert response.status_code >= HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("who", ["administrator", "official", "support"])
def test_signed_in_users_get_no_errors(world: World, who: str, method: str) -> None:
    for name, path in other_urls().items():
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

    NOT_FOUND = {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}

    def test_purchase_returns_404(self, world: World, stripe: SandboxControl) -> None:
        purchase = world.buy_and_settle(10)

        assert self.visit(world, "billing:purchase", pk=purchase.pk) <= self.NOT_FOUND
        client = world.client(world.stranger)
        session = {"session_id": purchase.session_id or ""}
        assert client.get("/o/harbor/licenses/return/", session).status_code == 404
        assert str(purchase.pk) not in client.get("/o/harbor/purchases/").content.decode()
        assert str(purchase.pk) not in client.get("/o/harbor/purchases.csv").getvalue().decode()

    def test_roster_returns_404(self, world: World) -> None:
        pasted = {"rows": "Name,E-mail\nNora New,nora@lakeside.example"}
        world.client(world.administrator).post("/o/lakeside/users/import/", pasted)
        roster = RosterImport.objects.get()

        for name in ("imported_roster", "add_roster", "discard_roster"):
            found = self.visit(world, f"subscriptions:{name}", roster=roster.pk)
            assert found <= self.NOT_FOUND
        roster.refresh_from_db()

    def test_join_request_returns_404(self, world: World) -> None:
        join_requests.ask(world.lakeside, JoinApplicant("Nora New", "nora@lakeside.example"))
        request = JoinRequest.objects.get()

        for name in ("approve_request", "deny_request"):
            found = self.visit(world, f"subscriptions:{name}", key=request.key)
            assert found <= self.NOT_FOUND
        assert fresh(request).decided_by is None

    def test_member_returns_404(self, world: World) -> None:
        for name in ("user", "remove_user", "resend_invitation", "restore_user"):
            found = self.visit(world, f"subscriptions:{name}", key=world.observer.key)
            assert found <= self.NOT_FOUND
        client = world.client(world.stranger)
        client.post("/o/harbor/users/remove/", {"member": str(world.observer.key), "confirmed": 1})
        world.observer.refresh_from_db()
        assert world.observer.state == "active"
        assert world.observer.role == "observer"

    def test_draft_is_not_shown(self, world: World) -> None:
        form = {"name": "Nora New", "email": "nora@lakeside.example"}
        response = world.client(world.administrator).post("/o/lakeside/users/add/keep/", form)
        draft = response.headers["Location"].rpartition("draft%3D")[2]
        assert len(draft) == 36

        page = world.client(world.stranger).get(f"/o/harbor/users/add/?draft={draft}")

        assert page.status_code == HTTPStatus.OK
        assert "nora@lakeside.example" not in page.content.decode()


def test_keys_in_urls_disclose_nothing(world: World, stripe: SandboxControl) -> None:
    """Keys reveal neither the number of objects nor their order."""
    purchase = world.buy_and_settle(10)
    keys = [purchase.pk, *Membership.objects.values_list("key", flat=True)]

    assert {key.version for key in keys} == {4}
