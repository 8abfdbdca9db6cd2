"""Messenger threads: messages, replies, limits and visitors (R27, R28)."""

import uuid
from datetime import date
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from post_office.models import Email
from pytest_django import Settings

from subscriptions import clock
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.messenger import replies, threads
from subscriptions.messenger.threads import MessageDraft
from subscriptions.models import Message, Notification, Thread
from subscriptions.models.members import Role
from subscriptions.policy.refusal import Reason
from tests.support.checks import refuses
from tests.support.factories import MembershipFactory
from tests.support.pages import text_of
from tests.support.world import World, local

THREAD = "/o/lakeside/messages/"
NEWS = "/o/lakeside/messages/news/"
GENERAL = "/messages/"
HTMX = {"HX-Request": "true"}
VISITOR = {"name": "Pat Prospect", "email": "pat@meadow.example", "body": "Which package?"}


def send(client: Client, body: str = "Hello", path: str = THREAD, **form: Any) -> Any:
    return client.post(path, {"body": body, "submission": uuid.uuid4(), **form})


def bodies() -> list[str]:
    return list(Message.objects.values_list("body", flat=True))


def reply(world: World, message: Message, body: str = "A reply") -> Message:
    sent, _is_new = replies.reply(
        message.thread, world.support, MessageDraft(body), seen=message.pk
    )
    return sent


class TestWriting:
    @pytest.mark.parametrize("role", ["administrator", "assignor", "observer", "official"])
    def test_every_member_can_write_and_read(self, world: World, role: str) -> None:
        person = getattr(world, role)
        response = send(world.client(person), "Who is there?")
        page = text_of(world.client(person).get(THREAD))

        thread = Thread.objects.get()
        assert response.status_code == HTTPStatus.FOUND
        assert (thread.person, thread.organization) == (person.user, world.lakeside)
        assert (thread.state, thread.unread_by_support) == ("waiting", 1)
        assert thread.waiting_since == clock.now()
        assert "Who is there?" in page
        assert "You June 16, 2031 at 12:00 PM Eastern Time" in page

    def test_thread_outside_organizations_is_separate(self, world: World) -> None:
        client = world.client(world.official)
        send(client, "About Lakeside")
        send(client, "About my account", GENERAL)

        assert Thread.objects.count() == 2
        assert "About Lakeside" not in text_of(client.get(GENERAL))
        assert "Lakeside Officials Association" in text_of(client.get(GENERAL))

    def test_support_staff_may_write_too(self, world: World) -> None:
        assert send(world.client(world.support), path=GENERAL).status_code == HTTPStatus.FOUND

    def test_threads_of_others_are_not_readable(self, world: World) -> None:
        send(world.client(world.official), "Otto's secret")
        for person in (world.administrator, world.assignor):
            assert "Otto's secret" not in text_of(world.client(person).get(THREAD))
        for path in (THREAD, NEWS):
            for stranger in (world.stranger, world.support):
                assert world.client(stranger).get(path).status_code == HTTPStatus.NOT_FOUND
        response = send(world.client(world.stranger), "I am Otto")

        assert response.status_code == HTTPStatus.NOT_FOUND
        assert bodies() == ["Otto's secret"]

    def test_former_member_loses_access_but_support_keeps_the_thread(self, world: World) -> None:
        client = world.client(world.official)
        message = threads.write(world.official, MessageDraft("Before"))
        members.remove(world.administrator, world.official)

        assert client.get(THREAD).status_code == HTTPStatus.NOT_FOUND
        assert client.get(NEWS).status_code == HTTPStatus.NOT_FOUND
        assert send(client).status_code == HTTPStatus.NOT_FOUND
        assert threads.count_unread(world.official.user) == 0
        with refuses(Reason.NOT_A_MEMBER):
            threads.write(world.official, MessageDraft("After"))
        reply(world, message)
        assert threads.count_unread(world.official.user) == 0
        assert Notification.objects.get(kind="support_replied").data["link"] == ""

    def test_closed_organization_keeps_its_messenger(self, world: World) -> None:
        """R22"""
        world.at(local(date(2032, 2, 1)))
        client = world.client(world.official)
        closed = client.get("/o/lakeside/")

        assert closed.status_code == HTTPStatus.FORBIDDEN
        assert f'href="{THREAD}"' in closed.content.decode()
        assert send(client).status_code == HTTPStatus.FOUND

    def test_input_is_escaped(self, world: World) -> None:
        client = world.client(world.official)
        send(client, "<script>alert(1)</script>\r\n\r\nhttp://x.example/ <b>bold</b>")
        page = client.get(THREAD).content.decode()

        assert "<script>alert" not in page
        assert "&lt;b&gt;bold&lt;/b&gt;" in page
        assert 'href="http://x.example' not in page

    @pytest.mark.parametrize(
        ("body", "error"),
        [
            ("", "Write your message first."),
            ("  \n ", "Write your message first."),
            ("\u200b", "Write your message first."),
            ("x" * 4001, "at most 4,000 characters, and this one has 4,001"),
            ("x" * 1_000_000, "and this one has 1,000,000"),
            ("No\x00ne", "Null characters are not allowed."),
        ],
    )
    def test_invalid_input_shows_an_error_and_is_kept(
        self, world: World, body: str, error: str
    ) -> None:
        response = send(world.client(world.official), body)

        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert error in text_of(response)
        assert body.strip()[:50].replace("\x00", "") in response.content.decode().replace(
            "\x00", ""
        )
        assert not Thread.objects.exists()

    def test_three_megabyte_message_is_refused(self, world: World) -> None:
        response = send(world.client(world.official), "x" * 3_000_000)

        assert response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        assert not Message.objects.exists()

    def test_messages_are_limited_to_ten_in_ten_minutes(self, world: World) -> None:
        client = world.client(world.official)
        statuses = [send(client, f"number {number}").status_code for number in range(12)]
        refused = send(client, "This took me an hour to write")
        other_thread = send(client, "Or here", GENERAL)

        assert statuses == [HTTPStatus.FOUND] * 10 + [HTTPStatus.TOO_MANY_REQUESTS] * 2
        assert "at most 10 messages in 10 minutes" in text_of(refused)
        assert "This took me an hour to write" in refused.content.decode()
        assert other_thread.status_code == HTTPStatus.TOO_MANY_REQUESTS
        world.later(minutes=11)
        assert send(client, "Now").status_code == HTTPStatus.FOUND

    def test_form_submitted_twice_sends_one_message(self, world: World) -> None:
        client = world.client(world.official)
        submission = uuid.uuid4()
        for _ in range(3):
            send(client, "Once", submission=submission)

        assert bodies() == ["Once"]

    def test_resubmitted_form_with_new_text_is_sent(self, world: World) -> None:
        client = world.client(world.official)
        submission = uuid.uuid4()
        send(client, "First", submission=submission)
        send(client, "Second", submission=submission)
        send(client, "Third", submission="invalid")

        assert bodies() == ["First", "Second", "Third"]

    def test_two_users_can_submit_the_same_id(self, world: World) -> None:
        submission = uuid.uuid4()
        send(world.client(world.official), "Mine", submission=submission)
        send(world.client(world.observer), "Mine", submission=submission)

        assert Thread.objects.count() == Message.objects.count() == 2

    def test_support_is_notified_once_while_unanswered(
        self, world: World, settings: Settings
    ) -> None:
        settings.SUPPORT_EMAIL = "support@licensing.example"
        for number in range(3):
            threads.write(world.official, MessageDraft(f"number {number}"))

        notification = Notification.objects.get(kind="message_waiting")
        assert notification.recipient == "support@licensing.example"
        assert "/admin/subscriptions/thread/" in notification.data["link"]


