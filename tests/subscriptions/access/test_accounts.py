"""Sign-in, sign-out and passwords, and what their pages must not disclose."""

from http import HTTPStatus

import pytest
from django.core import mail
from django.test import Client

from tests.support.factories import PASSWORD
from tests.support.pages import text_of
from tests.support.world import World

LOGIN = "/accounts/login/"


def sign_in(email: str, password: str = PASSWORD, client: Client | None = None) -> tuple[int, str]:
    response = (client or Client()).post(LOGIN, {"login": email, "password": password})
    return response.status_code, text_of(response)


@pytest.mark.parametrize("email", ["assignor@lakeside.example", "Assignor@LAKESIDE.example"])
def test_sign_in_by_email_ignores_case(world: World, email: str) -> None:
    status, _ = sign_in(email)

    assert status == HTTPStatus.FOUND


def test_wrong_password_and_unknown_address_get_the_same_response(world: World) -> None:
    _, wrong = sign_in("assignor@lakeside.example", "wrong")
    _, unknown = sign_in("nobody@lakeside.example", "wrong")

    assert "is incorrect" in wrong
    assert wrong.replace("assignor@", "") == unknown.replace("nobody@", "")


def test_sign_in_is_throttled_after_many_failures(world: World) -> None:
    for _ in range(5):
        sign_in("assignor@lakeside.example", "wrong")

    status, page = sign_in("assignor@lakeside.example")

    assert status == HTTPStatus.OK
    assert "Too many failed sign-ins" in page


def test_sign_up_is_disabled(world: World) -> None:
    response = Client().post(
        "/accounts/signup/", {"email": "x@x.example", "password1": PASSWORD, "password2": PASSWORD}
    )

    assert "An Assignor or Administrator of your organization adds you" in text_of(response)


def test_reset_for_an_unknown_address_discloses_nothing(world: World) -> None:
    known = Client().post("/accounts/password/reset/", {"email": "assignor@lakeside.example"})
    unknown = Client().post("/accounts/password/reset/", {"email": "nobody@lakeside.example"})

    assert known.headers["Location"] == unknown.headers["Location"]
    assert [message.to for message in mail.outbox] == [["assignor@lakeside.example"]]


def test_sign_out_requires_post(world: World) -> None:
    client = world.client(world.assignor)

    client.get("/accounts/logout/")
    assert client.get("/o/lakeside/").status_code == HTTPStatus.OK
    client.post("/accounts/logout/")
    assert client.get("/o/lakeside/").status_code == HTTPStatus.FOUND


def test_account_page_changes_only_the_name(world: World) -> None:
    client = world.client(world.assignor)

    client.post("/account/", {"name": "  Arlo \n A.  ", "email": "x@x.example", "is_staff": "on"})

    world.assignor.user.refresh_from_db()
    assert world.assignor.user.name == "Arlo A."
    assert world.assignor.user.email == "assignor@lakeside.example"
    assert not world.assignor.user.is_staff


def test_removed_member_can_still_sign_in(world: World) -> None:
    from subscriptions.members import members

    members.remove(world.assignor, world.official)

    status, _ = sign_in("official@lakeside.example")
    assert status == HTTPStatus.FOUND


@pytest.mark.parametrize("path", ["/accounts/login/", "/nowhere/", "/o/lakeside/"])
def test_pages_render_without_a_session(world: World, path: str) -> None:
    assert Client().get(path).status_code < HTTPStatus.INTERNAL_SERVER_ERROR


def test_rate_limit_page_says_what_to_do(world: World) -> None:
    client = Client()
    for _ in range(30):
        client.post(LOGIN, {"login": "a@b.example", "password": "x"})

    response = client.post(LOGIN, {"login": "a@b.example", "password": "x"})

    assert response.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert "Wait a minute, then try again" in text_of(response)
