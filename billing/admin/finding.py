"""What the processor's ids look like, and what they find."""

import re
import uuid

from django.db.models import Q

from billing.models import Dispute, PaymentProblem, Purchase, Refund

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


def purchases(text: str) -> Q | None:
    """Purchases by their own number or any id that the processor gave around their payment.

    None where ``text`` is none of these.
    """
    number = as_number(text)
    if number is not None:
        return Q(pk=number)
    if REFUND.fullmatch(text):
        return Q(pk__in=Refund.objects.filter(refund_id=text).values("purchase"))
    if DISPUTE.fullmatch(text):
        return Q(pk__in=Dispute.objects.filter(dispute_id=text).values("purchase"))
    named = by_payment(text)
    if named is None:
        return None
    # A second payment of a purchase stands on support's list only.
    held = PaymentProblem.objects.filter(named, purchase__isnull=False).order_by()
    own = Purchase.objects.filter(named).order_by()
    return Q(pk__in=own.values("pk").union(held.values("purchase")))


def as_number(text: str) -> uuid.UUID | None:
    """The UUID of a purchase, written as such or as the ledger's reference."""
    try:
        return uuid.UUID(text.removeprefix("purchase:").partition(":")[0])
    except ValueError:
        return None
