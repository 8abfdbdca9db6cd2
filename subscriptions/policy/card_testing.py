"""Against people who try out stolen cards on a payment page (R12, R17).

A buyer whose card is declined tries another one at once. A thief's program tries hundreds: it meets
few open payment pages, a page that closes, and waits that double.
"""

from datetime import datetime, timedelta

from subscriptions.policy.refusal import ALLOWED, Allowed, Reason, Refusal

# Payment pages that may be open for one organization, or one stranger, at a time.
MOST_OPEN_CHECKOUTS = 5
# Declined cards after which one payment page is closed.
MOST_DECLINES_OF_A_CHECKOUT = 8
# Declined cards within a day that nobody is asked to wait for.
DECLINES_WITHOUT_WAIT = 5
DECLINES_COUNT_FOR = timedelta(days=1)
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=2)


def wait_after(declines: int) -> timedelta:
    """How long the next payment page has to wait after the last of ``declines`` declined cards."""
    over = declines - DECLINES_WITHOUT_WAIT
    if over <= 0:
        return timedelta(0)
    # Beyond ten doublings it is the longest wait anyway, and the number stays small.
    doubled: int = 2 ** min(over - 1, 10)
    return min(FIRST_WAIT * doubled, LONGEST_WAIT)


def may_open_checkout(
    *, open_checkouts: int, declines: int, last_declined_at: datetime | None, now: datetime
) -> Allowed | Refusal:
    """Whether one more payment page may be made.

    ``declines``: declined cards of the last day, ``last_declined_at`` the newest of them.
    """
    if open_checkouts >= MOST_OPEN_CHECKOUTS:
        return Refusal(Reason.TOO_MANY_CHECKOUTS, {"most": MOST_OPEN_CHECKOUTS})
    if last_declined_at is None:
        return ALLOWED
    until = last_declined_at + wait_after(declines)
    return Refusal(Reason.TOO_MANY_DECLINES, {"until": until}) if now < until else ALLOWED
