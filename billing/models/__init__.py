"""Purchases by card, what the processor told us, and money that went back."""

from billing.models.events import ProcessorEvent
from billing.models.purchases import Application, Purchase
from billing.models.refunds import Dispute, PaymentProblem, Refund

__all__ = ["Application", "Dispute", "PaymentProblem", "ProcessorEvent", "Purchase", "Refund"]
