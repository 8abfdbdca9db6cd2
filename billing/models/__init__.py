"""Purchases by card, webhook events, refunds and disputes."""

from billing.models.events import ProcessorEvent
from billing.models.purchases import Application, Purchase
from billing.models.refunds import Dispute, PaymentProblem, Refund

__all__ = ["Application", "Dispute", "PaymentProblem", "ProcessorEvent", "Purchase", "Refund"]
