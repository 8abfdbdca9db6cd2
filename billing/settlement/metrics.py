"""Purchase metrics: counters updated as they happen, and gauges read on each scrape."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.db import DatabaseError, InterfaceError
from django.db.models import Count
from prometheus_client import Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from billing.models import PaymentProblem, ProcessorEvent, Purchase
from billing.states import PurchaseStatus
from subscriptions import clock
from subscriptions.models import CompleteRun, Notification

# How long finished purchases are counted; unfinished ones always are.
RECENT = timedelta(days=1)

settle_seconds = Histogram(
    "licensing_settle_seconds",
    "Seconds to settle a Checkout Session, including the call to the processor.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
paid_to_fulfilled_seconds = Histogram(
    "licensing_paid_to_fulfilled_seconds",
    "Seconds from charging the card to fulfillment.",
    buckets=(0.5, 1, 2, 5, 10, 30, 60, 300, 3600, 86_400),
)
payments = Counter(
    "licensing_payments_total", "Payments received, by resulting purchase status.", ["to"]
)


class DatabaseGauges(Collector):
    """Gauges read from the database on each scrape; all queries use indexes."""

    def collect(self) -> Iterable[Metric]:
        """Yield the gauges, or only ``licensing_database_up`` if the database is down."""
        try:
            found = [*_purchases(), *_webhooks(), *_backlog_gauges(), _runs()]
        except (DatabaseError, InterfaceError):
            found = []
        yield _gauge("licensing_database_up", "Whether the database answered.", bool(found))
        yield from found


def _backlog_gauges() -> Iterator[Metric]:
    yield _gauge(
        "licensing_payments_for_support",
        "Payments waiting for support.",
        PaymentProblem.objects.filter(needs_support=True).count(),
    )
    yield _gauge(
        "licensing_notifications_waiting",
        "Notifications whose e-mail has not been queued.",
        Notification.objects.filter(queued_at=None).count(),
    )


def _runs() -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "licensing_complete_run_age_seconds",
        "Seconds since the start of the last complete run of a periodic command.",
        labels=["command"],
    )
    for run in CompleteRun.objects.all():
        family.add_metric([run.command], (clock.now() - run.began_at).total_seconds())
    return family


def _purchases() -> Iterator[Metric]:
    unsettled = [PurchaseStatus.PENDING, PurchaseStatus.OPEN, PurchaseStatus.REFUNDING]
    since = clock.now() - RECENT
    found = dict.fromkeys(PurchaseStatus.values, 0)
    for purchases in (
        Purchase.objects.filter(status__in=unsettled),
        Purchase.objects.exclude(status__in=unsettled).filter(created_at__gte=since),
    ):
        found |= dict(purchases.order_by().values_list("status").annotate(number=Count("*")))
    family = GaugeMetricFamily(
        "licensing_purchases",
        "Purchases by state: all unfinished ones, and finished ones from the last day.",
        labels=["state"],
    )
    for state, count in found.items():
        family.add_metric([state], count)
    yield family


def _webhooks() -> Iterator[Metric]:
    waiting = ProcessorEvent.objects.filter(processed_at=None).count()
    yield _gauge("licensing_webhooks_waiting", "Webhook events not processed yet.", waiting)
    # Rows are written as they are received, so the primary key's index finds the newest.
    newest = ProcessorEvent.objects.order_by("-pk").values_list("received_at", flat=True).first()
    if newest is not None:
        age = (clock.now() - newest).total_seconds()
        yield _gauge(
            "licensing_webhook_age_seconds",
            "Seconds since the last webhook event was received.",
            age,
        )


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text)
    family.add_metric([], value)
    return family
