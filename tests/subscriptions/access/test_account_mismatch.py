"""Pages for one person, opened while someone else is signed in, change nothing unasked (R3)."""

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.test import Client
from django.urls import reverse

from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import Membership, User
from subscriptions.models.members import MembershipState, Role
from subscriptions.organizations import settings
from subscriptions.text import links
from tests.support.checks import fresh
from tests.support.factories import PASSWORD
from tests.support.pages import text_of
from tests.support.restored_forms import reset_path
from tests.support.world import World

NEW_PASSWORD = "a long and quiet river"
QUESTION = "You are signed in as someone else"


@dataclass(frozen=True)
class Page:
    """A page for one person: its path, what it says, and what its form submits."""

    path: str
    message: str
    continue_as: str
    form: dict[str, str]


def invitation_of(membership: Membership) -> str:
    membership.refresh_from_db()
    return links.invitation_link(membership).removeprefix("http://localhost")


@pytest.fixture(params=["invitation", "invitation to an existing account", "reset", "confirmation"])
def page(request: pytest.FixtureRequest, world: World) -> Page:
    """Return a page for Nora or Olive, neither of whom is signed in."""
    password = {"password": NEW_PASSWORD, "password_again": NEW_PASSWORD}
    olive = world.observer.user
    if request.param == "invitation":
        new = NewMember("Nora New", "nora@lakeside.example", Role.GENERAL_MEMBER)
        message = "This invitation is for nora@lakeside.example."
        path = invitation_of(members.add(world.assignor, new))
        return Page(path, message, "nora@lakeside.example", password)
    if request.param == "invitation to an existing account":
        new = NewMember("H.", world.stranger.user.email, Role.GENERAL_MEMBER)
        email = "administrator@harbor.example"
        path = invitation_of(members.add(world.assignor, new))
        return Page(path, f"This invitation is for {email}.", email, {})
    if request.param == "reset":
        message = f"This page sets a new password for {olive.email}."
        form = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
        return Page(reset_path(olive), message, olive.email, form)
    address = EmailAddress.objects.create(user=olive, email="olive@new.example")
    path = reverse("account_confirm_email", args=[EmailConfirmationHMAC(address).key])
    message = "This page confirms olive@new.example for Olive Observer’s account."
    return Page(path, message, "Olive Observer", {})


def changeable_rows(world: World) -> list[object]:
    """Return memberships, passwords and confirmed addresses: everything these pages change."""
    return [
        list(Membership.objects.values_list("pk", "state").order_by("pk")),
        list(User.objects.values_list("pk", "password").order_by("pk")),
        list(EmailAddress.objects.filter(verified=True).values_list("email", flat=True)),
    ]


class TestAnotherPersonIsSignedIn:
    def test_page_names_both_people_and_asks(self, world: World, page: Page) -> None:
        response = world.client(world.official).get(page.path, follow=True)

        text = text_of(response)
        assert QUESTION in text
        assert "You are signed in as Otto Official (official@lakeside.example)." in text
        assert page.message in text
        assert f"Sign out and continue as {page.continue_as}" in text
        assert "Stay signed in as Otto Official" in text
        assert 'type="password"' not in response.content.decode()

    def test_opening_the_page_changes_nothing(self, world: World, page: Page) -> None:
        client, before = world.client(world.official), changeable_rows(world)

        client.get(page.path, follow=True)

        assert changeable_rows(world) == before
        assert client.get("/account/").context["user"] == world.official.user

    def test_form_submitted_without_choosing_changes_nothing(
        self, world: World, page: Page
    ) -> None:
        client, before = world.client(world.official), changeable_rows(world)
        opened = client.get(page.path, follow=True)

        for path in (page.path, opened.request["PATH_INFO"]):
            response = client.post(path, page.form, follow=True)
            assert QUESTION in text_of(response)

        assert changeable_rows(world) == before
        assert client.get("/account/").context["user"] == world.official.user

    def test_one_click_signs_out_and_reopens_the_page(self, world: World, page: Page) -> None:
        client, before = world.client(world.official), changeable_rows(world)
        question = client.get(page.path, follow=True)

        response = client.post(reverse("account_logout"), {"next": question.context["address"]})

        assert unquote(response.headers["Location"]) == unquote(page.path)
        opened = client.get(page.path, follow=True)
        assert opened.status_code == HTTPStatus.OK
        assert QUESTION not in text_of(opened)
        assert not opened.context["user"].is_authenticated
        assert changeable_rows(world) == before

    def test_question_is_not_cached(self, world: World, page: Page) -> None:
        response = world.client(world.official).get(page.path, follow=True)

        assert "no-store" in response.headers["Cache-Control"]


