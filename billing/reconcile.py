"""Asking the processor about everything that return page and webhook left unsettled (R14, R17).

Safe at any time, any number of times, beside live traffic: it calls the same functions as they do.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from billing import gateway, purchases, refunding, webhooks
from billing.models import ProcessorEvent, Purchase, Refund
from billing.processor import CheckoutSession, ProcessorRefused
from billing.states import PurchaseStatus, RefundStatus
from subscriptions import clock

logger = logging.getLogger(__name__)
Row = TypeVar("Row", Purchase, Refund, ProcessorEvent)

# What the processor's clock and ours may differ by, when its sessions are searched by time.
CLOCK_DIFFERENCE = timedelta(minutes=5)
_BATCH = 500


class StillFailing(Exception):
    """An event of the inbox could not be processed this time either."""


@dataclass
class Report:
    """What a run found and did: (what it was about, what became of it)."""

    lines: list[tuple[str, str]] = field(default_factory=list)
    failures: int = 0

    def add(self, subject: object, result: str) -> None:
        """One more line."""
        self.lines.append((str(subject), result))


def reconcile() -> Report:
    """Settle, resume, abandon, refund and process whatever is waiting."""
    report = Report()
    _each(report, _unfinished(PurchaseStatus.PENDING), _take_up)
    _each(report, _unfinished(PurchaseStatus.OPEN), _ask)
    _each(report, _unsent_refunds(), _refund)
    _each(report, _waiting_events(), _process)
    return report


def look_up(purchase: Purchase) -> CheckoutSession | None:
    """The processor's Checkout Session of a purchase that has none written down (R17).

    Found by our purchase id among the sessions created since the purchase. Raises ProcessorError.
    """
    since = purchase.created_at - CLOCK_DIFFERENCE
    for session in gateway.sessions_created_since(since):
        if session.is_ours and session.purchase_id == str(purchase.pk):
            return session
    return None


def _take_up(purchase: Purchase) -> str:
    """A purchase without a session: repeat its creation, or, when too late for that, look it up."""
    if clock.now() - purchase.created_at < purchases.REPEAT_WITHIN:
        try:
            return purchases.create_checkout(purchase).status
        except ProcessorRefused:
            return PurchaseStatus.ABANDONED
    session = look_up(purchase)
    if session is None:
        return purchases.abandon(purchase).status
    settled = purchases.settle(session.id)
    return settled.status if settled else "not found"


def _ask(purchase: Purchase) -> str:
    settled = purchases.settle(purchase.session_id or "")
    return settled.status if settled else "not found"


def _refund(refund: Refund) -> str:
    return refunding.follow_up(refund).status


def _process(event: ProcessorEvent) -> str:
    if not webhooks.process(event):
        raise StillFailing(event.error)
    return "processed"


def _unfinished(status: PurchaseStatus) -> Iterable[Purchase]:
    return Purchase.objects.filter(status=status).order_by("created_at")[:_BATCH]


def _unsent_refunds() -> Iterable[Refund]:
    waiting = (RefundStatus.REQUESTED, RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION)
    return Refund.objects.filter(status__in=waiting).order_by("created_at")[:_BATCH]


def _waiting_events() -> Iterable[ProcessorEvent]:
    # Not the one that is being processed at this moment.
    before: datetime = clock.now() - timedelta(minutes=1)
    return ProcessorEvent.objects.filter(
        processed_at__isnull=True, received_at__lt=before
    ).order_by("received_at")[:_BATCH]


def _each(report: Report, rows: Iterable[Row], act: Callable[[Row], str]) -> None:
    for row in rows:
        try:
            report.add(row, act(row))
        except Exception as error:
            # One that cannot be settled must not keep the others from it.
            logger.exception("reconciliation of %s failed", row)
            report.failures += 1
            report.add(row, f"{type(error).__name__}: {error}")
