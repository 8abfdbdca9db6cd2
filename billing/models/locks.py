"""The order of locks: organization, then renewal, then purchase.

The processor is never called under one, so what was asked or closed there may have changed by the
time a lock is held: ``until_done`` then begins anew.
"""

from collections.abc import Callable
from typing import TypeVar

from django.db.models import OuterRef, Subquery

from billing.models import Purchase
from subscriptions.models import Organization, Renewal
from subscriptions.models.organizations import lock_organization

# How often to begin anew when somebody keeps doing the opposite at the same moment.
_PATIENCE = 4
T = TypeVar("T")


def until_done(attempt: Callable[[], T | None], *, otherwise: Exception) -> T:
    """Call the processor without a lock, then act under it, until nothing came between.

    ``attempt`` does both, and returns None where something did. Raises ``otherwise`` when that
    goes on and on.
    """
    for _ in range(_PATIENCE):
        done = attempt()
        if done is not None:
            return done
    raise otherwise


def lock_purchase(purchase: Purchase) -> Purchase:
    """The purchase as it is now, locked after what it belongs to; with what fulfilling reads.

    The one of an organization comes with ``highest_receipt_number``, read behind its lock.
    """
    rows = Purchase.objects.select_for_update(of=("self",)).select_related(
        "term", "buyer", "renewal"
    )
    if purchase.organization_id is None:
        return rows.get(pk=purchase.pk)
    organization = lock_organization(Organization(pk=purchase.organization_id))
    if purchase.renewal_id is not None:
        Renewal.objects.select_for_update().get(pk=purchase.renewal_id)
    receipts = Purchase.objects.filter(
        organization=OuterRef("organization"), receipt_number__isnull=False
    ).order_by("-receipt_number")
    highest = Subquery(receipts.values("receipt_number")[:1])
    locked = rows.annotate(highest_receipt_number=highest).get(pk=purchase.pk)
    locked.organization = organization
    return locked
