"""Protection against card testing: close payment pages after declined cards, and delay the next.

The limits are in ``subscriptions.policy.card_testing``.
"""

from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, Max, Q, Sum

from billing.checkout.closing import close_checkout
from billing.models import ProcessorEvent, Purchase
from billing.states import UNSETTLED, PurchaseKind
from subscriptions import clock
from subscriptions.models import Organization
from subscriptions.policy import card_testing
from subscriptions.policy.refusal import require


def note_decline(event: ProcessorEvent, purchase_id: UUID) -> None:
    """Count a declined card of a purchase, and close its payment page after too many.

    An event counts once, no matter how often it is delivered, because it is marked as processed in
    the same transaction. Never call it under a lock. Raises ProcessorUnavailable or
    ProcessorRefused if the page could not be closed; reconciliation will retry.
    """
    with transaction.atomic():
        # The same event may be delivered twice at once.
        event = ProcessorEvent.objects.select_for_update().get(pk=event.pk)
        if event.processed_at is not None:
            return
        Purchase.objects.filter(pk=purchase_id).update(
            declines=F("declines") + 1, last_declined_at=clock.now()
        )
        event.processed_at = clock.now()
        event.save(update_fields=["processed_at"])
    purchase = Purchase.objects.filter(pk=purchase_id).first()
    if purchase is not None:
        close_after_too_many_declines(purchase)


def close_after_too_many_declines(purchase: Purchase) -> None:
    """Close a payment page after too many declined cards. Raises as ``note_decline`` does."""
    is_open = purchase.status in UNSETTLED
    if is_open and purchase.declines >= card_testing.MAX_DECLINES_PER_CHECKOUT:
        close_checkout(purchase)


def refuse_suspicious(organization: Organization) -> None:
    """Raise Refused after too many open payment pages or declined cards of an organization."""
    _refuse_if_suspicious(Q(organization=organization))


def refuse_suspicious_stranger(email: str) -> None:
    """Do the same for an original purchase, by the buyer's e-mail address."""
    _refuse_if_suspicious(Q(kind=PurchaseKind.ORIGINAL, buyer_email__iexact=email))


def _refuse_if_suspicious(purchases: Q) -> None:
    now = clock.now()
    # Declines are found by the start of their checkout, so look back further than a checkout lives.
    since = now - 2 * card_testing.DECLINE_WINDOW
    recent = Q(last_declined_at__gt=now - card_testing.DECLINE_WINDOW)
    found = Purchase.objects.filter(purchases, created_at__gte=since).aggregate(
        open=Count("pk", filter=Q(status__in=UNSETTLED)),
        declines=Sum("declines", filter=recent, default=0),
        last=Max("last_declined_at", filter=recent),
    )
    require(
        card_testing.may_open_checkout(
            open_checkouts=found["open"],
            declines=found["declines"],
            last_declined_at=found["last"],
            now=now,
        )
    )
