"""Search purchases by processor ID."""

import re
import uuid
from typing import Any

from django.db.models import Q, QuerySet

from billing.models import Dispute, PaymentProblem, Purchase, Refund
from subscriptions.text.ids import read_uuid

SESSION = re.compile(r"cs_\w+")
PAYMENT = re.compile(r"pi_\w+")
REFUND = re.compile(r"(re|pyr)_\w+")
DISPUTE = re.compile(r"(du|dp)_\w+")


def payment_condition(text: str) -> Q | None:
    """Return a condition on ``session_id`` and ``payment_intent_id``, or None if it is neither."""
    if SESSION.fullmatch(text):
        return Q(session_id=text)
    if PAYMENT.fullmatch(text):
        return Q(payment_intent_id=text)
    return None


def find_purchases(text: str) -> list[uuid.UUID] | None:
    """Return purchases found by purchase number or processor ID.

    None if ``text`` is neither.
    """
    purchase_id = read_purchase_id(text)
    if purchase_id is not None:
        return [purchase_id]
    if REFUND.fullmatch(text):
        return _purchase_ids(Refund.objects.filter(refund_id=text))
    if DISPUTE.fullmatch(text):
        return _purchase_ids(Dispute.objects.filter(dispute_id=text))
    condition = payment_condition(text)
    if condition is None:
        return None
    # A second payment of a purchase is only on support's list.
    own = Purchase.objects.filter(condition).values_list("pk", flat=True)
    return [*own, *_purchase_ids(PaymentProblem.objects.filter(condition))]


def _purchase_ids(rows: QuerySet[Any]) -> list[uuid.UUID]:
    return list(rows.filter(purchase__isnull=False).values_list("purchase", flat=True))


def read_purchase_id(text: str) -> uuid.UUID | None:
    """Return the UUID of a purchase, given as a UUID or as a ledger reference."""
    return read_uuid(text.removeprefix("purchase:").partition(":")[0])
