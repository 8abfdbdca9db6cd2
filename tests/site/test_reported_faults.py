"""Bugs reported in other software, tested here (docs/reported-faults.md)."""

from http import HTTPStatus
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from post_office.models import Email

from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import Membership, User
from subscriptions.models.members import MembershipState, Role
from subscriptions.notifications import notify
from subscriptions.text import links
from tests.support.checks import fresh
from tests.support.factories import PASSWORD
from tests.support.pages import text_of
from tests.support.world import World

ADD = "/o/lakeside/users/add/"


def add(world: World, email: str) -> Any:
    form = {"name": "Nora", "email": email, "role": "general_member"}
    return world.client(world.assignor).post(ADD, form)


def invitation_path(member: Membership) -> str:
    return "/" + links.invitation_link(member).split("/", 3)[3]


def test_mail_scanner_does_not_use_up_an_invitation(world: World) -> None:
    member = members.add(world.assignor, NewMember("N", "n@people.example", Role.OBSERVER))
    path = invitation_path(member)

    for _ in range(3):
        assert Client().get(path).status_code == HTTPStatus.OK
        assert Client().head(path).status_code == HTTPStatus.OK

    assert fresh(member).state == MembershipState.INVITED


def test_invited_person_can_join_when_all_licenses_are_in_use(world: World) -> None:
    member = members.add(world.assignor, NewMember("N", "n@people.example", Role.OBSERVER))
    world.fill(25)
    assert add(world, "one-more@people.example").status_code == HTTPStatus.CONFLICT

    password = "a long enough phrase"
    Client().post(invitation_path(member), {"password": password, "password_again": password})

    assert fresh(member).state == MembershipState.ACTIVE


@pytest.mark.parametrize(
    "typed",
    [
        "nora@people.example\u00a0",
        "\u200bnora@people.example",
        "nora@people.example\u200b ",
        "nora@people.example\ufeff",
        "Nora New <nora@people.example>",
        "mailto:nora@people.example",
        "nora@people.example.",
        "Nora@People.Example",
    ],
)
def test_address_is_cleaned(world: World, typed: str) -> None:
    assert add(world, typed).status_code == HTTPStatus.FOUND

    assert Membership.objects.latest("pk").user.email == "nora@people.example"


@pytest.mark.parametrize("typed", ["a@b.example, c@d.example", "nora", "nora@", "@people.example"])
def test_invalid_address_is_refused_and_kept(world: World, typed: str) -> None:
    response = add(world, typed)

    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert f'value="{typed}"' in response.content.decode()


@pytest.mark.parametrize(
    "typed", ["Assignor@Lakeside.example ", " assignor@lakeside.example\u00a0"]
)
def test_sign_in_accepts_an_address_as_phones_enter_it(world: World, typed: str) -> None:
    response = Client().post("/accounts/login/", {"login": typed, "password": PASSWORD})

    assert response.status_code == HTTPStatus.FOUND


def test_auto_responders_do_not_reply_to_our_mails(
    world: World, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        notify.send(
            "ada@lakeside.example", "closed", reference="x", organization=world.lakeside, data={}
        )
    Client().post("/accounts/password/reset/", {"email": world.assignor.user.email})

    headers = [queued.email_message().message() for queued in Email.objects.all()] + [
        sent.message() for sent in mail.outbox
    ]
    assert len(headers) == 2
    assert {one["Auto-Submitted"] for one in headers} == {"auto-generated"}


def test_page_title_announces_errors(world: World) -> None:
    error_page = add(world, "nobody").content.decode()
    empty_page = world.client(world.assignor).get(ADD).content.decode()

    assert "<title>Error: Add User" in error_page
    assert "<title>Add User" in empty_page


def test_formula_in_a_name_is_text_in_a_spreadsheet(world: World) -> None:
    User.objects.filter(pk=world.official.user_id).update(name="=cmd|' /C calc'!A0")

    response = world.client(world.assignor).get("/o/lakeside/users.csv")
    csv = b"".join(response).decode()

    assert "'=cmd|' /C calc'!A0" in csv
    assert "\n=cmd" not in csv


def test_last_administrator_cannot_leave(world: World) -> None:
    client = world.client(world.administrator)
    path = f"/o/lakeside/users/{world.administrator.key}/"

    assert client.post(f"{path}remove/", {"confirm": "1"}).status_code == HTTPStatus.CONFLICT
    assert client.post(path, {"role": "observer"}).status_code == HTTPStatus.CONFLICT

    world.administrator.refresh_from_db()
    assert world.administrator.role == Role.ADMINISTRATOR


def test_back_button_after_signing_out_shows_nothing(world: World) -> None:
    client = world.client(world.administrator)
    other_paths = ("/", "/account/", "/accounts/email/", "/messages/", "/help/")
    for path in ("/o/lakeside/", "/o/lakeside/users/", "/o/lakeside/purchases/", *other_paths):
        assert "no-store" in client.get(path).headers["Cache-Control"], path


def test_date_is_the_same_in_every_time_zone(world: World) -> None:
    page = world.client(world.assignor).get("/o/lakeside/settings/subscription/")

    assert "Wednesday, December 31, 2031, 11:59 PM Eastern Time" in text_of(page)
    assert "<time" not in page.content.decode().split("<main")[1].split("</main>")[0]
