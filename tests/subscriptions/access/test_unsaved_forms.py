"""A form submitted after the session ended is restored, for its author only."""

import re
from collections.abc import Callable
from datetime import date
from html import unescape
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client

from billing.models import Purchase
from subscriptions.models import Membership, Message, NotifiedAddress, Organization, User
from tests.support.factories import PASSWORD
from tests.support.pages import text_of
from tests.support.restored_forms import delete_session_cookie, filled_form, sign_in
from tests.support.world import World, local

NOT_SAVED = "Nothing has been saved, sent, or charged yet."
SIGN_IN_TO_RESTORE = "You were signed out before this was saved. Sign in within 30 minutes"
ADD = "/o/lakeside/users/add/"
NORA = {"name": "Nora New", "email": "nora@new.example", "role": "observer"}
# Each form's path and sample input.
FORMS = {
    "Add User": (ADD, NORA),
    "the messenger": ("/o/lakeside/messages/", {"body": "Where is our receipt?"}),
    "general messages": ("/messages/", {"body": "How do I join another organization?"}),
    "organization": ("/o/lakeside/settings/organization/", {"name": "Lakeside Umpires"}),
    "people": ("/o/lakeside/settings/people/", {"inactive_after_days": "77"}),
    "security": ("/o/lakeside/settings/security/", {"second_factor_required": "on"}),
    "notifications": (
        "/o/lakeside/settings/notifications/",
        {"low_license_thresholds": "17, 3", "addresses-0-email": "money@lakeside.example"},
    ),
    "account": ("/account/", {"name": "Ada A.", "language": "fr"}),
    "Add Licenses": ("/o/lakeside/licenses/add/", {"quantity": "35"}),
}
by_form = pytest.mark.parametrize("form", FORMS)


def delete_session(client: Client) -> None:
    Session.objects.all().delete()


def change_password(client: Client) -> None:
    """Change the password on another device, which ends this session."""
    for user in User.objects.all():
        user.set_password(PASSWORD)
        user.save()


def stored_rows() -> list[Any]:
    """Return everything the forms could have changed."""
    return [
        list(Membership.objects.values_list("user__email", "role").order_by("pk")),
        list(Organization.objects.values().order_by("pk")),
        list(User.objects.values_list("name", "language").order_by("pk")),
        Message.objects.count(),
        Purchase.objects.count(),
        len(mail.outbox),
    ]


class TestSamePersonSignsIn:
    @by_form
    def test_form_is_restored_and_nothing_was_saved(self, world: World, form: str) -> None:
        path, typed = FORMS[form]
        client = world.client(world.administrator)
        data = filled_form(client, path, typed)
        before = stored_rows()
        delete_session_cookie(client)

        response = client.post(path, data)
        assert SIGN_IN_TO_RESTORE in text_of(client.get(response.headers["Location"]))
        page = sign_in(client, world.administrator, response)

        assert page.request["PATH_INFO"] == path
        assert page.status_code == HTTPStatus.OK
        assert NOT_SAVED in text_of(page)
        values = {**(page.context["form"].data)}
        for name, value in typed.items():
            assert values[name] == [value]
            if value != "on":
                assert value in unescape(page.content.decode())
        assert stored_rows() == before

    @pytest.mark.parametrize("end", [delete_session_cookie, delete_session, change_password])
    def test_form_is_restored_after_any_kind_of_sign_out(
        self, world: World, end: Callable[[Client], None]
    ) -> None:
        client = world.client(world.assignor)
        data = filled_form(client, ADD, NORA)
        end(client)

        page = sign_in(client, world.assignor, client.post(ADD, data))

        assert page.context["form"]["name"].value() == "Nora New"

    def test_resubmitted_form_is_saved_once(self, world: World) -> None:
        client = world.client(world.assignor)
        data = filled_form(client, ADD, NORA)
        delete_session_cookie(client)
        page = sign_in(client, world.assignor, client.post(ADD, data))

        client.post(ADD, {**page.context["form"].data.dict()})

        assert world.lakeside.memberships.filter(user__email=NORA["email"]).count() == 1

    def test_form_is_restored_once(self, world: World) -> None:
        client = world.client(world.assignor)
        data = filled_form(client, ADD, NORA)
        delete_session_cookie(client)
        sign_in(client, world.assignor, client.post(ADD, data))

        page = client.get(ADD)

        assert "Nora New" not in page.content.decode()
        assert NOT_SAVED not in text_of(page)

    def test_cleared_checkbox_stays_cleared(self, world: World) -> None:
        client, path = world.client(world.administrator), "/o/lakeside/settings/notifications/"
        NotifiedAddress.objects.create(
            organization=world.lakeside, email="money@lakeside.example", gets_receipts=True
        )
        box = 'name="addresses-0-gets_receipts"'
        assert re.search(rf"{box}[^>]* checked", client.get(path).content.decode())
        data = filled_form(client, path, {"addresses-0-email": "money@lakeside.example"})
        delete_session_cookie(client)

        page = sign_in(client, world.administrator, client.post(path, data)).content.decode()

        assert box in page
        assert not re.search(rf"{box}[^>]* checked", page)

    def test_invalid_input_is_restored_with_its_errors(self, world: World) -> None:
        client = world.client(world.assignor)
        data = filled_form(client, ADD, {**NORA, "email": "nora at new"})
        delete_session_cookie(client)

        page = sign_in(client, world.assignor, client.post(ADD, data))

        assert 'value="nora at new"' in page.content.decode()
        assert page.context["form"].errors["email"]

    def test_head_request_does_not_use_up_the_stored_form(self, world: World) -> None:
        client = world.client(world.assignor)
        data = filled_form(client, ADD, NORA)
        delete_session_cookie(client)
        client.post(ADD, data)
        client.post("/accounts/login/", {"login": world.assignor.user.email, "password": PASSWORD})

        client.head(ADD)

        assert "Nora New" in client.get(ADD).content.decode()


