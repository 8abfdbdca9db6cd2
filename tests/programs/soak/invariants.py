"""Invariants that hold at any moment, and those that hold once everything is settled."""

from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Sum
from post_office.models import STATUS, Email

from billing.models import PaymentProblem, ProcessorEvent, Purchase, Refund
from billing.settlement import ledger_audit
from billing.states import PAID, UNSETTLED, PurchaseKind, PurchaseStatus, RefundStatus
from subscriptions import clock
from subscriptions.licenses.status import get_status
from subscriptions.models import LicenseEntry, Notification, Organization, Renewal
from subscriptions.models.terms import RenewalState
from subscriptions.policy.expiration import Phase

Sessions = list[dict[str, Any]]
Check = Callable[[Sessions], Iterator[str]]


def check_at_any_moment() -> tuple[int, list[str]]:
    """Return the number of checks and the violations, while work is in progress (one snapshot)."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return _run([lambda _: _licenses_suffice()], [])


def check_once_settled(sessions: Sessions) -> tuple[int, list[str]]:
    """Check every invariant once no work is in progress."""
    number, wrong = check_payments(sessions)
    more, too = _run(
        [lambda _: _nothing_is_pending(), lambda _: _one_mail_per_notification()], sessions
    )
    return number + more, wrong + too


def check_payments(sessions: Sessions) -> tuple[int, list[str]]:
    """Compare purchases, licenses and users with the processor's sessions."""
    return _run(
        [
            _paid_is_fulfilled,
            _fulfilled_is_paid,
            _renewed_once,
            lambda _: _receipts_are_gapless(),
            lambda _: _licenses_suffice(),
            lambda _: (f"{what}: {how}" for what, how in ledger_audit.differences()),
        ],
        sessions,
    )


def _run(checks: list[Check], sessions: Sessions) -> tuple[int, list[str]]:
    return len(checks), [wrong for check in checks for wrong in check(sessions)]


def _paid_is_fulfilled(sessions: Sessions) -> Iterator[str]:
    """Every payment is fulfilled once, refunded in full, or held by support (R14)."""
    purchases = {one.session_id: one for one in Purchase.objects.filter(status__in=PAID)}
    problems = set(PaymentProblem.objects.values_list("session_id", flat=True))
    for session in sessions:
        if session["payment_status"] != "paid":
            continue
        purchase = purchases.get(session["id"])
        if purchase is None:
            if session["id"] not in problems:
                yield f"paid but unknown: {session['id']}"
        elif purchase.status == PurchaseStatus.SETTLED:
            yield from _licenses_of(purchase)
        elif purchase.status != PurchaseStatus.REFUNDED and session["id"] not in problems:
            yield f"paid but {purchase.status}: {session['id']}"


def _licenses_of(purchase: Purchase) -> Iterator[str]:
    fulfilled = LicenseEntry.objects.filter(reference=purchase.reference)
    numbers = list(fulfilled.values_list("quantity", flat=True))
    if numbers != [purchase.quantity]:
        yield f"{purchase.reference}: {purchase.quantity} paid, {numbers} fulfilled"
    reversals = LicenseEntry.objects.filter(reverses__in=fulfilled).aggregate(all=Sum("quantity"))
    expected = purchase.quantity
    if purchase.refunded_amount < purchase.total_amount:
        expected = 5 * (purchase.refunded_amount // (5 * purchase.unit_amount))
    if purchase.kind == PurchaseKind.ADD_ON and -(reversals["all"] or 0) != expected:
        yield f"{purchase.reference}: {reversals['all']} reversed, {expected} refunded"


def _fulfilled_is_paid(sessions: Sessions) -> Iterator[str]:
    paid = {one["id"] for one in sessions if one["payment_status"] == "paid"}
    settled = Purchase.objects.filter(status=PurchaseStatus.SETTLED)
    for purchase in settled.exclude(session_id__in=paid):
        yield f"{purchase.reference}: fulfilled but never paid"


def _renewed_once(sessions: Sessions) -> Iterator[str]:
    """A second payment of a renewal is refunded in full (R14)."""
    settled = Purchase.objects.filter(status=PurchaseStatus.SETTLED, kind=PurchaseKind.RENEWAL)
    for row in settled.values("renewal").annotate(payments=Count("pk")).filter(payments__gt=1):
        yield f"renewal {row['renewal']} was paid {row['payments']} times"
    for purchase in Purchase.objects.filter(status=PurchaseStatus.REFUNDED):
        refunded = Refund.objects.filter(
            problem__purchase=purchase, status=RefundStatus.SUCCEEDED
        ).aggregate(all=Sum("amount"))["all"]
        if refunded != purchase.total_amount:
            yield f"{purchase.reference}: {refunded} of {purchase.total_amount} refunded"


def _receipts_are_gapless() -> Iterator[str]:
    for organization in Organization.objects.all():
        with_receipt = Purchase.objects.filter(
            organization=organization, receipt_number__isnull=False
        )
        numbers = sorted(
            with_receipt.values_list("receipt_number", flat=True), key=lambda one: one or 0
        )
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"receipts of {organization.slug}: {numbers}"


def _licenses_suffice() -> Iterator[str]:
    """Licenses in use never exceed those held, except after expiration or a reversal (R5)."""
    reversed_in = set(
        LicenseEntry.objects.filter(reverses__isnull=False).values_list("term_id", flat=True)
    )
    for organization in Organization.objects.all():
        subscription = get_status(organization, clock.now())
        is_over = subscription.phase in (Phase.EXPIRED, Phase.CLOSED)
        if is_over or (subscription.term and subscription.term.pk in reversed_in):
            continue
        if subscription.licenses.over:
            yield f"{organization.slug}: {subscription.licenses}"


def _nothing_is_pending() -> Iterator[str]:
    """No work is left unfinished."""
    paying = Renewal.objects.filter(state=RenewalState.PAYING)
    pending = {
        "purchases": Purchase.objects.filter(status__in=UNSETTLED),
        "refunding": Purchase.objects.filter(status=PurchaseStatus.REFUNDING),
        "renewals being paid": paying,
        "events": ProcessorEvent.objects.filter(processed_at__isnull=True),
        "refunds": Refund.objects.exclude(status=RefundStatus.SUCCEEDED),
        "notifications": Notification.objects.filter(queued_at__isnull=True),
        "mails": Email.objects.exclude(status=STATUS.sent),
    }
    for what, rows in pending.items():
        if number := rows.count():
            yield f"{number} {what} still pending"


def _one_mail_per_notification() -> Iterator[str]:
    mails, notifications = Email.objects.count(), Notification.objects.count()
    if mails != notifications:
        yield f"{notifications} notifications, {mails} mails"
