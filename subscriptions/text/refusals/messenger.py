"""The sentences for what is refused about messages to support.

``subscriptions/text/refusals/sentences.py`` is where they are asked for.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from subscriptions.policy.decisions import Reason
from subscriptions.text import formats

Facts = Mapping[str, Any]


def _empty(facts: Facts) -> str:
    return _("Write your message first.")


def _too_long(facts: Facts) -> str:
    return _(
        "A message has at most %(longest)s characters, and this one has %(length)s. Shorten it, or "
        "send it in parts."
    ) % {
        "longest": formats.number(facts["longest"]),
        "length": formats.number(facts["length"]),
    }


def _too_many(facts: Facts) -> str:
    return ngettext(
        "That is more than %(most)s messages in %(minutes)s minute. Wait a moment, then send it "
        "again: what you wrote is kept here.",
        "That is more than %(most)s messages in %(minutes)s minutes. Wait a moment, then send it "
        "again: what you wrote is kept here.",
        facts["minutes"],
    ) % {"most": formats.number(facts["most"]), "minutes": formats.number(facts["minutes"])}


def _removal_not_open(facts: Facts) -> str:
    return _(
        "Licenses can be removed while renewal is open, from %(opens)s on. The term keeps all its "
        "licenses until it expires on %(expires)s."
    ) % {
        "opens": formats.full_date(facts["renewal_opens_on"]),
        "expires": formats.full_date(facts["expires_on"]),
    }


def _answered_meanwhile(facts: Facts) -> str:
    return _(
        "A colleague has answered meanwhile. Nothing was sent. Read that answer, then send yours "
        "if it is still needed."
    )


def _written_meanwhile(facts: Facts) -> str:
    return _("Something was written meanwhile, so the conversation stays open. Read it first.")


SENTENCES: dict[Reason, Callable[[Facts], str]] = {
    Reason.MESSAGE_EMPTY: _empty,
    Reason.MESSAGE_TOO_LONG: _too_long,
    Reason.TOO_MANY_MESSAGES: _too_many,
    Reason.REMOVAL_NOT_OPEN: _removal_not_open,
    Reason.ANSWERED_MEANWHILE: _answered_meanwhile,
    Reason.WRITTEN_MEANWHILE: _written_meanwhile,
}