class TestAnotherPersonSignsIn:
    @by_form
    def test_form_is_empty_and_the_input_deleted(self, world: World, form: str) -> None:
        path, typed = FORMS[form]
        client = world.client(world.administrator)
        data = filled_form(client, path, typed)
        delete_session_cookie(client)
        response = client.post(path, data)

        page = sign_in(client, world.assignor, response)

        assert NOT_SAVED not in text_of(page)
        assert not page.context["form"].is_bound
        for value in (value for value in typed.values() if " " in value or "@" in value):
            assert value not in unescape(page.content.decode())
        assert "unsaved_form" not in client.session
        client.post("/accounts/logout/")
        second_page = sign_in(client, world.administrator, response)
        assert NOT_SAVED not in text_of(second_page)

    def test_form_without_a_valid_author_marker_is_not_stored(self, world: World) -> None:
        """Another person at this browser could omit or forge the marker."""
        for marker in ({}, {"shown_to": str(world.assignor.user.pk)}, {"shown_to": "1:forged"}):
            client = Client()

            page = sign_in(client, world.assignor, client.post(ADD, {**NORA, **marker}))

            assert page.request["PATH_INFO"] == ADD
            assert "Nora New" not in page.content.decode()
            assert NOT_SAVED not in text_of(page)


class TestOtherButtons:
    def test_add_licenses_on_add_user_returns_to_the_form(self, world: World) -> None:
        client = world.client(world.assignor)
        data = filled_form(client, ADD, NORA)
        delete_session_cookie(client)

        page = sign_in(client, world.assignor, client.post(f"{ADD}keep/", data))

        assert page.request["PATH_INFO"] == ADD
        assert "Nora New" in page.content.decode()

    @pytest.mark.parametrize(
        ("path", "target"),
        [
            ("users/{key}/resend/", "users/"),
            ("users/remove/", "users/"),
            ("users/removed/{key}/", "users/removed/"),
            ("users/requests/{key}/approve/", "users/requests/"),
            ("users/requests/{key}/deny/", "users/requests/"),
            ("renewal/end/", "renewal/"),
        ],
    )
    def test_button_returns_to_its_page(self, world: World, path: str, target: str) -> None:
        client = Client()
        response = client.post(f"/o/lakeside/{path.format(key=world.official.key)}")

        page = sign_in(client, world.assignor, response)

        assert page.request["PATH_INFO"] == f"/o/lakeside/{target}"
        assert page.status_code == HTTPStatus.OK


class TestMessengerPanel:
    HTMX = {"HX-Request": "true"}

    def test_sign_in_leaves_the_panel_and_returns_to_the_full_page(self, world: World) -> None:
        client, path = world.client(world.official), "/o/lakeside/messages/"
        data = filled_form(client, path, {"body": "Where is my license?"})
        delete_session_cookie(client)

        response = client.post(path, data, headers=self.HTMX)

        assert response.status_code == HTTPStatus.OK
        assert response.headers["HX-Redirect"] == f"/accounts/login/?next={path}"
        login = {"login": world.official.user.email, "password": PASSWORD}
        client.post("/accounts/login/", login)
        assert "Where is" not in client.get(path, headers=self.HTMX).content.decode()
        page = client.get(path)
        assert "Where is my license?" in page.content.decode()
        assert NOT_SAVED in text_of(page)
        assert not Message.objects.exists()

    def test_submission_id_is_restored_so_the_message_is_sent_once(self, world: World) -> None:
        client, path = world.client(world.official), "/o/lakeside/messages/"
        data = filled_form(client, path, {"body": "Once"})
        delete_session_cookie(client)

        page = sign_in(client, world.official, client.post(path, data))

        assert str(page.context["form"]["submission"].value()) == data["submission"]

    def test_visitor_can_still_send_a_message(self, world: World) -> None:
        form = {"name": "Pat", "email": "pat@meadow.example", "body": "Which package?"}

        response = Client().post("/messages/", form)

        assert response.headers["Location"] == "/messages/sent/"

    def test_removal_request_is_restored(self, world: World) -> None:
        world.at(local(date(2031, 12, 10)))
        client, path = world.client(world.assignor), "/o/lakeside/messages/removal/"
        data = filled_form(client, path, {"quantity": "5", "body": "Fewer games"})
        delete_session_cookie(client)

        page = sign_in(client, world.assignor, client.post(path, data))

        assert "Fewer games" in page.content.decode()
        assert not Message.objects.exists()


class TestBuying:
    def test_pay_while_signed_out_buys_nothing_until_pressed_again(
        self, world: World, stripe: Any
    ) -> None:
        client, path = world.client(world.assignor), "/o/lakeside/licenses/add/"
        data = filled_form(client, path, {"quantity": "10"})
        delete_session_cookie(client)

        page = sign_in(client, world.assignor, client.post(path, data))
        assert not stripe.sessions()
        assert not Purchase.objects.exists()

        client.post(path, {**page.context["form"].data.dict()})
        [session] = stripe.sessions()
        assert session["line_items"]["data"][0]["quantity"] == 10

    def test_renewal_is_restored_with_its_code_but_not_started(self, world: World) -> None:
        world.at(local(date(2031, 12, 10)))
        client, path = world.client(world.assignor), "/o/lakeside/renewal/"
        data = filled_form(client, path, {"code": "SPRING", "pay": "1"})
        delete_session_cookie(client)

        page = sign_in(client, world.assignor, client.post(path, data))

        assert page.status_code == HTTPStatus.OK
        assert not Purchase.objects.exists()
