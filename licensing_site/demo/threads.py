"""The demo's threads with support, for ``manage.py load_demo`` only."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from subscriptions import clock
from subscriptions.messenger import replies, threads
from subscriptions.messenger.threads import MessageDraft
from subscriptions.models import Membership, User


def load(now: datetime) -> None:
    """Create one thread with a reply, one with a removal request, and one from a visitor."""
    ada = _administrator("lakeside")
    with _at(now - timedelta(days=2, hours=3)):
        question = threads.write(
            ada,
            MessageDraft(
                "Hello, two of our officials share one e-mail address. Can both of them have an "
                "account?"
            ),
        )
    with _at(now - timedelta(days=2, hours=1)):
        replies.reply(
            question.thread,
            User.objects.get(email="support@licensing.example"),
            MessageDraft(
                "Hello Ada,\n\nEvery account needs its own e-mail address, because people sign in "
                "with it. Most mail services offer a second address for free."
            ),
            seen=question.pk,
        )
    with _at(now - timedelta(hours=5)):
        threads.request_removal(
            _administrator("harbor"),
            5,
            MessageDraft("Some umpires retire this season, so we need fewer licenses next year."),
        )
    with _at(now - timedelta(hours=1)):
        threads.write_without_account(
            "Pat Prospect",
            "pat@meadow.example",
            MessageDraft("We are about 30 referees. Which package do you recommend?"),
        )


def _administrator(slug: str) -> Membership:
    memberships = Membership.objects.select_related("organization", "user")
    return memberships.get(organization__slug=slug, user__email=f"administrator@{slug}.example")


@contextmanager
def _at(instant: datetime) -> Iterator[None]:
    clock.freeze(instant)
    try:
        yield
    finally:
        clock.freeze(None)
