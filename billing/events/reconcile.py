"""Reconciliation: settle what the return page and webhooks left unsettled (R14, R17).

It is safe to run at any time, as often as you like, alongside live traffic, because it calls the
same functions as the return page and webhooks.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import DatabaseError, InterfaceError

from billing.checkout import card_testing
from billing.checkout.sessions import CLOCK_SKEW, create_checkout
from billing.events import follow_payment, webhook
from billing.events.fetch_window import LOOKBACK, next_window
from billing.gateway import processor
from billing.gateway.types import (
    ProcessorError,
    ProcessorRefused,
    ProcessorUnavailable,
    SessionUnknown,
)
from billing.models import Dispute, PaymentProblem, ProcessorEvent, Purchase, Refund
from billing.refunds import sync
from billing.settlement import ledger_audit, rebuild, settle, transitions
from billing.states import CLOSED_DISPUTES, ENDED_UNPAID, PurchaseStatus, RefundStatus
from subscriptions import clock
from subscriptions.models.periodic import last_complete_run, record_complete_run

logger = logging.getLogger(__name__)
# Errors worth retrying within a minute; a run with one of them is not complete.
_TRANSIENT_ERRORS = (ProcessorUnavailable, DatabaseError, InterfaceError)
Row = TypeVar("Row", Purchase, Refund, ProcessorEvent, str)

# The names under which complete runs are recorded.
RUN, FULL_DAY_RUN = "reconcile_purchases", "reconcile_purchases: whole day"
# Banks reject refunds within days; this is several times as long.
REFUND_FAILURE_WINDOW = timedelta(days=35)


class StillFailing(Exception):
    """An event in the inbox failed again."""


@dataclass(frozen=True)
class Line:
    """One finding of a run. ``needs_attention`` means that a person must look at it."""

    category: str
    subject: str
    result: str
    needs_attention: bool = False


@dataclass
class Report:
    """The findings of a run."""

    lines: list[Line] = field(default_factory=list)
    # Whether the processor's lists, and everything in them, could be read.
    is_complete: bool = True

    def add(
        self, category: str, subject: object, result: str, *, needs_attention: bool = False
    ) -> None:
        """Add a finding."""
        self.lines.append(Line(category, str(subject), result, needs_attention))

    @property
    def failures(self) -> int:
        """The number of findings that a person must look at."""
        return sum(line.needs_attention for line in self.lines)


def reconcile(*, lookback: timedelta = LOOKBACK, is_thorough: bool = False) -> Report:
    """Settle, resume, abandon, refund and process everything unfinished, and audit the ledger.

    Search what the processor created within ``lookback`` for anything unknown here. With
    ``is_thorough``, also ask about every open dispute, and about every refund from recent weeks,
    which a bank may still have rejected.
    """
    return _reconcile(clock.now() - lookback - CLOCK_SKEW, is_thorough=is_thorough)


def reconcile_recent(*, is_thorough: bool = False) -> Report:
    """Reconcile what is new since the last complete run; once an hour, reconcile the whole day.

    The hourly run is thorough. Only a complete run counts: the next run starts where the last
    complete one began.
    """
    began_at = clock.now()
    window = next_window(
        began_at, last_run=last_complete_run(RUN), last_full_day=last_complete_run(FULL_DAY_RUN)
    )
    report = _reconcile(window.since, is_thorough=is_thorough or window.is_full_day)
    if report.is_complete:
        record_complete_run(RUN, began_at)
        if window.is_full_day:
            record_complete_run(FULL_DAY_RUN, began_at)
    return report


def _reconcile(since: datetime, *, is_thorough: bool) -> Report:
    report = Report()
    _process_each(
        report, "purchase without session", _unfinished_purchases(PurchaseStatus.PENDING), _resume
    )
    _process_each(report, "unpaid purchase", _unfinished_purchases(PurchaseStatus.OPEN), _check)
    _process_each(report, "unfinished refund", _unsent_refunds(), _refund)
    _process_each(report, "event not processed", _waiting_events(), _process)
    missed = _fetch(report, "paid session", lambda: _find_missed_sessions(since))
    _process_each(report, "paid session", missed, _settle_missed)
    touched = _fetch(report, "refund or dispute", lambda: processor.payments_touched_since(since))
    if is_thorough:
        touched = list(dict.fromkeys([*touched, *_payments_that_may_change()]))
    _process_each(report, "refund or dispute", touched, _follow)
    follow_payment.close_checkouts_of_canceled_terms()
    for subject, difference in ledger_audit.differences(since):
        report.add("ledger differs", subject, difference, needs_attention=True)
    return report


def _find_missed_sessions(since: datetime) -> list[str]:
    """Return our paid sessions that are missing here (R14), and open sessions of lost purchases.

    A renewal must know of checkouts that can still be paid (R17).
    """
    created = processor.sessions_created_since(since)
    sessions = [session for session in created if session.is_ours]
    paid = {session.id for session in sessions if session.is_complete}
    # Unsettled purchases are checked anyway.
    known = Purchase.objects.filter(session_id__in=paid).exclude(status__in=ENDED_UNPAID)
    listed = PaymentProblem.objects.filter(session_id__in=paid)
    for found in (known, listed):
        paid -= set(found.values_list("session_id", flat=True))
    return sorted(paid | rebuild.find_lost_open_sessions(sessions))


def _payments_that_may_change() -> list[str]:
    """Return payments with an undecided dispute, or with a refund that may have failed (R30)."""
    disputes = Dispute.objects.exclude(status__in=CLOSED_DISPUTES)
    since = clock.now() - REFUND_FAILURE_WINDOW
    refunds = Refund.objects.filter(status=RefundStatus.SUCCEEDED, created_at__gte=since)
    return [
        payment
        for found in (disputes, refunds)
        for payment in found.values_list("payment_intent_id", flat=True)
    ]


def _settle_missed(session_id: str) -> str:
    purchase = settle.settle(session_id)
    if purchase is not None:
        return purchase.status
    is_listed = PaymentProblem.objects.filter(session_id=session_id).exists()
    return "no purchase, on support's list" if is_listed else "no purchase and no payment"


def _follow(payment_intent_id: str) -> str:
    """Follow up on a payment; return "" if a webhook has already done so (R30)."""
    before = _refunded_amount(payment_intent_id)
    follow_payment.follow_up(payment_intent_id)
    after = _refunded_amount(payment_intent_id)
    return "" if before == after else f"{after} refunded in all"


def _refunded_amount(payment_intent_id: str) -> int | None:
    found = Purchase.objects.filter(payment_intent_id=payment_intent_id)
    return found.values_list("refunded_amount", flat=True).first()


def _fetch(report: Report, category: str, fetch: Callable[[], list[str]]) -> list[str]:
    """Fetch a list from the processor; if that fails, report it and return an empty list."""
    try:
        return fetch()
    except ProcessorError as error:
        logger.exception("reconciliation: %s", category)
        report.is_complete = False
        report.add(category, "", f"{type(error).__name__}: {error}", needs_attention=True)
        return []


def _resume(purchase: Purchase) -> str:
    try:
        return create_checkout(purchase).status
    except ProcessorRefused:
        return PurchaseStatus.ABANDONED


def _check(purchase: Purchase) -> str:
    try:
        settled = settle.settle(purchase.session_id or "")
    except SessionUnknown:
        return transitions.abandon_unknown_purchase(purchase).status
    if settled is None:
        return "not found"
    card_testing.close_after_too_many_declines(settled)
    settled.refresh_from_db(fields=["status"])
    return settled.status


def _refund(refund: Refund) -> str:
    return sync.follow_up(refund).status


def _process(event: ProcessorEvent) -> str:
    if not webhook.process(event):
        raise StillFailing(event.error)
    return "processed"


def _unfinished_purchases(status: PurchaseStatus) -> Iterable[Purchase]:
    return Purchase.objects.filter(status=status).order_by("created_at")


def _unsent_refunds() -> Iterable[Refund]:
    waiting = (RefundStatus.REQUESTED, RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION)
    return Refund.objects.filter(status__in=waiting).order_by("created_at")


def _waiting_events() -> Iterable[ProcessorEvent]:
    # Skips events that are being processed right now.
    before: datetime = clock.now() - timedelta(minutes=1)
    return ProcessorEvent.objects.filter(
        processed_at__isnull=True, received_at__lt=before
    ).order_by("received_at")


def _process_each(
    report: Report, category: str, rows: Iterable[Row], action: Callable[[Row], str]
) -> None:
    for row in rows:
        try:
            result = action(row)
        except Exception as error:
            # One failure must not keep the others from being processed.
            logger.exception("reconciliation of %s failed", row)
            report.is_complete &= not isinstance(error, _TRANSIENT_ERRORS)
            report.add(category, row, f"{type(error).__name__}: {error}", needs_attention=True)
        else:
            if result:
                report.add(category, row, result)
