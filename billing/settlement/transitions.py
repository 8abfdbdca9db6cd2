"""State transitions of a purchase, under its lock (see ``states.py``)."""

import logging

from django.db import transaction

from billing.gateway.types import CheckoutSession
from billing.models import Purchase
from billing.models.locks import lock_purchase
from billing.states import ENDED_UNPAID, UNSETTLED, PurchaseStatus, require_transition
from subscriptions.licenses import renewals
from subscriptions.models import Renewal

logger = logging.getLogger(__name__)

# What a transition may change; everything else was frozen when the purchase was started (R31).
_CHANGING_FIELDS = (
    *("status", "settled_at", "receipt_number"),
    *("session_id", "session_url", "session_expires_at"),
    *("payment_intent_id", "card_brand", "card_last4", "card_funding", "paid_at"),
    *("organization", "term", "term_starts_on", "term_expires_on"),
)


def abandon(purchase: Purchase) -> Purchase:
    """Close a purchase for which the processor has no Checkout Session (R17)."""
    return _abandon(purchase, PurchaseStatus.PENDING)


def abandon_unknown_purchase(purchase: Purchase) -> Purchase:
    """Close a purchase whose Checkout Session the processor does not know, so it cannot be paid."""
    logger.error("purchase %s: the processor does not know its session", purchase.pk)
    return _abandon(purchase, PurchaseStatus.OPEN)


def _abandon(purchase: Purchase, expected: PurchaseStatus) -> Purchase:
    with transaction.atomic():
        purchase = lock_purchase(purchase)
        if purchase.status == expected:
            move(purchase, PurchaseStatus.ABANDONED)
    return purchase


def open_with_session(purchase: Purchase, session: CheckoutSession) -> Purchase:
    """Open a purchase for payment once the processor has its Checkout Session."""
    with transaction.atomic():
        purchase = lock_purchase(purchase)
        # A webhook may have settled it before the response arrived.
        if purchase.status == PurchaseStatus.PENDING:
            bind_session(purchase, session)
            move(purchase, PurchaseStatus.OPEN)
    return purchase


def bind_session(purchase: Purchase, session: CheckoutSession) -> None:
    """Set the Checkout Session of a locked purchase."""
    purchase.session_id = session.id
    purchase.session_url = session.url
    purchase.session_expires_at = session.expires_at


def move(purchase: Purchase, status: PurchaseStatus) -> None:
    """Move a locked purchase to ``status`` and save it; reopen its renewal if it was not fulfilled.

    Raises ForbiddenTransition if ``status`` may not follow the current one.
    """
    require_transition(purchase.status, status)
    purchase.status = status
    purchase.save(update_fields=_CHANGING_FIELDS)
    if status in (*ENDED_UNPAID, PurchaseStatus.REFUNDING) and purchase.renewal is not None:
        _reopen_renewal(purchase, purchase.renewal)


def _reopen_renewal(purchase: Purchase, renewal: Renewal) -> None:
    """Allow the package and quantity to be chosen again, unless another payment is open (R24)."""
    others = Purchase.objects.filter(renewal=renewal, status__in=UNSETTLED)
    if not others.exclude(pk=purchase.pk).exists():
        renewals.reopen(renewal)