class TestReplies:
    def test_reply_is_counted_read_and_mailed(
        self, world: World, django_capture_on_commit_callbacks: Any
    ) -> None:
        message = threads.write(world.official, MessageDraft("A question"))
        with django_capture_on_commit_callbacks(execute=True):
            reply(world, message, "The reply & more")
        client = world.client(world.official)

        assert "1 new reply" in text_of(client.get("/o/lakeside/"))
        assert "1 new reply" in text_of(client.get("/account/"))
        assert "The reply &amp; more" in client.get(THREAD).content.decode()
        assert "new reply" not in text_of(client.get("/o/lakeside/"))
        mail = Email.objects.get()
        assert mail.to == [world.official.user.email]
        assert "The reply & more" in mail.message
        assert "http://localhost/o/lakeside/messages/" in mail.message

    def test_poll_returns_replies_since_the_last_message(self, world: World) -> None:
        message = threads.write(world.official, MessageDraft("A question"))
        client = world.client(world.official)
        empty = client.get(NEWS, {"after": message.pk}, headers=HTMX)
        new_reply = reply(world, message)
        news = client.get(NEWS, {"after": message.pk}, headers=HTMX)

        assert empty.status_code == HTTPStatus.NO_CONTENT
        page = news.content.decode()
        assert "A reply" in page
        assert "A question" not in page
        assert f"?after={new_reply.pk}" in page
        assert Thread.objects.get().unread_by_person == 0

    @pytest.mark.parametrize("after", ["x", "-1", "9" * 18, "9" * 40, "²"])
    def test_poll_after_an_unknown_message_returns_nothing(self, world: World, after: str) -> None:
        reply(world, threads.write(world.official, MessageDraft("A question")))
        response = world.client(world.official).get(NEWS, {"after": after})

        assert response.status_code == HTTPStatus.NO_CONTENT
        assert Thread.objects.get().unread_by_person == 1

    def test_poll_without_a_message_id_returns_everything(self, world: World) -> None:
        threads.write(world.official, MessageDraft("A question"))

        assert "A question" in text_of(world.client(world.official).get(NEWS))

    def test_poll_is_forbidden_without_an_account_and_empty_without_a_thread(
        self, world: World
    ) -> None:
        assert Client().get("/messages/news/").status_code == HTTPStatus.FORBIDDEN
        response = world.client(world.official).get("/messages/news/")
        assert response.status_code == HTTPStatus.NO_CONTENT

    def test_reply_sent_while_reading_stays_unread(self, world: World) -> None:
        message = threads.write(world.official, MessageDraft("A question"))
        reply(world, message)
        loaded = threads.find_thread(world.official.user, world.lakeside)
        newest = threads.write(world.official, MessageDraft("Thank you"))
        reply(world, newest, "You are welcome")
        threads.mark_read_by_person(loaded)

        assert Thread.objects.get().unread_by_person == 2

    def test_reply_in_one_organization_is_not_counted_in_another(self, world: World) -> None:
        both = MembershipFactory.create(
            organization=world.stranger.organization, user=world.official.user
        )
        reply(world, threads.write(both, MessageDraft("About Harbor")))
        client = world.client(world.official)

        assert "new reply" not in text_of(client.get("/o/lakeside/"))
        assert "1 new reply" in text_of(client.get("/o/harbor/"))
        assert "Harbor Umpires 1 new reply" in text_of(client.get(GENERAL))


