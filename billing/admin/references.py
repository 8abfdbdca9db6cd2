"""What the processor's ids look like, and what they find."""

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


def by_payment(text: str) -> Q | None:
    """A condition for what keeps ``session_id`` and ``payment_intent_id`` itself."""
    if SESSION.fullmatch(text):
        return Q(session_id=text)
    if PAYMENT.fullmatch(text):
        return Q(payment_intent_id=text)
    return None


def purchases(text: str) -> list[uuid.UUID] | None:
    """Keys of purchases by their own number, or any id that the processor gave around a payment.

    None where ``text`` is none of these.
    """
    number = as_number(text)
    if number is not None:
        return [number]
    if REFUND.fullmatch(text):
        return _of(Refund.objects.filter(refund_id=text))
    if DISPUTE.fullmatch(text):
        return _of(Dispute.objects.filter(dispute_id=text))
    named = by_payment(text)
    if named is None:
        return None
    # A second payment of a purchase stands on support's list only.
    own = Purchase.objects.filter(named).values_list("pk", flat=True)
    return [*own, *_of(PaymentProblem.objects.filter(named))]


def _of(rows: QuerySet[Any]) -> list[uuid.UUID]:
    return list(rows.filter(purchase__isnull=False).values_list("purchase", flat=True))


def as_number(text: str) -> uuid.UUID | None:
    """The UUID of a purchase, written as such or as the ledger's reference."""
    return read_uuid(text.removeprefix("purchase:").partition(":")[0])
