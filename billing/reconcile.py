"""Asking the processor about everything that return page and webhook left unsettled (R14, R17).

Safe at any time, any number of times, beside live traffic: it calls the same functions as they do.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from billing import purchases, refunding, webhooks
from billing.models import ProcessorEvent, Purchase, Refund
from billing.processor import ProcessorRefused, SessionUnknown
from billing.states import PurchaseStatus, RefundStatus
from subscriptions import clock

logger = logging.getLogger(__name__)
Row = TypeVar("Row", Purchase, Refund, ProcessorEvent)


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


def _take_up(purchase: Purchase) -> str:
    try:
        return purchases.create_checkout(purchase).status
    except ProcessorRefused:
        return PurchaseStatus.ABANDONED


def _ask(purchase: Purchase) -> str:
    try:
        settled = purchases.settle(purchase.session_id or "")
    except SessionUnknown:
        return purchases.abandon_unknown(purchase).status
    return settled.status if settled else "not found"


def _refund(refund: Refund) -> str:
    return refunding.follow_up(refund).status


def _process(event: ProcessorEvent) -> str:
    if not webhooks.process(event):
        raise StillFailing(event.error)
    return "processed"


def _unfinished(status: PurchaseStatus) -> Iterable[Purchase]:
    return Purchase.objects.filter(status=status).order_by("created_at")


def _unsent_refunds() -> Iterable[Refund]:
    waiting = (RefundStatus.REQUESTED, RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION)
    return Refund.objects.filter(status__in=waiting).order_by("created_at")


def _waiting_events() -> Iterable[ProcessorEvent]:
    # Not the one that is being processed at this moment.
    before: datetime = clock.now() - timedelta(minutes=1)
    return ProcessorEvent.objects.filter(
        processed_at__isnull=True, received_at__lt=before
    ).order_by("received_at")


def _each(report: Report, rows: Iterable[Row], act: Callable[[Row], str]) -> None:
    for row in rows:
        try:
            report.add(row, act(row))
        except Exception as error:
            # One that cannot be settled must not keep the others from it.
            logger.exception("reconciliation of %s failed", row)
            report.failures += 1
            report.add(row, f"{type(error).__name__}: {error}")