def test_signed_out_visitor_is_not_asked(page: Page) -> None:
    response = Client().get(page.path, follow=True)

    assert response.status_code == HTTPStatus.OK
    assert QUESTION not in text_of(response)
    assert page.continue_as in text_of(response)


class TestRightPersonIsSignedIn:
    def test_invitation_is_accepted(self, world: World) -> None:
        new = NewMember("H.", world.stranger.user.email, Role.GENERAL_MEMBER)
        invited = members.add(world.assignor, new)
        client = world.client(world.stranger)

        text = text_of(client.get(invitation_of(invited)))
        client.post(invitation_of(invited))

        assert QUESTION not in text
        assert "You are signed in as Harry Harbor (administrator@harbor.example)." in text
        assert fresh(invited).state == MembershipState.ACTIVE

    def test_password_is_reset(self, world: World) -> None:
        olive = world.observer.user
        client = world.client(olive)

        opened = client.get(reset_path(olive), follow=True)
        form = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
        client.post(opened.request["PATH_INFO"], form)

        assert QUESTION not in text_of(opened)
        assert "You are signed in as Olive Observer" in text_of(opened)
        assert fresh(olive).check_password(NEW_PASSWORD)

    def test_address_is_confirmed(self, world: World) -> None:
        olive = world.observer.user
        address = EmailAddress.objects.create(user=olive, email="olive@new.example")
        path = reverse("account_confirm_email", args=[EmailConfirmationHMAC(address).key])
        client = world.client(olive)

        text = text_of(client.get(path))
        client.post(path)

        assert QUESTION not in text
        assert "You are signed in as Olive Observer" in text
        assert fresh(olive).email == "olive@new.example"


def test_sign_in_as_someone_else_during_a_reset_is_detected(world: World) -> None:
    """The key is in the session, not in the URL that the form posts to."""
    olive, client = world.observer.user, Client()
    form_path = client.get(reset_path(olive), follow=True).request["PATH_INFO"]
    email = world.official.user.email
    client.post("/accounts/login/", {"login": email, "password": PASSWORD})

    question = client.get(form_path)
    response = client.post(form_path, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})

    assert QUESTION in text_of(question)
    assert response.status_code == HTTPStatus.CONFLICT
    assert fresh(olive).check_password(PASSWORD)
    client.post(reverse("account_logout"), {"next": question.context["address"]})
    reopened = client.get(question.context["address"], follow=True)
    assert "sets a new password for observer@lakeside.example" in text_of(reopened)


@pytest.mark.parametrize(
    "path", ["/invitations/x/", "/accounts/confirm-email/x/", "/accounts/password/reset/key/1-x/"]
)
def test_invalid_link_shows_no_names(world: World, path: str) -> None:
    response = world.client(world.official).get(path)

    text = text_of(response)
    assert QUESTION not in text
    assert "This page" not in text
    assert response.context["user"] == world.official.user


class TestJoinRequest:
    def path(self, world: World) -> str:
        code = settings.set_join_code(world.administrator, is_open=True)
        return f"/join/?code={code}"

    def test_page_names_the_requester_and_offers_to_sign_out(self, world: World) -> None:
        client, path = world.client(world.stranger), self.path(world)

        page = client.get(path)

        assert "This request is for administrator@harbor.example." in text_of(page)
        assert "You are signed in as Harry Harbor" in text_of(page)
        response = client.post(reverse("account_logout"), {"next": page.context["address"]})
        assert response.headers["Location"] == path
        assert "This request is for" not in text_of(client.get(path))

    def test_signed_out_visitor_enters_name_and_address(self, world: World) -> None:
        text = text_of(Client().get(self.path(world)))

        assert "You are signed in as" not in text
        assert "Name" in text
