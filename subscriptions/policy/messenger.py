"""Limits of the messenger, and when the removal of licenses may be requested (R27, R28)."""

from datetime import timedelta

from subscriptions.policy.refusal import ALLOWED, Allowed, Reason, Refusal

# In characters; a line end counts as one.
LONGEST_MESSAGE = 4000
# One person may send this many messages within this time.
MAX_MESSAGES = 10
WITHIN = timedelta(minutes=10)

# All control characters except newline and tab.
_CONTROL = dict.fromkeys([*range(32), *range(127, 160)])
del _CONTROL[ord("\n")], _CONTROL[ord("\t")]


def cleaned(text: str) -> str:
    """Return the text of a message as stored: plain text with ``\\n`` as line end."""
    with_one_end = text.replace("\r\n", "\n").replace("\r", "\n")
    return with_one_end.translate(_CONTROL).strip()


def check_body(body: str) -> Allowed | Refusal:
    """Whether a cleaned message has visible text and is not too long."""
    if len(body) > LONGEST_MESSAGE:
        facts = {"longest": LONGEST_MESSAGE, "length": len(body)}
        return Refusal(Reason.MESSAGE_TOO_LONG, facts)
    # Some characters, such as the zero-width space, are neither white space nor visible.
    if not any(character.isprintable() and not character.isspace() for character in body):
        return Refusal(Reason.MESSAGE_EMPTY)
    return ALLOWED


def may_write(recent: int) -> Allowed | Refusal:
    """Whether another message may be sent; ``recent`` were sent during the last ``WITHIN``."""
    if recent >= MAX_MESSAGES:
        minutes = int(WITHIN.total_seconds()) // 60
        return Refusal(Reason.TOO_MANY_MESSAGES, {"most": MAX_MESSAGES, "minutes": minutes})
    return ALLOWED


def may_request_removal(may_renew: Allowed | Refusal) -> Allowed | Refusal:
    """Whether the removal of licenses may be requested: only while renewal is open (R27).

    ``may_renew``: whether it is open.
    """
    if isinstance(may_renew, Refusal) and may_renew.reason == Reason.RENEWAL_NOT_OPEN:
        return Refusal(Reason.REMOVAL_NOT_OPEN, may_renew.facts)
    return may_renew


def may_reply(*, newest_reply: int, seen: int) -> Allowed | Refusal:
    """Whether support may reply: not if a colleague has replied since the page was loaded.

    Both are numbers of messages in the order written: the newest by support, and the newest shown
    on the page. What the person wrote since then does not block a reply.
    """
    return Refusal(Reason.ALREADY_REPLIED) if newest_reply > seen else ALLOWED


def may_close(*, newest: int, seen: int) -> Allowed | Refusal:
    """Whether support may close a thread without a reply: only if nothing is new since loading."""
    return Refusal(Reason.NEW_MESSAGE) if newest > seen else ALLOWED
