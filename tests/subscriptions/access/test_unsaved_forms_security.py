"""What is stored of a form submitted after the session ended, and for how long."""

from http import HTTPStatus
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from subscriptions.access import unsaved_forms
from tests.subscriptions.access.test_signing_in import add_authenticator_app, current_code
from tests.support.factories import PASSWORD
from tests.support.pages import text_of
from tests.support.restored_forms import delete_session_cookie, filled_form, reset_path, sign_in
from tests.support.world import World

ADD = "/o/lakeside/users/add/"
NORA = {"name": "Nora New", "email": "nora@new.example", "role": "observer"}


class TestStoredInput:
    def store_form(self, world: World, **extra: Any) -> Client:
        client = world.client(world.assignor)
        data = filled_form(client, ADD, {**NORA, **extra})
        delete_session_cookie(client)
        client.post(ADD, data)
        return client

    def test_excludes_passwords_cards_tokens_and_files(self, world: World) -> None:
        client = self.store_form(
            world,
            password="p",
            old_Password="p",
            csrfmiddlewaretoken="t",
            card_number="4",
            cvc="1",
            client_secret="s",
            file=SimpleUploadedFile("roster.csv", b"Name,E-mail"),
        )

        stored = client.session["unsaved_form"]
        assert set(stored["typed"]) == {"name", "email", "role"}

    def test_expires_after_half_an_hour(self, world: World) -> None:
        client = self.store_form(world)
        assert client.cookies["sessionid"]["max-age"] == unsaved_forms.RETENTION_PERIOD == 1800
        session = client.session
        session["unsaved_form"] = {**session["unsaved_form"], "at": 0}
        session.save()

        data = {"login": world.assignor.user.email, "password": PASSWORD}
        client.post("/accounts/login/", data)

        assert "unsaved_form" not in client.session
        assert "Nora New" not in client.get(ADD).content.decode()

    @pytest.mark.parametrize(("remember", "age"), [({"remember": "on"}, 14 * 86400), ({}, "")])
    def test_new_session_has_its_usual_length(
        self, world: World, remember: dict[str, str], age: object
    ) -> None:
        client = self.store_form(world)

        data = {"login": world.assignor.user.email, "password": PASSWORD, **remember}
        client.post("/accounts/login/", data)

        assert client.cookies["sessionid"]["max-age"] == age

    def test_session_after_a_password_reset_has_its_usual_length(self, world: World) -> None:
        client, arlo = self.store_form(world), world.assignor.user

        form_path = client.get(reset_path(arlo), follow=True).request["PATH_INFO"]
        client.post(form_path, dict.fromkeys(("password1", "password2"), "a long and quiet river"))

        assert client.session.get_expiry_age() == 14 * 86400
        assert "Nora New" in client.get(ADD).content.decode()

    def test_excludes_very_long_input(self, world: World) -> None:
        client = self.store_form(world, name="x" * unsaved_forms.MAX_CHARACTERS)

        assert "unsaved_form" not in client.session
        text = text_of(client.get("/accounts/login/"))
        assert "You were signed out, so nothing was saved. Sign in and try again." in text

    def test_is_deleted_on_sign_out(self, world: World) -> None:
        client = self.store_form(world)
        data = {"login": world.assignor.user.email, "password": PASSWORD}
        client.post("/accounts/login/", data)

        client.post("/accounts/logout/")

        assert "unsaved_form" not in client.session


def test_another_site_cannot_prefill_a_form(world: World) -> None:
    """The CSRF token is checked before anything is stored, even with a valid marker."""
    data = filled_form(world.client(world.assignor), ADD, NORA)
    client = Client(enforce_csrf_checks=True)

    no_token = client.post(ADD, data)
    client.get("/accounts/login/")
    wrong_token = client.post(ADD, {**data, "csrfmiddlewaretoken": "x" * 64})
    cross_origin = client.post(ADD, data, headers={"Origin": "https://evil.example"})

    refused = [response.status_code for response in (no_token, wrong_token, cross_origin)]
    assert refused == [HTTPStatus.FORBIDDEN] * 3
    assert "unsaved_form" not in client.session


def test_valid_csrf_token_stores_the_input(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies.update(world.client(world.assignor).cookies)
    data = filled_form(client, ADD, NORA)
    delete_session_cookie(client)

    client.post(ADD, data)

    assert client.session["unsaved_form"]["typed"]["name"] == ["Nora New"]


def test_input_survives_the_second_factor_step(world: World) -> None:
    secret = add_authenticator_app(world.assignor.user)
    client = world.client(world.assignor)
    data = filled_form(client, ADD, NORA)
    delete_session_cookie(client)
    code_page = sign_in(client, world.assignor, client.post(ADD, data))
    assert "Nora New" not in code_page.content.decode()

    page = client.post(code_page.request["PATH_INFO"], {"code": current_code(secret)}, follow=True)

    assert page.request["PATH_INFO"] == ADD
    assert "Nora New" in page.content.decode()
