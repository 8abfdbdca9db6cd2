"""Messages to support: how long, how often, and asking for licenses to be removed (R27, R28)."""

from datetime import timedelta

from subscriptions.policy.refusal import ALLOWED, Allowed, Reason, Refusal

# Characters of one message, with each end of a line as one.
LONGEST_MESSAGE = 4000
# So many messages may one person send within so long.
MOST_MESSAGES = 10
WITHIN = timedelta(minutes=10)

# All control characters but the end of a line and the tab.
_CONTROL = dict.fromkeys([*range(32), *range(127, 160)])
del _CONTROL[ord("\n")], _CONTROL[ord("\t")]


def cleaned(text: str) -> str:
    """What is kept of a message: plain text with ``\\n`` as the end of a line."""
    with_one_end = text.replace("\r\n", "\n").replace("\r", "\n")
    return with_one_end.translate(_CONTROL).strip()


def check_body(body: str) -> Allowed | Refusal:
    """Whether a cleaned message says something and is no longer than one may be."""
    if len(body) > LONGEST_MESSAGE:
        facts = {"longest": LONGEST_MESSAGE, "length": len(body)}
        return Refusal(Reason.MESSAGE_TOO_LONG, facts)
    # Some characters, such as the zero-width space, are neither white space nor to be seen.
    if not any(character.isprintable() and not character.isspace() for character in body):
        return Refusal(Reason.MESSAGE_EMPTY)
    return ALLOWED


def may_write(recent: int) -> Allowed | Refusal:
    """Whether somebody may send one more message after ``recent`` ones ``WITHIN`` the limit."""
    if recent >= MOST_MESSAGES:
        minutes = int(WITHIN.total_seconds()) // 60
        return Refusal(Reason.TOO_MANY_MESSAGES, {"most": MOST_MESSAGES, "minutes": minutes})
    return ALLOWED


def may_ask_for_removal(may_renew: Allowed | Refusal) -> Allowed | Refusal:
    """Whether licenses may be asked to be removed: while renewal is open (R27).

    ``may_renew``: whether it is open.
    """
    if isinstance(may_renew, Refusal) and may_renew.reason == Reason.RENEWAL_NOT_OPEN:
        return Refusal(Reason.REMOVAL_NOT_OPEN, may_renew.facts)
    return may_renew


def may_reply(*, newest_reply: int, seen: int) -> Allowed | Refusal:
    """Whether support may reply: no colleague has replied since it was read.

    Both are numbers of messages, in the order they were written: the newest of support, and the
    newest one on the page. What the person wrote since then does not block a reply.
    """
    return Refusal(Reason.ALREADY_REPLIED) if newest_reply > seen else ALLOWED


def may_close(*, newest: int, seen: int) -> Allowed | Refusal:
    """Whether support may close without a reply: nobody has written since it was read."""
    return Refusal(Reason.WRITTEN_MEANWHILE) if newest > seen else ALLOWED
