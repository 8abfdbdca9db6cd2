"""What is counted of purchases: as they happen, and as they stand when somebody asks."""

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

# Finished purchases are counted for as long; those that are not, always.
LOOKING_BACK = timedelta(days=1)

settle_seconds = Histogram(
    "licensing_settle_seconds",
    "Seconds that settling a Checkout Session took, the processor's answer included.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
paid_to_fulfilled_seconds = Histogram(
    "licensing_paid_to_fulfilled_seconds",
    "Seconds between the card's charge and the licenses being there.",
    buckets=(0.5, 1, 2, 5, 10, 30, 60, 300, 3600, 86_400),
)
payments = Counter("licensing_payments_total", "Payments received, by what became of them.", ["to"])


class StateOfThings(Collector):
    """Numbers asked of the database when Prometheus asks, by indexes only."""

    def collect(self) -> Iterable[Metric]:
        """The gauges; without the database only that it is away: the other numbers still count."""
        try:
            found = [*_purchases(), *_webhooks(), *_waiting(), _runs()]
        except (DatabaseError, InterfaceError):
            found = []
        yield _gauge("licensing_database_up", "Whether the database answered.", bool(found))
        yield from found


def _waiting() -> Iterator[Metric]:
    yield _gauge(
        "licensing_payments_for_support",
        "Payments that wait for support.",
        PaymentProblem.objects.filter(needs_support=True).count(),
    )
    yield _gauge(
        "licensing_notifications_waiting",
        "Notifications whose mail is not queued yet.",
        Notification.objects.filter(queued_at=None).count(),
    )


def _runs() -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "licensing_complete_run_age_seconds",
        "Since the last complete run of a periodic command began.",
        labels=["command"],
    )
    for run in CompleteRun.objects.all():
        family.add_metric([run.command], (clock.now() - run.began_at).total_seconds())
    return family


def _purchases() -> Iterator[Metric]:
    unsettled = [PurchaseStatus.PENDING, PurchaseStatus.OPEN, PurchaseStatus.REFUNDING]
    since = clock.now() - LOOKING_BACK
    found = dict.fromkeys(PurchaseStatus.values, 0)
    for chosen in (
        Purchase.objects.filter(status__in=unsettled),
        Purchase.objects.exclude(status__in=unsettled).filter(created_at__gte=since),
    ):
        found |= dict(chosen.order_by().values_list("status").annotate(Count("pk")))
    family = GaugeMetricFamily(
        "licensing_purchases",
        "Purchases by state: unfinished ones, and those of the last day that are finished.",
        labels=["state"],
    )
    for state, count in found.items():
        family.add_metric([state], count)
    yield family


def _webhooks() -> Iterator[Metric]:
    waiting = ProcessorEvent.objects.filter(processed_at=None).count()
    yield _gauge("licensing_webhooks_waiting", "Events that are not processed.", waiting)
    # The last one written is the last one received, and its key is the index for it.
    newest = ProcessorEvent.objects.order_by("-pk").values_list("received_at", flat=True).first()
    if newest is not None:
        age = (clock.now() - newest).total_seconds()
        yield _gauge("licensing_webhook_age_seconds", "Since the last event came.", age)


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words)
    family.add_metric([], value)
    return family
