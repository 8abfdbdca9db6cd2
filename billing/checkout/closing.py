"""Closing open checkouts at the processor, before something they would contradict begins (R17)."""

from contextlib import suppress

from billing.checkout import sessions
from billing.gateway import processor
from billing.gateway.types import ProcessorRefused, SessionNotOpen, SessionUnknown
from billing.models import Purchase
from billing.settlement import settle, transitions
from billing.states import UNSETTLED
from subscriptions.models import Organization


def close_open_checkouts(organization: Organization) -> None:
    """Expire every unsettled checkout of an organization; what was paid is settled instead.

    Never under a lock. Raises ProcessorUnavailable where the processor cannot be asked: then it is
    not known, and nothing that depends on it may begin.
    """
    unsettled = Purchase.objects.filter(organization=organization, status__in=UNSETTLED)
    for purchase in unsettled.order_by("created_at"):
        close_checkout(purchase)


def close_checkout(purchase: Purchase) -> None:
    """Expire one checkout, and write down what the processor then says of it."""
    session_id = purchase.session_id or _find_session(purchase)
    if session_id is None:
        return
    try:
        # Not open: paid a moment ago, or expired already. Settling finds out which.
        with suppress(SessionNotOpen):
            processor.expire_session(session_id)
        settle.settle(session_id)
    except SessionUnknown:
        # What the processor does not know cannot be paid there.
        transitions.abandon_unknown(purchase)


def _find_session(purchase: Purchase) -> str | None:
    """The session of a purchase that has none written down; None when there is none (R17)."""
    try:
        return sessions.create_checkout(purchase).session_id
    except ProcessorRefused:
        return None
