"""Close open checkouts at the processor before something that conflicts with them (R17)."""

from contextlib import suppress

from billing.checkout import sessions
from billing.gateway import processor
from billing.gateway.types import ProcessorRefused, SessionNotOpen, SessionUnknown
from billing.models import Purchase
from billing.settlement import settle, transitions
from billing.states import UNSETTLED
from subscriptions.models import Organization


def close_open_checkouts(organization: Organization) -> None:
    """Expire all unsettled checkouts of an organization; settle those that were paid.

    Never call it under a lock. Raises ProcessorUnavailable if the processor cannot be reached; in
    that case, do not start anything that depends on them being closed.
    """
    unsettled = Purchase.objects.filter(organization=organization, status__in=UNSETTLED)
    for purchase in unsettled.order_by("created_at"):
        close_checkout(purchase)


def close_checkout(purchase: Purchase) -> None:
    """Expire one checkout, and settle it according to the processor's response."""
    session_id = purchase.session_id or _find_session(purchase)
    if session_id is None:
        return
    try:
        # If it is not open, it has just been paid or has expired; settling finds out which.
        with suppress(SessionNotOpen):
            processor.expire_session(session_id)
        settle.settle(session_id)
    except SessionUnknown:
        # A session the processor does not know cannot be paid.
        transitions.abandon_unknown_purchase(purchase)


def _find_session(purchase: Purchase) -> str | None:
    """Return the session ID of a purchase without a stored one, or None (R17)."""
    try:
        return sessions.create_checkout(purchase).session_id
    except ProcessorRefused:
        return None
