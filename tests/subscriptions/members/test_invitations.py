"""Invitations: a link works once, for 14 days, or until a new one replaces it (R4)."""

from http import HTTPStatus

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse

from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import Membership, User
from subscriptions.models.members import MembershipState, Role
from subscriptions.text import links
from tests.support.checks import fresh
from tests.support.pages import text_of
from tests.support.world import World

PASSWORD = "a long and quiet river"


@pytest.fixture
def invited(world: World) -> Membership:
    return members.add(
        world.assignor, NewMember("Nora New", "nora@lakeside.example", Role.GENERAL_MEMBER)
    )


def invitation_path(membership: Membership) -> str:
    membership.refresh_from_db()
    return links.invitation_link(membership).removeprefix("http://localhost")


def accept(path: str, password: str = PASSWORD) -> tuple[Client, int]:
    client = Client()
    response = client.post(path, {"password": password, "password_again": password})
    return client, response.status_code


def test_link_lets_the_invitee_set_a_password_and_join(invited: Membership) -> None:
    client, status = accept(invitation_path(invited))

    invited.refresh_from_db()
    assert status == HTTPStatus.FOUND
    assert invited.state == MembershipState.ACTIVE
    assert client.get(reverse("subscriptions:home", args=["lakeside"])).status_code == 200
    assert User.objects.get(email="nora@lakeside.example").check_password(PASSWORD)
    address = EmailAddress.objects.get(email="nora@lakeside.example")
    assert address.verified
    assert address.primary


def test_invitee_is_welcomed_on_the_home_page(world: World, invited: Membership) -> None:
    data = {"password": PASSWORD, "password_again": PASSWORD}

    response = Client().post(invitation_path(invited), data, follow=True)

    assert response.redirect_chain == [("/o/lakeside/", HTTPStatus.FOUND)]
    assert "Welcome to Lakeside Officials Association." in text_of(response)


def test_form_is_protected_against_other_sites(invited: Membership) -> None:
    page = Client().get(invitation_path(invited))

    assert 'name="csrfmiddlewaretoken"' in page.content.decode()


def test_weak_password_shows_a_field_error(invited: Membership) -> None:
    response = Client().post(
        invitation_path(invited), {"password": "12345", "password_again": "12345"}
    )

    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "id_password_error" in response.content.decode()
    assert fresh(invited).state == MembershipState.INVITED


def test_link_works_once(invited: Membership) -> None:
    path = invitation_path(invited)
    accept(path)

    _, status = accept(path, "somebody else's password")

    assert status == HTTPStatus.GONE
    assert User.objects.get(email="nora@lakeside.example").check_password(PASSWORD)


@pytest.mark.parametrize(("days", "status"), [(13.99, HTTPStatus.OK), (14, HTTPStatus.GONE)])
def test_link_works_for_fourteen_days(
    world: World, invited: Membership, days: float, status: HTTPStatus
) -> None:
    path = invitation_path(invited)
    world.later(days=days)

    assert Client().get(path).status_code == status


def test_expired_invitation_still_uses_its_license(world: World, invited: Membership) -> None:
    world.later(days=20)

    page = world.client(world.assignor).get(reverse("subscriptions:users", args=["lakeside"]))

    assert "Invitation expired" in page.content.decode()
    assert invited.license_number == 5


def test_new_link_expires_the_old_one(world: World, invited: Membership) -> None:
    old = invitation_path(invited)
    members.reinvite(world.assignor, invited)

    assert Client().get(old).status_code == HTTPStatus.GONE
    assert Client().get(invitation_path(invited)).status_code == HTTPStatus.OK


def test_removal_expires_the_link(world: World, invited: Membership) -> None:
    path = invitation_path(invited)
    members.remove(world.assignor, invited)

    assert Client().get(path).status_code == HTTPStatus.GONE


@pytest.mark.parametrize("token", ["x", "a:b:c", "eyJrZXkiOiJ4In0:abc", "%00", "é"])
def test_forged_link_discloses_nothing(db: None, token: str) -> None:
    response = Client().get(f"/invitations/{token}/")

    assert response.status_code == HTTPStatus.GONE


def test_existing_account_joins_by_signing_in(world: World) -> None:
    harry = world.stranger.user
    invited = members.add(world.assignor, NewMember("H.", harry.email, Role.GENERAL_MEMBER))
    path = invitation_path(invited)
    password = harry.password

    anonymous = Client().post(path, {"password": PASSWORD, "password_again": PASSWORD})
    assert "Sign in with that address" in anonymous.content.decode()
    assert "This invitation is for" not in anonymous.content.decode()
    client = world.client(world.stranger)
    assert "This invitation is for administrator@harbor.example." in text_of(client.get(path))
    client.post(path)

    invited.refresh_from_db()
    harry.refresh_from_db()
    assert invited.state == MembershipState.ACTIVE
    assert harry.password == password


def test_another_account_cannot_use_the_link(world: World) -> None:
    invited = members.add(
        world.assignor, NewMember("H.", world.stranger.user.email, Role.GENERAL_MEMBER)
    )

    response = world.client(world.official).post(invitation_path(invited))

    assert fresh(invited).state == MembershipState.INVITED
    assert "You are signed in as someone else" in response.content.decode()


def test_organization_list_shows_the_invitation(world: World) -> None:
    members.add(world.assignor, NewMember("H.", world.stranger.user.email, Role.GENERAL_MEMBER))

    page = world.client(world.stranger).get("/").content.decode()

    assert "See the invitation" in page


def test_password_reset_also_completes_the_invitation(invited: Membership) -> None:
    client = Client()
    client.post(reverse("account_reset_password"), {"email": "Nora@lakeside.example"})
    [message] = mail.outbox
    link = next(word for word in str(message.body).split() if "/password/reset/key/" in word)
    assert link.startswith("http://localhost/")
    page = client.get(link.removeprefix("http://localhost"), follow=True)
    client.post(page.request["PATH_INFO"], {"password1": PASSWORD, "password2": PASSWORD})

    invited.refresh_from_db()
    assert invited.state == MembershipState.ACTIVE
    assert invited.user.check_password(PASSWORD)


def test_only_invited_members_can_be_invited_again(world: World) -> None:
    path = reverse("subscriptions:resend_invitation", args=["lakeside", world.official.key])

    response = world.client(world.assignor).post(path, follow=True)

    assert "has already joined" in response.content.decode()


def test_assignor_cannot_resend_to_an_administrator(world: World) -> None:
    invited = members.add(
        world.administrator, NewMember("A", "a@lakeside.example", Role.ADMINISTRATOR)
    )

    path = reverse("subscriptions:resend_invitation", args=["lakeside", invited.key])
    response = world.client(world.assignor).post(path, follow=True)

    assert "Only Administrators" in response.content.decode()
    assert fresh(invited).invitation_number == 1
