"""Two-step sign-in, recent sign-ins, and sessions."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.usersessions.models import UserSession
from django.conf import settings as django_settings
from django.test import Client
from pytest_django import Settings

from subscriptions.access import second_factor
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import Organization, User
from subscriptions.models.members import Role
from subscriptions.roster_import.columns import RosterLine
from subscriptions.text import links
from tests.support.factories import PASSWORD
from tests.support.pages import text_of
from tests.support.rosters import uploaded_roster
from tests.support.world import World, sign_in

TWELVE_HOURS = 12 * 3600


def add_authenticator_app(user: User) -> str:
    """Give a user an authenticator app; return its secret."""
    secret: str = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


def current_code(secret: str) -> str:
    counter = next(yield_hotp_counters_from_time())
    return f"{hotp_value(secret, counter):06d}"


def signed_in_client(user: User, seconds_ago: float = 0, method: str = "password") -> Client:
    client = Client()
    sign_in(client, user, seconds_ago=seconds_ago, method=method)
    return client


class TestEncryptedSecrets:
    def test_database_contains_no_plain_secrets(self, world: World) -> None:
        secret = add_authenticator_app(world.administrator.user)

        stored = Authenticator.objects.get(type="totp").data["secret"]
        assert secret not in stored
        assert second_factor.SecondFactorAdapter().decrypt(stored) == secret

    def test_secrets_are_readable_after_key_rotation(
        self, world: World, settings: Settings
    ) -> None:
        adapter = second_factor.SecondFactorAdapter()
        stored = adapter.encrypt("secret")
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "another key that is long enough"
        assert adapter.decrypt(stored) == "secret"

        settings.SECRET_KEY_FALLBACKS = []
        with pytest.raises(ValueError, match="unknown SECRET_KEY"):
            adapter.decrypt(stored)


class TestSignIn:
    def test_code_is_required(self, world: World) -> None:
        secret = add_authenticator_app(world.administrator.user)
        client = Client()
        form = {"login": world.administrator.user.email, "password": PASSWORD}

        page = client.post("/accounts/login/", form, follow=True)
        assert page.redirect_chain[-1][0] == "/accounts/second-factor/authenticate/"
        assert client.get("/o/lakeside/").status_code == 302

        wrong = client.post("/accounts/second-factor/authenticate/", {"code": "000000"})
        assert "Incorrect code" in text_of(wrong)
        client.post("/accounts/second-factor/authenticate/", {"code": current_code(secret)})
        assert client.get("/o/lakeside/").status_code == 200

    def test_unconfirmed_address_cannot_sign_in(self, world: World) -> None:
        user = world.official.user
        EmailAddress.objects.filter(user=user).update(verified=False)

        page = Client().post(
            "/accounts/login/", {"login": user.email, "password": PASSWORD}, follow=True
        )

        assert page.redirect_chain[-1][0] == "/accounts/confirm-email/"


class TestRequiredByOrganization:
    @pytest.fixture(autouse=True)
    def required(self, world: World) -> None:
        Organization.objects.filter(pk=world.lakeside.pk).update(second_factor_required=True)

    @pytest.mark.parametrize("path", ["licenses/add/", "renewal/", "users/", "settings/people/"])
    def test_buyer_is_asked_to_set_up_two_step_sign_in(self, world: World, path: str) -> None:
        for person in (world.assignor, world.administrator):
            response = world.client(person).get(f"/o/lakeside/{path}")

            assert response.status_code == 403
            assert "This page requires a second factor" in text_of(response)

    def test_posts_are_refused_too(self, world: World) -> None:
        response = world.client(world.assignor).post("/o/lakeside/licenses/add/", {"quantity": "5"})

        assert response.status_code == 403

    def test_two_step_sign_in_gives_access(self, world: World) -> None:
        add_authenticator_app(world.assignor.user)
        client = signed_in_client(world.assignor.user, method="mfa")

        assert client.get("/o/lakeside/licenses/add/").status_code == 200

    def test_unused_second_factor_is_not_enough(self, world: World) -> None:
        """The session was started with the password only, perhaps by someone else."""
        add_authenticator_app(world.assignor.user)
        client = signed_in_client(world.assignor.user)
        Authenticator.objects.update(created_at="2020-01-01T00:00Z")

        page = client.get("/o/lakeside/licenses/add/")

        assert page.status_code == 403
        assert "/accounts/second-factor/reauthenticate/" in page.content.decode()

    def test_second_factor_set_up_in_this_session_is_enough(self, world: World) -> None:
        client = signed_in_client(world.assignor.user, seconds_ago=60)
        add_authenticator_app(world.assignor.user)

        assert client.get("/o/lakeside/licenses/add/").status_code == 200

    def test_other_roles_and_the_home_page_are_not_affected(self, world: World) -> None:
        for person in (world.observer, world.official, world.assignor):
            assert world.client(person).get("/o/lakeside/").status_code == 200

    def test_other_organizations_are_not_affected(self, world: World) -> None:
        assert world.client(world.stranger).get("/o/harbor/licenses/add/").status_code == 200

    def test_administrator_needs_a_second_factor_before_requiring_it(self, world: World) -> None:
        Organization.objects.update(second_factor_required=False)
        client = world.client(world.administrator)
        form = {"second_factor_required": "on"}

        page = client.post("/o/lakeside/settings/security/", form, follow=True)
        assert "Set up your own second factor first" in text_of(page)
        add_authenticator_app(world.administrator.user)
        client.post("/o/lakeside/settings/security/", form)

        world.lakeside.refresh_from_db()
        assert world.lakeside.second_factor_required


class TestRecentSignIn:
    def buy(self, client: Client) -> Any:
        page = client.get("/o/lakeside/licenses/add/").content.decode()
        found = re.search(r'name="submission" value="([^"]+)"', page)
        assert found
        form = {"quantity": "10", "submission": found[1]}
        return client.post("/o/lakeside/licenses/add/", form)

    def test_buying_asks_for_the_password(self, world: World, stripe: Any) -> None:
        response = self.buy(signed_in_client(world.assignor.user, TWELVE_HOURS + 1))

        assert response.headers["Location"].startswith("/accounts/reauthenticate/")
        assert not stripe.sessions()

    def test_recent_sign_in_needs_no_password(self, world: World, stripe: Any) -> None:
        response = self.buy(signed_in_client(world.assignor.user, TWELVE_HOURS - 60))

        assert response.headers["Location"] == stripe.sessions()[0]["url"]

    def test_purchase_continues_after_the_password_is_entered(
        self, world: World, stripe: Any
    ) -> None:
        client = signed_in_client(world.assignor.user, TWELVE_HOURS + 1)
        location = self.buy(client).headers["Location"]

        form = {"password": PASSWORD, "next": "/o/lakeside/licenses/add/"}
        response = client.post(location, form)

        [session] = stripe.sessions()
        assert response.headers["Location"] == session["url"]
        assert session["line_items"]["data"][0]["quantity"] == 10

    def test_viewing_needs_no_password(self, world: World) -> None:
        client = signed_in_client(world.assignor.user, 30 * 24 * 3600)

        assert client.get("/o/lakeside/licenses/add/").status_code == 200

    def test_changing_a_role_asks_for_the_password(self, world: World) -> None:
        path = f"/o/lakeside/users/{world.observer.key}/"
        client = signed_in_client(world.administrator.user, 3601)

        response = client.post(path, {"role": "assignor"})

        assert response.headers["Location"].startswith("/accounts/reauthenticate/")
        world.observer.refresh_from_db()
        assert world.observer.role == "observer"

    @pytest.mark.parametrize("role", ["assignor", "administrator"])
    def test_adding_a_buyer_asks_for_the_password(self, world: World, role: str) -> None:
        client = signed_in_client(world.administrator.user, 3601)
        form = {"name": "N", "email": "n@lakeside.example", "role": role}

        response = client.post("/o/lakeside/users/add/", form)

        assert response.headers["Location"].startswith("/accounts/reauthenticate/")
        assert not User.objects.filter(email="n@lakeside.example").exists()

    def test_admin_asks_for_the_password(self, world: World) -> None:
        for seconds, is_allowed in ((8 * 3600 - 60, True), (8 * 3600 + 1, False)):
            response = signed_in_client(world.support, seconds).get("/admin/")

            assert (response.status_code == 200) == is_allowed

    def test_session_of_unknown_age_is_not_recent(self, world: World) -> None:
        client = Client()
        client.force_login(world.support, backend="django.contrib.auth.backends.ModelBackend")

        location = client.get("/admin/").headers["Location"]
        assert location.startswith("/accounts/reauthenticate/")


class TestSupportStaff:
    def test_support_staff_need_a_second_factor(self, world: World, settings: Settings) -> None:
        settings.STAFF_SECOND_FACTOR = True
        client = signed_in_client(world.support)

        page = client.get("/admin/", follow=True)
        assert page.redirect_chain[-1][0] == "/accounts/second-factor/"
        assert "Support staff need a second factor" in text_of(page)

        add_authenticator_app(world.support)
        Authenticator.objects.update(created_at="2020-01-01T00:00Z")
        location = signed_in_client(world.support).get("/admin/").headers["Location"]
        assert location.startswith("/accounts/second-factor/reauthenticate/")
        assert signed_in_client(world.support, method="mfa").get("/admin/").status_code == 200


def test_sign_out_everywhere_else_ends_other_sessions(world: World) -> None:
    clients = [Client() for _ in range(2)]
    form = {"login": world.official.user.email, "password": PASSWORD}
    for client in clients:
        client.post("/accounts/login/", form)
    page = text_of(clients[0].get("/accounts/sessions/"))
    assert "Sign out everywhere else" in page

    clients[0].post("/accounts/sessions/")

    assert clients[0].get("/o/lakeside/").status_code == 200
    assert clients[1].get("/o/lakeside/").status_code == 302


@pytest.mark.parametrize("path", ["", "totp/activate/", "webauthn/add/"])
def test_two_step_sign_in_pages_open(world: World, path: str) -> None:
    client = Client()
    client.post("/accounts/login/", {"login": world.observer.user.email, "password": PASSWORD})

    response = client.get(f"/accounts/second-factor/{path}", follow=True)

    assert response.status_code == 200


def test_accepting_an_invitation_starts_a_normal_session(world: World) -> None:
    """It is listed with the others, and the new password is not asked for again."""
    invited = members.add(world.administrator, NewMember("Nina", "nina@new.example", Role.ASSIGNOR))
    client = Client()
    passwords = {"password": PASSWORD, "password_again": PASSWORD}
    client.post(links.invitation_link(invited).removeprefix(django_settings.SITE_URL), passwords)

    assert client.get("/o/lakeside/users/").status_code == 200
    assert UserSession.objects.filter(user=invited.user).count() == 1
    form = {"name": "N", "email": "n@lakeside.example", "role": "assignor"}
    added = client.post("/o/lakeside/users/add/", form)
    assert added.headers["Location"] == "/o/lakeside/users/"


def test_email_change_to_an_invited_address_is_refused(world: World) -> None:
    members.add(world.administrator, NewMember("N", "new@lakeside.example", Role.OBSERVER))
    address = EmailAddress.objects.create(
        user=world.official.user, email="new@lakeside.example", verified=False, primary=False
    )
    key = EmailConfirmationHMAC(address).key

    page = Client().post(f"/accounts/confirm-email/{key}/", follow=True)

    assert page.status_code == 200
    world.official.user.refresh_from_db()
    assert world.official.user.email == "official@lakeside.example"


def test_importing_a_buyer_asks_for_the_password(world: World) -> None:
    line = RosterLine(1, "Nina", "nina@new.example", "Administrator")
    roster = uploaded_roster(world.administrator, [line])
    client = signed_in_client(world.administrator.user, 3601)

    response = client.post(f"/o/lakeside/users/import/{roster.pk}/add/")

    assert response.headers["Location"].startswith("/accounts/reauthenticate/")
    assert not User.objects.filter(email="nina@new.example").exists()
