"""Closing open checkouts at the processor, before something they would contradict begins (R17)."""

from collections.abc import Iterable
from contextlib import suppress

from billing import gateway, purchases
from billing.models import Purchase
from billing.processor import ProcessorRefused, SessionNotOpen
from billing.reconcile import look_up
from billing.states import UNSETTLED
from subscriptions import clock
from subscriptions.models import Organization


def close_open_checkouts(organization: Organization) -> None:
    """Expire every unsettled checkout of an organization; what was paid is settled instead.

    Never under a lock. Raises ProcessorUnavailable where the processor cannot be asked: then it is
    not known, and nothing that depends on it may begin.
    """
    open_purchases: Iterable[Purchase] = Purchase.objects.filter(
        organization=organization, status__in=UNSETTLED
    ).order_by("created_at")
    for purchase in open_purchases:
        close_checkout(purchase)


def close_checkout(purchase: Purchase) -> None:
    """Expire one checkout, and write down what the processor then says of it."""
    session_id = purchase.session_id or _find_session(purchase)
    if session_id is None:
        return
    # Not open: paid a moment ago, or expired already. Settling finds out which.
    with suppress(SessionNotOpen):
        gateway.expire_session(session_id)
    purchases.settle(session_id)


def _find_session(purchase: Purchase) -> str | None:
    """The session of a purchase that has none written down; None when there is none (R17)."""
    if clock.now() - purchase.created_at < purchases.REPEAT_WITHIN:
        try:
            return purchases.create_checkout(purchase).session_id
        except ProcessorRefused:
            return None
    session = look_up(purchase)
    if session is not None:
        return session.id
    purchases.abandon(purchase)
    return None
