"""Concurrent messages (R28)."""

import uuid

import pytest

from subscriptions.messenger import replies, threads
from subscriptions.messenger.threads import MessageDraft
from subscriptions.models import Message, Notification, Thread
from subscriptions.policy.messenger import MAX_MESSAGES
from subscriptions.policy.refusal import Reason, Refused
from tests.support.concurrency import concurrently
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("committed_db")
RACERS = 6


def test_double_click_sends_one_message_in_one_thread(world: World) -> None:
    text = MessageDraft("Once", uuid.uuid4())

    outcomes = concurrently(*[lambda: threads.write(world.official, text)] * RACERS)

    assert [type(outcome) for outcome in outcomes] == [Message] * RACERS
    assert Thread.objects.get().unread_by_support == Message.objects.count() == 1


def test_double_click_without_an_account_sends_one_message(world: World) -> None:
    text = MessageDraft("Once", uuid.uuid4())

    def send() -> Message:
        return threads.write_without_account("Pat", "pat@meadow.example", text)

    outcomes = concurrently(*[send] * RACERS)

    assert [type(outcome) for outcome in outcomes] == [Message] * RACERS
    assert Thread.objects.count() == Message.objects.count() == 1


def test_rate_limit_is_enforced(world: World) -> None:
    for number in range(MAX_MESSAGES - 1):
        threads.write(world.official, MessageDraft(f"number {number}"))

    outcomes = concurrently(*[lambda: threads.write(world.official, MessageDraft("More"))] * RACERS)

    assert sum(isinstance(outcome, Message) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == RACERS - 1


def test_two_support_agents_reply_once(world: World) -> None:
    question = threads.write(world.official, MessageDraft("A question"))

    def reply() -> bool:
        _message, is_new = replies.reply(
            question.thread, world.support, MessageDraft("A reply"), seen=question.pk
        )
        return is_new

    outcomes = concurrently(*[reply] * RACERS)

    assert outcomes.count(True) == 1
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert {outcome.refusal.reason for outcome in refused} == {Reason.ALREADY_REPLIED}
    assert len(refused) == RACERS - 1
    assert Notification.objects.filter(kind="support_replied").count() == 1


def test_message_sent_during_a_reply_stays_unanswered(world: World) -> None:
    """In either order, nothing is lost, and the message that support has not seen stays open."""
    question = threads.write(world.official, MessageDraft("A question"))

    concurrently(
        lambda: threads.write(world.official, MessageDraft("One more thing")),
        lambda: replies.reply(
            question.thread, world.support, MessageDraft("A reply"), seen=question.pk
        ),
    )

    thread = Thread.objects.get()
    last = Message.objects.get(body="One more thing")
    assert thread.messages.count() == 3
    assert (thread.state, thread.waiting_since) == ("waiting", last.created_at)
    assert (thread.unread_by_person, thread.unread_by_support) == (1, 1)