class TestWithoutAccount:
    def test_message_is_sent_and_confirmed(self, db: None) -> None:
        response = send(Client(), path=GENERAL, **VISITOR)
        page = Client().get(response.headers["Location"])

        thread = Thread.objects.get()
        assert (thread.name, thread.email) == ("Pat Prospect", "pat@meadow.example")
        assert thread.person is None
        assert "Your message has been sent" in text_of(page)

    def test_reply_mail_does_not_quote_the_visitor(
        self, world: World, django_capture_on_commit_callbacks: Any
    ) -> None:
        text = MessageDraft("Buy at http://spam.example/")
        message = threads.write_without_account("Pat http://spam.example/", "p@m.example", text)
        with django_capture_on_commit_callbacks(execute=True):
            reply(world, message)

        mail = Email.objects.get()
        assert mail.to == ["p@m.example"]
        assert "A reply" in mail.message
        assert "spam.example" not in mail.message + mail.html_message

    def test_page_does_not_disclose_accounts(self, world: World) -> None:
        known = Client().post(GENERAL, VISITOR | {"email": world.official.user.email})
        unknown = Client().post(GENERAL, VISITOR)

        assert known.headers["Location"] == unknown.headers["Location"]
        assert known.status_code == unknown.status_code
        # The message is not added to that account's thread.
        assert not Thread.objects.filter(person=world.official.user).exists()

    @pytest.mark.parametrize(
        ("field", "value", "error"),
        [
            ("name", "", "This field is required"),
            ("email", "nobody", "valid email address"),
            ("email", "a@b\r\nBcc: c@d.example", "valid email address"),
            ("body", "", "Write your message first."),
            ("body", "x" * 1_000_000, "at most 4,000 characters"),
        ],
    )
    def test_invalid_input(self, db: None, field: str, value: str, error: str) -> None:
        response = Client().post(GENERAL, VISITOR | {field: value})

        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert error in text_of(response)
        assert not Thread.objects.exists()

    def test_messages_are_limited_to_five_per_hour_and_network_address(self, db: None) -> None:
        statuses = [
            Client().post(GENERAL, VISITOR | {"body": f"number {number}"}).status_code
            for number in range(6)
        ]
        refused = Client().post(GENERAL, VISITOR | {"body": "A long message"})

        assert statuses == [HTTPStatus.FOUND] * 5 + [HTTPStatus.TOO_MANY_REQUESTS]
        assert "in the last hour" in text_of(refused)
        assert "A long message" in refused.content.decode()
        other = Client(REMOTE_ADDR="203.0.113.9").post(GENERAL, VISITOR)
        assert other.status_code == HTTPStatus.FOUND

    def test_message_with_the_honeypot_filled_in_is_silently_discarded(self, db: None) -> None:
        response = Client().post(GENERAL, VISITOR | {"website": "http://spam.example"})

        assert response.status_code == HTTPStatus.FOUND
        assert not Thread.objects.exists()

    def test_form_submitted_twice_sends_one_message(self, db: None) -> None:
        form = VISITOR | {"submission": str(uuid.uuid4())}
        for body in ("Once", "Once", "Other words"):
            Client().post(GENERAL, form | {"body": body})

        assert bodies() == ["Once", "Other words"]


def test_account_created_later_does_not_get_earlier_messages(world: World) -> None:
    """There is no proof that it is the same person."""
    threads.write_without_account("Nora", "nora@lakeside.example", MessageDraft("Who am I?"))
    nora = members.add(world.assignor, NewMember("Nora", "nora@lakeside.example", Role.OBSERVER))

    assert "Who am I?" not in text_of(world.client(nora).get(GENERAL))
