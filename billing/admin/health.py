"""The Health page: whether payments and e-mails work, with a button to reconcile (R14)."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import Min, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from post_office.models import STATUS, Email

from billing.admin.events import MAY_PROCESS
from billing.admin.references import read_purchase_id
from billing.admin.refunds.model_admin import NEEDS_RESPONSE, UNFINISHED
from billing.events import reconcile
from billing.models import Dispute, PaymentProblem, ProcessorEvent, Purchase, Refund
from billing.states import UNSETTLED
from subscriptions import clock
from subscriptions.admin.parts import display
from subscriptions.admin.parts.display import Fact, Panel, highlight, link, moment
from subscriptions.models import Notification, User
from subscriptions.text import formats

MAY_VIEW = "billing.view_processorevent"
# Webhooks arrive within seconds of a payment; after this time, none will.
WEBHOOK_OVERDUE_AFTER = timedelta(minutes=10)
# A checkout lives 35 minutes; older ones should be settled or abandoned (R17).
PURCHASE_OVERDUE_AFTER = timedelta(hours=1)
# The mail queue is processed every minute.
MAIL_OVERDUE_AFTER = timedelta(minutes=15)


def urls(site: admin.AdminSite) -> list[URLPattern]:
    """Return the URLs of the page and of its button."""

    def health(request: HttpRequest) -> HttpResponse:
        return show(site, request)

    def reconcile_now(request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm(MAY_PROCESS):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        report = reconcile.reconcile()
        _log(request, report)
        return show(site, request, report)

    return [
        path("health/", site.admin_view(health), name="billing_health"),
        path("health/reconcile/", site.admin_view(reconcile_now), name="billing_reconcile"),
    ]


def show(
    site: admin.AdminSite, request: HttpRequest, report: reconcile.Report | None = None
) -> HttpResponse:
    """Show the page, and after reconciliation its report."""
    if not request.user.has_perm(MAY_VIEW):
        raise PermissionDenied
    panels = [webhooks(), failed_events(request), purchases(), refunds(), mails()]
    context = {
        **site.each_context(request),
        "title": _("Health"),
        "panels": panels,
        "report": report_panel(report) if report else None,
        "may_reconcile": request.user.has_perm(MAY_PROCESS),
    }
    request.current_app = site.name
    return TemplateResponse(request, "billing/admin/health.html", context)


def webhooks() -> Panel:
    """Show when the last webhook was received."""
    last = ProcessorEvent.objects.order_by("-pk").first()
    paid = (
        Purchase.objects.filter(paid_at__isnull=False, payment_intent_id__isnull=False)
        .order_by("-created_at")
        .first()
    )
    paid_at = paid.paid_at if paid else None
    is_missing = paid_at is not None and (
        clock.now() - paid_at > WEBHOOK_OVERDUE_AFTER
        if last is None
        else paid_at - last.received_at > WEBHOOK_OVERDUE_AFTER
    )
    facts: list[Fact] = [
        (gettext("Last webhook"), _time_ago(last.received_at) if last else gettext("never")),
        (gettext("Last event"), link(last) if last else ""),
        (gettext("Last payment"), _time_ago(paid_at) if paid_at else gettext("never")),
    ]
    note = gettext(
        "Payments have arrived since the last webhook. Check the endpoint in the processor's "
        "dashboard. Until then, reconciliation settles them."
    )
    return Panel(
        gettext("Webhooks"),
        "webhooks",
        facts=facts,
        note=note if is_missing else "",
        is_urgent=is_missing,
    )


def failed_events(request: HttpRequest) -> Panel:
    """List events not processed, with their errors."""
    waiting = ProcessorEvent.objects.filter(processed_at__isnull=True).order_by("received_at")
    rows, total = display.first_rows(waiting)
    may_process = request.user.has_perm(MAY_PROCESS)
    return Panel(
        gettext("Events not processed"),
        "events",
        head=[gettext("Event"), gettext("Received"), gettext("Error"), ""],
        rows=[
            [
                link(event),
                moment(event.received_at),
                event.error or gettext("not tried yet"),
                _process(event) if may_process else "",
            ]
            for event in rows
        ],
        empty=gettext("All events are processed."),
        total=total,
        more=display.list_url(ProcessorEvent, failed="yes"),
        is_urgent=any(event.error for event in rows),
    )


def _process(event: ProcessorEvent) -> str:
    return display.link_to(display.admin_url(event, "process"), gettext("Process again…"))


def purchases() -> Panel:
    """Show unsettled purchases, and payments and disputes for support."""
    unsettled = Purchase.objects.filter(status__in=UNSETTLED)
    oldest = unsettled.aggregate(oldest=Min("created_at"))["oldest"]
    is_old = oldest is not None and clock.now() - oldest > PURCHASE_OVERDUE_AFTER
    waiting = PaymentProblem.objects.filter(needs_support=True)
    disputes = Dispute.objects.filter(status__in=NEEDS_RESPONSE)
    facts: list[Fact] = [
        (
            gettext("Not settled"),
            _count_link(unsettled, _unsettled_list()),
        ),
        (gettext("Oldest"), highlight(_time_ago(oldest)) if is_old else _time_ago(oldest)),
        (
            gettext("Payments to review"),
            _count_link(waiting, display.list_url(PaymentProblem, waiting="yes"), is_urgent=True),
        ),
        (
            gettext("Disputes that need a response"),
            _count_link(disputes, display.list_url(Dispute, respond="yes"), is_urgent=True),
        ),
    ]
    is_urgent = is_old or waiting.exists() or disputes.exists()
    return Panel(gettext("Purchases"), "purchases", facts=facts, is_urgent=is_urgent)


def _unsettled_list() -> str:
    return display.list_url(Purchase, status__in=",".join(str(status) for status in UNSETTLED))


def refunds() -> Panel:
    """Show refunds the processor has not finished."""
    unfinished = Refund.objects.filter(status__in=UNFINISHED)
    oldest = unfinished.aggregate(oldest=Min("created_at"))["oldest"]
    facts: list[Fact] = [
        (
            gettext("Not finished"),
            _count_link(unfinished, display.list_url(Refund, unfinished="yes")),
        ),
        (gettext("Oldest"), _time_ago(oldest)),
    ]
    return Panel(gettext("Refunds"), "refunds", facts=facts)


def mails() -> Panel:
    """Show notifications and e-mails that are waiting or failed."""
    notifications = Notification.objects.filter(queued_at__isnull=True)
    queue = Email.objects.filter(status__in=(STATUS.queued, STATUS.requeued))
    failed = Email.objects.filter(status=STATUS.failed)
    # The mail queue uses real time, not the demo's clock.
    waiting = queue.aggregate(oldest=Min("created"))["oldest"]
    facts: list[Fact] = [
        (
            gettext("Notifications not e-mailed yet"),
            _count_link(notifications, display.list_url(Notification, waiting="yes")),
        ),
        (gettext("E-mails waiting to be sent"), formats.number(queue.count())),
        (gettext("Waiting since"), moment(waiting)),
        (gettext("Failed e-mails"), _failure_count(failed.count())),
    ]
    return Panel(gettext("E-mails"), "mails", facts=facts, is_urgent=failed.exists())


def report_panel(report: reconcile.Report) -> Panel:
    """List what reconciliation found and did."""
    return Panel(
        gettext("Reconciliation"),
        "report",
        head=[gettext("Found"), gettext("About"), gettext("Result")],
        rows=[
            [
                line.category,
                _subject(line.subject),
                highlight(line.result, "bad") if line.needs_attention else line.result,
            ]
            for line in report.lines
        ],
        empty=gettext("Nothing to do: everything is settled."),
        is_urgent=report.failures > 0,
    )


def _subject(text: str) -> str:
    purchase_id = read_purchase_id(text)
    if purchase_id is None:
        return text
    return display.link_to(reverse("admin:billing_purchase_change", args=[purchase_id]), text)


def _log(request: HttpRequest, report: reconcile.Report) -> None:
    user = request.user
    assert isinstance(user, User)  # noqa: S101  (permissions have been checked)
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(ProcessorEvent),
        object_repr=gettext("Reconciliation"),
        action_flag=CHANGE,
        change_message=gettext("Reconciled: %(lines)s found, %(failures)s to review")
        % {"lines": len(report.lines), "failures": report.failures},
        action_time=clock.now(),
    )


def _count_link(rows: QuerySet[Any], address: str, *, is_urgent: bool = False) -> Any:
    count = rows.count()
    text = formats.number(count)
    if not count:
        return text
    return display.link_to(address, highlight(text) if is_urgent else text)


def _failure_count(count: int) -> str:
    return highlight(formats.number(count), "bad") if count else "0"


def _time_ago(instant: Any) -> str:
    if instant is None:
        return "–"
    text = gettext("%(when)s, %(since)s ago")
    return text % {"when": moment(instant), "since": timesince(instant, clock.now())}
