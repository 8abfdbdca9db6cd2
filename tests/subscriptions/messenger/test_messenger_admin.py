"""Support's queue in the Django admin (R28)."""

import uuid
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import NoReverseMatch, reverse

from subscriptions.admin.messenger import remove_licenses_link
from subscriptions.members import members
from subscriptions.messenger import threads
from subscriptions.messenger.threads import MessageDraft
from subscriptions.models import Message, Notification, Thread, User
from tests.support.factories import UserFactory
from tests.support.pages import queries_of, text_of
from tests.support.world import World

LIST = "/admin/subscriptions/thread/"
VIEW = ("view_thread",)
REPLY = (*VIEW, "add_message", "change_thread")


def staff(world: World, *codenames: str) -> Client:
    """Return a client for Sunny with only these permissions."""
    world.support.groups.clear()
    world.support.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return world.client(world.support)


@pytest.fixture
def question(world: World) -> Message:
    return threads.write(world.official, MessageDraft("A question"))


def page_of(message: Message) -> str:
    return f"{LIST}{message.thread_id}/change/"


def reply(client: Client, message: Message, body: str = "A reply", **form: Any) -> Any:
    return client.post(
        f"{LIST}{message.thread_id}/reply/",
        {"body": body, "seen": message.pk, "submission": uuid.uuid4(), **form},
    )


def close(client: Client, message: Message, **form: Any) -> Any:
    path = f"{LIST}{message.thread_id}/close/"
    return client.post(path, {"seen": message.pk, **form}, follow=True)


def get_thread() -> Thread:
    return Thread.objects.get()


class TestQueue:
    def test_longest_waiting_thread_comes_first(self, world: World) -> None:
        for person in (world.observer, world.assignor, world.official):
            threads.write(person, MessageDraft("A question"))
            world.later(hours=1)
        client = staff(world, *REPLY)
        first = Thread.objects.get(person=world.observer.user)
        client.post(
            f"{LIST}{first.pk}/reply/", {"body": "Replied", "seen": first.messages.get().pk}
        )
        threads.write_without_account("Pat", "pat@meadow.example", MessageDraft("Hello"))

        page = text_of(client.get(LIST))
        names = ["Arlo Assignor", "Otto Official", "Pat (no account)", "Olive Observer"]
        positions = [page.index(name) for name in names]
        assert positions == sorted(positions)
        assert "Threads: 3 waiting" in page
        assert "3 threads waiting" in text_of(client.get("/admin/"))

    @pytest.mark.parametrize(
        ("search", "is_found"),
        [
            ("Otto", True),
            ("official@lakeside", True),
            ("lakes", True),
            ("Harbor", False),
            ("tto", False),
        ],
    )
    def test_search_matches_prefixes(
        self, world: World, question: Message, search: str, is_found: bool
    ) -> None:
        page = text_of(staff(world, *VIEW).get(LIST, {"q": search}))

        assert ("Otto Official" in page) == is_found

    def test_filters_narrow_the_list(self, world: World, question: Message) -> None:
        client = staff(world, *VIEW)
        harbor = world.stranger.organization.pk
        for query, is_found in (
            ({"state__exact": "waiting"}, True),
            ({"state__exact": "replied"}, False),
            ({"removal": "asked"}, False),
            ({"organization__id__exact": world.lakeside.pk}, True),
            ({"organization__id__exact": harbor}, False),
        ):
            assert ("Otto Official" in text_of(client.get(LIST, query))) == is_found, query

    def test_query_count_does_not_depend_on_threads(self, world: World, question: Message) -> None:
        client = staff(world, *VIEW)
        before = len(queries_of(client, LIST))
        for person in (world.observer, world.assignor):
            threads.write(person, MessageDraft("A question"))

        assert len(queries_of(client, LIST)) == before


