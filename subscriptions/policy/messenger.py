"""Messenger limits, and when license removals may be requested (R27, R28)."""

from datetime import timedelta

from subscriptions.policy.refusal import ALLOWED, Allowed, Reason, Refusal

# In characters; a line break counts as one.
MAX_MESSAGE_LENGTH = 4000
# One person may send this many messages per rate limit window.
MAX_MESSAGES = 10
RATE_LIMIT_WINDOW = timedelta(minutes=10)

# All control characters except newline and tab.
_CONTROL_CHARACTERS = dict.fromkeys([*range(32), *range(127, 160)])
del _CONTROL_CHARACTERS[ord("\n")], _CONTROL_CHARACTERS[ord("\t")]


def clean_message(text: str) -> str:
    """Return a message as stored: plain text with ``\\n`` line endings."""
    normalized = text.replace("\r\n", "\n").replace("\r", "\n")
    return normalized.translate(_CONTROL_CHARACTERS).strip()


def check_body(body: str) -> Allowed | Refusal:
    """Whether a cleaned message has visible text and is not too long."""
    if len(body) > MAX_MESSAGE_LENGTH:
        facts = {"longest": MAX_MESSAGE_LENGTH, "length": len(body)}
        return Refusal(Reason.MESSAGE_TOO_LONG, facts)
    # Some characters, such as the zero-width space, are neither white space nor visible.
    if not any(character.isprintable() and not character.isspace() for character in body):
        return Refusal(Reason.MESSAGE_EMPTY)
    return ALLOWED


def may_write(recent: int) -> Allowed | Refusal:
    """Whether another message may be sent; ``recent``: sent within ``RATE_LIMIT_WINDOW``."""
    if recent >= MAX_MESSAGES:
        minutes = int(RATE_LIMIT_WINDOW.total_seconds()) // 60
        return Refusal(Reason.TOO_MANY_MESSAGES, {"most": MAX_MESSAGES, "minutes": minutes})
    return ALLOWED


def may_request_removal(may_renew: Allowed | Refusal) -> Allowed | Refusal:
    """Whether license removals may be requested: only while renewal is open (R27)."""
    if isinstance(may_renew, Refusal) and may_renew.reason == Reason.RENEWAL_NOT_OPEN:
        return Refusal(Reason.REMOVAL_NOT_OPEN, may_renew.facts)
    return may_renew


def may_reply(*, newest_reply: int, seen: int) -> Allowed | Refusal:
    """Whether support may reply: only if no colleague has replied since the page loaded.

    Both are message numbers, assigned in order: the newest by support, and the newest on the page.
    Anything the person has written since then does not block a reply.
    """
    return Refusal(Reason.ALREADY_REPLIED) if newest_reply > seen else ALLOWED


def may_close(*, newest: int, seen: int) -> Allowed | Refusal:
    """Whether support may close a thread without a reply.

    Only if nothing new has arrived since the page loaded; both are message numbers.
    """
    return Refusal(Reason.NEW_MESSAGE) if newest > seen else ALLOWED
