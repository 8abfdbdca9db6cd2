"""Locks and their order: organization, then renewal, then purchase.

The processor is never called under a lock, so its response may be outdated once the lock is held;
``retry_until_done`` then starts over.
"""

from collections.abc import Callable
from typing import TypeVar

from django.db.models import OuterRef, Subquery

from billing.models import Purchase
from subscriptions.models import Organization, Renewal
from subscriptions.models.organizations import lock_organization

# How often to start over when other requests keep interfering.
_MAX_ATTEMPTS = 4
T = TypeVar("T")


def retry_until_done(attempt: Callable[[], T | None], *, otherwise: Exception) -> T:
    """Repeat ``attempt`` until it returns something other than None, and return that.

    ``attempt`` calls the processor without a lock, then acts under one; it returns None if
    something else happened in between. Raises ``otherwise`` after too many attempts.
    """
    for _ in range(_MAX_ATTEMPTS):
        result = attempt()
        if result is not None:
            return result
    raise otherwise


def lock_purchase(purchase: Purchase) -> Purchase:
    """Lock a purchase and what it belongs to, and return it with what fulfillment reads.

    If it has an organization, it also has ``highest_receipt_number``, read under that
    organization's lock.
    """
    rows = Purchase.objects.select_for_update(of=("self",)).select_related("term", "buyer")
    if purchase.organization_id is None:
        return rows.get(pk=purchase.pk)
    organization = lock_organization(Organization(pk=purchase.organization_id))
    renewal = None
    if purchase.renewal_id is not None:
        renewal = Renewal.objects.select_for_update().get(pk=purchase.renewal_id)
    receipts = Purchase.objects.filter(
        organization=OuterRef("organization"), receipt_number__isnull=False
    ).order_by("-receipt_number")
    highest = Subquery(receipts.values("receipt_number")[:1])
    locked = rows.annotate(highest_receipt_number=highest).get(pk=purchase.pk)
    locked.organization, locked.renewal = organization, renewal
    return locked