class TestOneThread:
    def test_page_shows_the_thread_and_marks_it_read(self, world: World, question: Message) -> None:
        client = staff(world, *REPLY)
        page = client.get(page_of(question)).content.decode()

        assert "A question" in page
        assert f"/admin/subscriptions/organization/{world.lakeside.pk}/change/" in page
        assert f"/admin/subscriptions/user/{world.official.user.pk}/change/" in page
        assert get_thread().unread_by_support == 0
        assert get_thread().state == "waiting"

    def test_view_only_staff_do_not_mark_it_read(self, world: World, question: Message) -> None:
        page = staff(world, *VIEW).get(page_of(question)).content.decode()

        assert "A question" in page
        assert "Send reply" not in page
        assert "Close without" not in page
        assert get_thread().unread_by_support == 1

    def test_html_is_shown_as_text(self, world: World) -> None:
        message = threads.write(world.official, MessageDraft("<script>alert(1)</script>"))
        page = staff(world, *REPLY).get(page_of(message)).content.decode()

        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page

    @pytest.mark.parametrize("number", ["0", "999999", "x", "²", "9" * 18])
    def test_unknown_threads_return_404(self, world: World, number: str) -> None:
        response = staff(world, *REPLY).get(f"{LIST}{number}/change/")

        assert response.status_code == HTTPStatus.NOT_FOUND

    def test_former_member_is_marked(self, world: World, question: Message) -> None:
        members.remove(world.administrator, world.official)
        page = text_of(staff(world, *REPLY).get(page_of(question)))

        assert "no longer a user of the organization" in page

    def test_visitor_with_the_email_of_an_account_is_marked(self, world: World) -> None:
        email = world.official.user.email
        message = threads.write_without_account("Otto?", email, MessageDraft("Let me in"))
        page = text_of(staff(world, *REPLY).get(page_of(message)))

        assert "it may not be the same person" in page


class TestReplying:
    def test_reply_is_sent_logged_and_notified(self, world: World, question: Message) -> None:
        response = reply(staff(world, *REPLY), question)

        answer = Message.objects.get(is_from_support=True)
        entry = LogEntry.objects.get()
        assert response.status_code == HTTPStatus.FOUND
        assert (answer.body, answer.author) == ("A reply", world.support)
        assert (get_thread().state, get_thread().unread_by_person) == ("replied", 1)
        assert (entry.user, entry.object_id) == (world.support, str(get_thread().pk))
        assert (
            Notification.objects.get(kind="support_replied").recipient == world.official.user.email
        )

    def test_double_click_sends_one_reply(self, world: World, question: Message) -> None:
        client = staff(world, *REPLY)
        submission = uuid.uuid4()
        for _ in range(3):
            assert reply(client, question, submission=submission).status_code == HTTPStatus.FOUND

        assert Message.objects.filter(is_from_support=True).count() == 1
        assert Notification.objects.filter(kind="support_replied").count() == 1
        assert LogEntry.objects.count() == 1

    def test_colleagues_reply_must_be_read_first(self, world: World, question: Message) -> None:
        reply(staff(world, *REPLY), question, "From Sunny")
        rory = UserFactory.create(is_staff=True, is_superuser=True, name="Rory Root")
        client = world.client(rory)
        refused = reply(client, question, "From Rory")

        page = refused.content.decode()
        assert refused.status_code == HTTPStatus.CONFLICT
        assert "A colleague has already replied" in page
        assert "From Sunny" in page
        assert "From Rory" in page
        retried = reply(client, question, "From Rory", seen=Message.objects.latest("pk").pk)
        assert retried.status_code == HTTPStatus.FOUND

    def test_message_received_in_the_meantime_stays_unanswered(
        self, world: World, question: Message
    ) -> None:
        world.later(minutes=5)
        later = threads.write(world.official, MessageDraft("One more thing"))
        reply(staff(world, *REPLY), question)

        thread = get_thread()
        assert thread.state == "waiting"
        assert thread.waiting_since == later.created_at
        assert thread.unread_by_support == 1

    def test_new_message_makes_an_answered_thread_wait(
        self, world: World, question: Message
    ) -> None:
        reply(staff(world, *REPLY), question)
        world.later(days=1)
        newer = threads.write(world.official, MessageDraft("Thank you"))

        assert get_thread().waiting_since == newer.created_at

    @pytest.mark.parametrize("body", ["", " \n", "\u200b", "x" * 4001, "x" * 1_000_000])
    def test_invalid_replies_are_kept_and_not_sent(
        self, world: World, question: Message, body: str
    ) -> None:
        response = reply(staff(world, *REPLY), question, body)

        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert body.strip()[:50] in response.content.decode()
        assert Message.objects.count() == 1

    @pytest.mark.parametrize("codenames", [(), VIEW, ("add_message",), ("change_thread",)])
    def test_staff_without_permission_cannot_reply_or_close(
        self, world: World, question: Message, codenames: tuple[str, ...]
    ) -> None:
        client = staff(world, *codenames)
        can_close = "change_thread" in codenames  # in Django, change includes view
        can_view = client.get(page_of(question)).status_code == HTTPStatus.OK

        assert can_view == (can_close or "view_thread" in codenames)
        assert reply(client, question).status_code == HTTPStatus.FORBIDDEN
        if not can_close:
            assert close(client, question).status_code == HTTPStatus.FORBIDDEN
        assert Message.objects.count() == 1

    def test_members_have_no_access(self, world: World, question: Message) -> None:
        for person in (world.administrator, world.official):
            response = reply(world.client(person), question)
            assert response.status_code == HTTPStatus.FOUND
            assert "/login/" in response.headers["Location"]
        assert Message.objects.count() == 1

    @pytest.mark.parametrize("page", ["reply", "close"])
    def test_get_request_is_refused(self, world: World, question: Message, page: str) -> None:
        response = staff(world, *REPLY).get(f"{LIST}{question.thread_id}/{page}/")

        assert response.status_code == HTTPStatus.FORBIDDEN


