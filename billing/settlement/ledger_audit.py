"""The ledger audit: each paid purchase was fulfilled exactly once (R14, R29).

It only reads. A difference means a bug or a manual change to the database, so a person must look at
it; nothing here writes to the ledger.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import TypeVar

from django.db.models import Sum

from billing.models import Purchase
from billing.refunds.reversal import paid_purchase
from billing.states import PurchaseKind, PurchaseStatus
from subscriptions.models import LicenseEntry
from subscriptions.policy.refunds import reversed_add_ons
from subscriptions.text.ids import read_uuid

T = TypeVar("T")
_CHUNK = 500
PREFIX = "purchase:"


def differences(since: datetime | None = None) -> Iterator[tuple[str, str]]:
    """Yield the differences between the ledger and settled purchases, as (reference, problem).

    Covers those settled at or after ``since``; None covers all of them, which takes a long time.
    """
    settled = Purchase.objects.filter(status=PurchaseStatus.SETTLED).select_related("term")
    entries = LicenseEntry.objects.filter(reverses=None, reference__startswith=PREFIX)
    if since is not None:
        settled = settled.filter(settled_at__gte=since)
        entries = entries.filter(created_at__gte=since)
    for purchases in _batched(settled.order_by("pk").iterator(chunk_size=_CHUNK)):
        yield from _wrong_entries(purchases)
    references = entries.order_by("pk").values_list("reference", flat=True)
    for batch in _batched(references.iterator(chunk_size=_CHUNK)):
        yield from _orphaned_entries(batch)


def _wrong_entries(purchases: list[Purchase]) -> Iterator[tuple[str, str]]:
    fulfilled = {
        entry.reference: entry
        for entry in LicenseEntry.objects.filter(
            reference__in=[purchase.reference for purchase in purchases]
        ).annotate(reversed_licenses=Sum("reversals__quantity"))
    }
    for purchase in purchases:
        entry = fulfilled.get(purchase.reference)
        if entry is None:
            yield purchase.reference, "settled, but not fulfilled"
            continue
        if (entry.quantity, entry.term_id) != (purchase.quantity, purchase.term_id):
            yield purchase.reference, f"{purchase.quantity} paid, {entry.quantity} fulfilled"
        reversed_licenses = -(entry.reversed_licenses or 0)
        if reversed_licenses != _licenses_to_reverse(purchase):
            yield (
                purchase.reference,
                f"{reversed_licenses} licenses reversed, which does not match the refunds",
            )


def _licenses_to_reverse(purchase: Purchase) -> int:
    if purchase.kind == PurchaseKind.ADD_ON:
        return reversed_add_ons(paid_purchase(purchase)) if purchase.refunded_amount else 0
    return purchase.quantity if purchase.term and purchase.term.canceled_at else 0


def _orphaned_entries(references: list[str]) -> Iterator[tuple[str, str]]:
    purchase_ids = {
        reference: read_uuid(reference.removeprefix(PREFIX)) for reference in references
    }
    known = set(
        Purchase.objects.filter(
            pk__in=[purchase_id for purchase_id in purchase_ids.values() if purchase_id],
            status=PurchaseStatus.SETTLED,
        ).values_list("pk", flat=True)
    )
    for reference, purchase_id in purchase_ids.items():
        if purchase_id not in known:
            yield reference, "fulfilled without a settled purchase"


def _batched(rows: Iterable[T]) -> Iterator[list[T]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, _CHUNK)):
        yield batch
