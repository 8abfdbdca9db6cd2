"""Comparing the ledger with purchases: what was paid is what was fulfilled, once (R14, R29).

Only looks. A difference is an error of this program or of a hand in the database, so a person has
to look at it: the ledger is not written from here.
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
    """Where ledger and purchases settled at or after ``since`` differ: (about what, how).

    None: all of them, which takes long.
    """
    settled = Purchase.objects.filter(status=PurchaseStatus.SETTLED).select_related("term")
    entries = LicenseEntry.objects.filter(reverses=None, reference__startswith=PREFIX)
    if since is not None:
        settled = settled.filter(settled_at__gte=since)
        entries = entries.filter(created_at__gte=since)
    for purchases in _batched(settled.order_by("pk").iterator(chunk_size=_CHUNK)):
        yield from _without_their_licenses(purchases)
    references = entries.order_by("pk").values_list("reference", flat=True)
    for some in _batched(references.iterator(chunk_size=_CHUNK)):
        yield from _without_a_purchase(some)


def _without_their_licenses(purchases: list[Purchase]) -> Iterator[tuple[str, str]]:
    fulfilled = {
        entry.reference: entry
        for entry in LicenseEntry.objects.filter(
            reference__in=[purchase.reference for purchase in purchases]
        ).annotate(reversed_licenses=Sum("reversals__quantity"))
    }
    for purchase in purchases:
        entry = fulfilled.get(purchase.reference)
        if entry is None:
            yield purchase.reference, "settled, and nothing was fulfilled"
            continue
        if (entry.quantity, entry.term_id) != (purchase.quantity, purchase.term_id):
            yield purchase.reference, f"{purchase.quantity} paid, {entry.quantity} fulfilled"
        reversed_licenses = -(entry.reversed_licenses or 0)
        if reversed_licenses != _licenses_to_reverse(purchase):
            yield (
                purchase.reference,
                f"{reversed_licenses} licenses taken back, not what refunds say",
            )


def _licenses_to_reverse(purchase: Purchase) -> int:
    if purchase.kind == PurchaseKind.ADD_ON:
        return reversed_add_ons(paid_purchase(purchase)) if purchase.refunded_amount else 0
    return purchase.quantity if purchase.term and purchase.term.canceled_at else 0


def _without_a_purchase(references: list[str]) -> Iterator[tuple[str, str]]:
    numbers = {reference: read_uuid(reference.removeprefix(PREFIX)) for reference in references}
    known = set(
        Purchase.objects.filter(
            pk__in=[number for number in numbers.values() if number],
            status=PurchaseStatus.SETTLED,
        ).values_list("pk", flat=True)
    )
    for reference, number in numbers.items():
        if number not in known:
            yield reference, "fulfilled, and no settled purchase says why"


def _batched(rows: Iterable[T]) -> Iterator[list[T]]:
    remaining = iter(rows)
    while some := list(islice(remaining, _CHUNK)):
        yield some
