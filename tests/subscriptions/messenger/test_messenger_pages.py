"""The messenger button on every page, and the fragments for htmx (R28)."""

from http import HTTPStatus
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.test import Client

from subscriptions.messenger import threads
from subscriptions.messenger.threads import MessageDraft
from subscriptions.models import Message, Thread
from tests.support.factories import UserFactory
from tests.support.pages import queries_of, text_of
from tests.support.world import World

THREAD = "/o/lakeside/messages/"
NEWS = "/o/lakeside/messages/news/"
REMOVAL = "/o/lakeside/messages/removal/"
GENERAL = "/messages/"
HTMX = {"HX-Request": "true"}
VISITOR = {"name": "Pat Prospect", "email": "pat@meadow.example", "body": "Which package?"}


class TestButton:
    PAGES = ("/pricing/", "/accounts/login/", "/accounts/password/reset/", "/invitations/x/")

    @pytest.mark.parametrize("path", [*PAGES, "/nowhere/"])
    def test_button_is_a_link_on_every_page(self, world: World, path: str) -> None:
        page = Client().get(path).content.decode()

        assert 'id="messenger-button" href="/messages/"' in page
        assert "hx-on" not in page

    @pytest.mark.parametrize("template", ["400.html", "429.html", "500.html"])
    @pytest.mark.usefixtures("db")
    def test_error_pages_make_no_query(self, template: str, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(0):
            page = render_to_string(template)

        assert 'id="messenger-button" href="/messages/"' in page
        assert "<dialog" not in page

    def test_refusal_pages_link_to_the_organizations_thread(self, world: World) -> None:
        response = world.client(world.official).get("/o/lakeside/users/")

        assert response.status_code == HTTPStatus.FORBIDDEN
        assert f'href="{THREAD}"' in response.content.decode()

    def test_button_needs_one_query_only_outside_organizations(self, world: World) -> None:
        client = world.client(world.official)

        def thread_queries(path: str) -> list[str]:
            return [sql for sql in queries_of(client, path) if "subscriptions_thread" in sql]

        (with_membership,) = thread_queries("/o/lakeside/")
        assert '"subscriptions_membership"."license_number"' in with_membership
        assert len(thread_queries("/account/")) == 1
        anonymous = queries_of(Client(), "/pricing/")
        assert not [sql for sql in anonymous if "subscriptions_thread" in sql]

    def test_admin_has_no_button(self, world: World) -> None:
        root = UserFactory.create(is_staff=True, is_superuser=True)

        assert "messenger-button" not in world.client(root).get("/admin/").content.decode()


class TestFragments:
    """Responses to htmx: the fragment that the panel shows."""

    def test_fragment_is_not_a_full_page(self, world: World) -> None:
        for client, path in ((Client(), GENERAL), (world.client(world.official), THREAD)):
            fragment = client.get(path, headers=HTMX).content.decode()
            assert "<html" not in fragment
            assert "<form" in fragment

    def test_sending_returns_the_thread_with_the_message(self, world: World) -> None:
        client = world.client(world.official)
        response = client.post(THREAD, {"body": "Sent with htmx"}, headers=HTMX)
        visitor = Client().post(GENERAL, VISITOR, headers=HTMX)

        assert response.status_code == HTTPStatus.OK
        assert "Sent with htmx" in text_of(response)
        assert "Thank you." in text_of(visitor)

    def test_responses_are_not_cached(self, world: World) -> None:
        client = world.client(world.official)
        for path in (THREAD, GENERAL):
            assert client.get(path).headers["Cache-Control"] == "private, no-store"


class TestConstraints:
    """Database constraints (R28)."""

    @pytest.mark.parametrize(
        ("constraint", "fields"),
        [
            ("message_has_a_body", {"body": ""}),
            ("message_removal_quantity_is_positive", {"removal_quantity": 0}),
            ("message_removal_quantity_is_positive", {"removal_quantity": 5, "author": None}),
            ("message_of_support_has_an_author", {"is_from_support": True, "author": None}),
        ],
    )
    def test_message_constraints(
        self, world: World, constraint: str, fields: dict[str, Any]
    ) -> None:
        message = threads.write(world.official, MessageDraft("Hello"))

        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            Message.objects.filter(pk=message.pk).update(**fields)

    @pytest.mark.parametrize(
        ("constraint", "fields"),
        [
            ("thread_state_is_known", {"state": "x"}),
            ("thread_waiting_has_its_time", {"waiting_since": None}),
            ("thread_waiting_has_its_time", {"state": "closed"}),
            ("thread_has_a_person_or_an_address", {"person": None}),
            ("thread_has_a_person_or_an_address", {"email": "x@x.example"}),
        ],
    )
    def test_thread_constraints(
        self, world: World, constraint: str, fields: dict[str, Any]
    ) -> None:
        threads.write(world.official, MessageDraft("Hello"))

        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            Thread.objects.update(**fields)

    @pytest.mark.parametrize("is_in_organization", [True, False])
    def test_one_thread_per_person_and_organization(
        self, world: World, is_in_organization: bool
    ) -> None:
        author = world.official if is_in_organization else world.official.user
        thread = threads.write(author, MessageDraft("Hello")).thread
        thread.pk = None

        with pytest.raises(IntegrityError, match=r"(?i)unique"), transaction.atomic():
            thread.save(force_insert=True)
