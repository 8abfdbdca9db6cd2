"""Asking the processor about everything that return page and webhook left unsettled (R14, R17).

Safe at any time, any number of times, beside live traffic: it calls the same functions as they do.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import DatabaseError, InterfaceError

from billing.checkout import card_testing
from billing.checkout.sessions import CLOCK_DIFFERENCE, create_checkout
from billing.events import follow_payment, webhook
from billing.events.reading import LOOK_BACK, next_reading
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
from billing.states import CAME_TO_NOTHING, OVER_DISPUTES, PurchaseStatus, RefundStatus
from subscriptions import clock
from subscriptions.models.periodic import last_complete_run, note_complete_run

logger = logging.getLogger(__name__)
# What is worth another try within the minute: the run is not complete then.
_AGAIN_SOON = (ProcessorUnavailable, DatabaseError, InterfaceError)
Row = TypeVar("Row", Purchase, Refund, ProcessorEvent, str)

# The names under which complete runs are noted.
RUN, WHOLE_DAY = "reconcile_purchases", "reconcile_purchases: whole day"
# Banks refuse refunds within some days; this is several times as long.
REFUNDS_MAY_FAIL_FOR = timedelta(days=35)


class StillFailing(Exception):
    """An event of the inbox could not be processed this time either."""


@dataclass(frozen=True)
class Line:
    """One thing that was found. ``is_trouble``: somebody has to look at it."""

    found: str
    subject: str
    result: str
    is_trouble: bool = False


@dataclass
class Report:
    """What a run found and did."""

    lines: list[Line] = field(default_factory=list)
    # Whether the processor's lists were read, and answers came about all that is in them.
    is_complete: bool = True

    def add(self, found: str, subject: object, result: str, *, is_trouble: bool = False) -> None:
        """One more line."""
        self.lines.append(Line(found, str(subject), result, is_trouble))

    @property
    def failures(self) -> int:
        """How many of them somebody has to look at."""
        return sum(line.is_trouble for line in self.lines)


def reconcile(*, look_back: timedelta = LOOK_BACK, is_thorough: bool = False) -> Report:
    """Settle, resume, abandon, refund and process whatever is waiting, and compare the ledger.

    What the processor has that we do not know of is looked for among what it made within
    ``look_back``. ``is_thorough``: also ask about every dispute that is open here, and every refund
    of the last weeks, which a bank may still have refused.
    """
    return _reconcile(clock.now() - look_back - CLOCK_DIFFERENCE, is_thorough=is_thorough)


def reconcile_news(*, is_thorough: bool = False) -> Report:
    """The same, for what is new since the last complete run; once an hour thoroughly, for the day.

    Only a complete run counts as one: the next one begins where the last of them began.
    """
    began_at = clock.now()
    reading = next_reading(
        began_at, last_run=last_complete_run(RUN), last_whole_day=last_complete_run(WHOLE_DAY)
    )
    report = _reconcile(reading.since, is_thorough=is_thorough or reading.is_whole_day)
    if report.is_complete:
        note_complete_run(RUN, began_at)
        if reading.is_whole_day:
            note_complete_run(WHOLE_DAY, began_at)
    return report


def _reconcile(since: datetime, *, is_thorough: bool) -> Report:
    report = Report()
    _each(report, "purchase without session", _unfinished(PurchaseStatus.PENDING), _take_up)
    _each(report, "unpaid purchase", _unfinished(PurchaseStatus.OPEN), _ask)
    _each(report, "unfinished refund", _unsent_refunds(), _refund)
    _each(report, "event not processed", _waiting_events(), _process)
    missed = _from_the_processor(report, "paid session", lambda: _missed_sessions(since))
    _each(report, "paid session", missed, _settle_missed)
    touched = _from_the_processor(
        report, "refund or dispute", lambda: processor.payments_touched_since(since)
    )
    if is_thorough:
        touched = list(dict.fromkeys([*touched, *_may_have_changed()]))
    _each(report, "refund or dispute", touched, _follow)
    follow_payment.close_checkouts_of_canceled_terms()
    for subject, difference in ledger_audit.differences(since):
        report.add("ledger differs", subject, difference, is_trouble=True)
    return report


def _missed_sessions(since: datetime) -> list[str]:
    """Paid sessions of ours that neither a purchase nor support's list has (R14).

    And those of lost purchases that can still be paid: a renewal has to know of them (R17).
    """
    sessions = [one for one in processor.sessions_created_since(since) if one.is_ours]
    paid = {session.id for session in sessions if session.is_complete}
    # Those of unsettled purchases are asked about anyway.
    known = Purchase.objects.filter(session_id__in=paid).exclude(status__in=CAME_TO_NOTHING)
    listed = PaymentProblem.objects.filter(session_id__in=paid)
    for found in (known, listed):
        paid -= set(found.values_list("session_id", flat=True))
    return sorted(paid | rebuild.lost_and_open(sessions))


def _may_have_changed() -> list[str]:
    """Payments whose open dispute may be decided, or whose refund may have failed (R30)."""
    disputes = Dispute.objects.exclude(status__in=OVER_DISPUTES)
    since = clock.now() - REFUNDS_MAY_FAIL_FOR
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
    return "no purchase, on support's list" if is_listed else "no purchase, and not paid"


def _follow(payment_intent_id: str) -> str:
    """Ask about a refund or dispute; nothing to say where a webhook had told us (R30)."""
    before = _refunded_amount(payment_intent_id)
    follow_payment.follow_payment(payment_intent_id)
    after = _refunded_amount(payment_intent_id)
    return "" if before == after else f"{after} refunded in all"


def _refunded_amount(payment_intent_id: str) -> int | None:
    found = Purchase.objects.filter(payment_intent_id=payment_intent_id)
    return found.values_list("refunded_amount", flat=True).first()


def _from_the_processor(report: Report, found: str, ask: Callable[[], list[str]]) -> list[str]:
    """A list of the processor's, or none where it cannot be asked."""
    try:
        return ask()
    except ProcessorError as error:
        logger.exception("reconciliation: %s", found)
        report.is_complete = False
        report.add(found, "", f"{type(error).__name__}: {error}", is_trouble=True)
        return []


def _take_up(purchase: Purchase) -> str:
    try:
        return create_checkout(purchase).status
    except ProcessorRefused:
        return PurchaseStatus.ABANDONED


def _ask(purchase: Purchase) -> str:
    try:
        settled = settle.settle(purchase.session_id or "")
    except SessionUnknown:
        return transitions.abandon_unknown(purchase).status
    if settled is None:
        return "not found"
    card_testing.close_if_tried_too_often(settled)
    settled.refresh_from_db(fields=["status"])
    return settled.status


def _refund(refund: Refund) -> str:
    return sync.follow_up(refund).status


def _process(event: ProcessorEvent) -> str:
    if not webhook.process(event):
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


def _each(report: Report, found: str, rows: Iterable[Row], act: Callable[[Row], str]) -> None:
    for row in rows:
        try:
            result = act(row)
        except Exception as error:
            # One that cannot be settled must not keep the others from it.
            logger.exception("reconciliation of %s failed", row)
            report.is_complete &= not isinstance(error, _AGAIN_SOON)
            report.add(found, row, f"{type(error).__name__}: {error}", is_trouble=True)
        else:
            if result:
                report.add(found, row, result)
