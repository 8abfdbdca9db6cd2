"""Limits that keep thieves from testing stolen cards on payment pages (R12, R17).

Buyers whose card is declined try another one right away. A thief's program tries hundreds, so it
runs into a limit on open payment pages, payment pages that close, and waits that double.
"""

from datetime import datetime, timedelta

from subscriptions.policy.refusal import ALLOWED, Allowed, Reason, Refusal

# How many payment pages an organization or an anonymous visitor may have open at once.
MAX_OPEN_CHECKOUTS = 5
# A payment page closes after this many declined cards.
MAX_DECLINES_PER_CHECKOUT = 8
# Declined cards allowed per day before a wait is required.
DECLINES_WITHOUT_WAIT = 5
DECLINE_WINDOW = timedelta(days=1)
FIRST_WAIT = timedelta(minutes=1)
MAX_WAIT = timedelta(hours=2)


def wait_after(declines: int) -> timedelta:
    """Return the wait before the next payment page, after the last of ``declines`` declines."""
    excess = declines - DECLINES_WITHOUT_WAIT
    if excess <= 0:
        return timedelta(0)
    # Ten doublings already exceed the longest wait; this keeps the number small.
    doubled: int = 2 ** min(excess - 1, 10)
    return min(FIRST_WAIT * doubled, MAX_WAIT)


def may_open_checkout(
    *, open_checkouts: int, declines: int, last_declined_at: datetime | None, now: datetime
) -> Allowed | Refusal:
    """Whether another payment page may be opened.

    ``declines``: cards declined in the last day; ``last_declined_at``: the most recent decline.
    """
    if open_checkouts >= MAX_OPEN_CHECKOUTS:
        return Refusal(Reason.TOO_MANY_CHECKOUTS, {"most": MAX_OPEN_CHECKOUTS})
    if last_declined_at is None:
        return ALLOWED
    until = last_declined_at + wait_after(declines)
    return Refusal(Reason.TOO_MANY_DECLINES, {"until": until}) if now < until else ALLOWED
