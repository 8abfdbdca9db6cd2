"""Waits and limits against card testing, before, at and after each boundary."""

from datetime import UTC, datetime, timedelta

import pytest

from subscriptions.policy.card_testing import (
    DECLINES_WITHOUT_WAIT,
    MAX_OPEN_CHECKOUTS,
    MAX_WAIT,
    may_open_checkout,
    wait_after,
)
from subscriptions.policy.refusal import ALLOWED, Reason, Refusal

pytestmark = pytest.mark.one_database

NOW = datetime(2031, 6, 16, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("declines", "minutes"),
    [(0, 0), (1, 0), (5, 0), (6, 1), (7, 2), (8, 4), (9, 8), (12, 64), (13, 120), (10_000, 120)],
)
def test_wait_doubles_up_to_the_maximum(declines: int, minutes: int) -> None:
    assert wait_after(declines) == timedelta(minutes=minutes)
    assert wait_after(declines) <= MAX_WAIT


@pytest.mark.parametrize("seconds_ago", [59, 60, 61])
def test_wait_ends_after_a_minute(seconds_ago: int) -> None:
    last = NOW - timedelta(seconds=seconds_ago)

    decision = may_open_checkout(
        open_checkouts=0, declines=DECLINES_WITHOUT_WAIT + 1, last_declined_at=last, now=NOW
    )

    if seconds_ago < 60:
        until = last + timedelta(minutes=1)
        assert decision == Refusal(Reason.TOO_MANY_DECLINES, {"until": until})
    else:
        assert decision == ALLOWED


def test_few_declines_cause_no_wait() -> None:
    decision = may_open_checkout(
        open_checkouts=0, declines=DECLINES_WITHOUT_WAIT, last_declined_at=NOW, now=NOW
    )

    assert decision == ALLOWED


@pytest.mark.parametrize("open_checkouts", [0, MAX_OPEN_CHECKOUTS - 1, MAX_OPEN_CHECKOUTS])
def test_open_checkouts_are_limited(open_checkouts: int) -> None:
    decision = may_open_checkout(
        open_checkouts=open_checkouts, declines=0, last_declined_at=None, now=NOW
    )

    assert (decision == ALLOWED) == (open_checkouts < MAX_OPEN_CHECKOUTS)
