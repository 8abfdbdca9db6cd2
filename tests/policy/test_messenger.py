"""Messages to support: length, rate limit and requests for removals (R27, R28)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.policy import messenger
from subscriptions.policy.messenger import MAX_MESSAGE_LENGTH, MAX_MESSAGES
from subscriptions.policy.refusal import ALLOWED, Reason, Refusal
from tests.support.checks import reason_of

pytestmark = pytest.mark.one_database


@pytest.mark.parametrize("text", ["", " ", "\n\t\r\n", "\x00\x07", "\u200b", " \u200b\ufeff "])
def test_message_must_not_be_empty(text: str) -> None:
    assert reason_of(messenger.check_body(messenger.clean_message(text))) == Reason.MESSAGE_EMPTY


@pytest.mark.parametrize("text", ["?", "<b>", "🙂", "你好", "\u200bx"])
def test_message_may_be_short(text: str) -> None:
    assert messenger.check_body(messenger.clean_message(text)) == ALLOWED


def test_message_length_is_limited() -> None:
    assert messenger.check_body("x" * MAX_MESSAGE_LENGTH) == ALLOWED
    decision = messenger.check_body("x" * (MAX_MESSAGE_LENGTH + 1))

    assert decision == Refusal(Reason.MESSAGE_TOO_LONG, {"longest": 4000, "length": 4001})


def test_line_break_counts_as_one_character() -> None:
    """A browser sends two characters for each line break."""
    text = "\r\n".join(["x"] * (MAX_MESSAGE_LENGTH // 2))

    assert messenger.check_body(messenger.clean_message(text)) == ALLOWED


@given(st.text(max_size=200))
def test_cleaning_keeps_visible_characters(text: str) -> None:
    cleaned = messenger.clean_message(text)

    assert messenger.clean_message(cleaned) == cleaned
    assert "\x00" not in cleaned
    assert "\r" not in cleaned
    visible = [c for c in text if c.isprintable() and c != " "]
    assert visible == [c for c in cleaned if c.isprintable() and c != " "]


def test_number_of_messages_is_limited() -> None:
    assert messenger.may_write(MAX_MESSAGES - 1) == ALLOWED
    assert reason_of(messenger.may_write(MAX_MESSAGES)) == Reason.TOO_MANY_MESSAGES


def test_removal_can_be_requested_while_renewal_is_open() -> None:
    facts = {"renewal_opens_on": date(2031, 12, 2), "expires_on": date(2031, 12, 31)}
    closed = messenger.may_request_removal(Refusal(Reason.RENEWAL_NOT_OPEN, facts))

    assert messenger.may_request_removal(ALLOWED) == ALLOWED
    assert closed == Refusal(Reason.REMOVAL_NOT_OPEN, facts)
    no_term = Refusal(Reason.NO_TERM)
    assert messenger.may_request_removal(no_term) == no_term


def test_reply_is_refused_until_a_colleagues_reply_is_seen() -> None:
    assert messenger.may_reply(newest_reply=4, seen=5) == ALLOWED
    assert reason_of(messenger.may_reply(newest_reply=6, seen=5)) == Reason.ALREADY_REPLIED


def test_unread_thread_cannot_be_closed() -> None:
    assert messenger.may_close(newest=5, seen=5) == ALLOWED
    assert reason_of(messenger.may_close(newest=6, seen=5)) == Reason.NEW_MESSAGE


def test_single_carriage_returns_become_line_breaks() -> None:
    assert messenger.clean_message("one\rtwo\r\nthree") == "one\ntwo\nthree"