class TestClosing:
    def test_closed_thread_is_reopened_by_the_next_message(
        self, world: World, question: Message
    ) -> None:
        response = close(staff(world, *REPLY), question)

        assert "A new message reopens the thread" in text_of(response)
        assert (get_thread().state, get_thread().unread_by_support) == ("closed", 0)
        assert LogEntry.objects.get().user == world.support
        threads.write(world.official, MessageDraft("Still there?"))
        assert get_thread().state == "waiting"

    def test_thread_with_an_unread_message_cannot_be_closed(
        self, world: World, question: Message
    ) -> None:
        threads.write(world.official, MessageDraft("One more thing"))
        client = staff(world, *REPLY)

        assert "There is a new message" in text_of(close(client, question))
        assert "There is a new message" in text_of(close(client, question, seen="x"))
        assert get_thread().state == "waiting"
        assert not LogEntry.objects.exists()

    def test_second_close_does_nothing(self, world: World, question: Message) -> None:
        client = staff(world, *REPLY)
        for _ in range(2):
            close(client, question)

        assert LogEntry.objects.count() == 1


class TestHistory:
    @pytest.mark.parametrize("is_superuser", [False, True], ids=["support", "superuser"])
    def test_threads_cannot_be_changed_or_deleted(
        self, world: World, question: Message, is_superuser: bool
    ) -> None:
        codenames = Permission.objects.values_list("codename", flat=True)
        client = staff(world, *codenames)
        User.objects.filter(pk=world.support.pk).update(is_superuser=is_superuser)
        path = f"{LIST}{question.thread_id}"
        changed = client.post(page_of(question), {"state": "closed", "body": "Changed"})
        deleted = client.post(f"{path}/delete/", {"post": "yes"})
        client.post(LIST, {"action": "delete_selected", "_selected_action": [question.thread_id]})

        assert changed.status_code == deleted.status_code == HTTPStatus.FORBIDDEN
        assert Message.objects.get().body == "A question"
        assert get_thread().state == "waiting"
        with pytest.raises(NoReverseMatch):
            reverse("admin:subscriptions_message_changelist")


class TestRemovalRequests:
    def test_request_is_highlighted_and_links_to_the_removal(
        self, world: World, question: Message, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Message.objects.update(removal_quantity=5)
        question.refresh_from_db()
        client = staff(world, *REPLY)

        def fake_reverse(name: str, **kwargs: Any) -> str:
            is_removal = name == "admin:subscriptions_organization_remove_licenses"
            return f"/admin/remove/{kwargs['args'][0]}/" if is_removal else reverse(name, **kwargs)

        monkeypatch.setattr("subscriptions.admin.messenger.reverse", fake_reverse)
        page = client.get(page_of(question)).content.decode()

        assert "Asks to remove 5 licenses" in page
        assert f'href="/admin/remove/{world.lakeside.pk}/?message={question.pk}"' in page
        assert "Otto Official" in text_of(client.get(LIST, {"removal": "asked"}))

    def test_no_link_without_a_removal_page(
        self, question: Message, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fake_reverse(*args: Any, **kwargs: Any) -> str:
            raise NoReverseMatch

        monkeypatch.setattr("subscriptions.admin.messenger.reverse", fake_reverse)

        assert remove_licenses_link(question) == ""
        question.removal_quantity = 5
        assert remove_licenses_link(question) == ""
