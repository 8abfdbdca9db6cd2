"""What the metrics count about payments (R13, R14)."""

import re
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from billing.models import PaymentProblem, ProcessorEvent, Purchase
from billing.settlement.metrics import DatabaseGauges
from billing.settlement.settle import settle
from billing.states import ProblemReason, PurchaseStatus
from subscriptions import clock
from subscriptions.models import Notification
from subscriptions.models.periodic import record_complete_run
from tests.billing.deliveries import completed, deliver
from tests.billing.refunds.test_refunds import settled_with
from tests.support.world import World

Gauges = dict[tuple[str, ...], float]


def gauges() -> Gauges:
    """Return the gauges by name and label."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in DatabaseGauges().collect()
        for sample in family.samples
    }


def purchases() -> dict[str, float]:
    """Return how many purchases the metrics count, by state."""
    return {
        name[1]: value
        for name, value in gauges().items()
        if name[0] == "licensing_purchases"
        if value
    }


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


def test_new_site_reports_zeros(db: None) -> None:
    states = {("licensing_purchases", state): 0 for state in PurchaseStatus.values}

    assert gauges() == states | {
        ("licensing_database_up",): 1,
        ("licensing_notifications_waiting",): 0,
        ("licensing_payments_for_support",): 0,
        ("licensing_webhooks_waiting",): 0,
    }


@pytest.mark.usefixtures("stripe")
def test_each_gauge_says_in_a_sentence_what_it_shows(world: World) -> None:
    record_complete_run("daily", clock.now())
    deliver(completed(world.buy(5).session_id))

    texts = [family.documentation for family in DatabaseGauges().collect()]

    assert len(texts) == 7
    for text in texts:
        assert re.fullmatch(r"[A-Z][a-z].*[a-z]\.", text), text


def test_waiting_work_is_counted(world: World) -> None:
    now = clock.now()
    for number, is_done in enumerate([True, False, False]):
        ProcessorEvent.objects.create(
            event_id=f"evt_{number}",
            type="refund.created",
            received_at=now - timedelta(seconds=30 - number),
            processed_at=now if is_done else None,
        )
        Notification.objects.create(
            recipient=f"n{number}@new.example",
            kind="invitation",
            created_at=now,
            queued_at=now if is_done else None,
        )
        PaymentProblem.objects.create(
            session_id=f"cs_{number}",
            reason=ProblemReason.UNKNOWN_PURCHASE,
            needs_support=not is_done,
            created_at=now,
        )

    found = gauges()

    for name in ("webhooks_waiting", "notifications_waiting", "payments_for_support"):
        assert found[f"licensing_{name}",] == 2
    assert found["licensing_webhook_age_seconds",] == 28


@pytest.mark.usefixtures("stripe")
def test_finished_purchases_are_counted_for_a_day(world: World) -> None:
    world.buy_and_settle(5)
    for status in (PurchaseStatus.EXPIRED, PurchaseStatus.REFUNDING, PurchaseStatus.OPEN):
        purchase = world.buy(10, is_repeat=True)
        Purchase.objects.filter(pk=purchase.pk).update(status=status)
    unfinished = {"open": 1, "refunding": 1}

    world.later(days=1)
    assert purchases() == unfinished | {"settled": 1, "expired": 1}
    world.later(seconds=1)
    assert purchases() == unfinished


@pytest.mark.usefixtures("stripe")
def test_payments_are_counted_with_their_outcome(world: World) -> None:
    settled, refunding = (
        counted("licensing_payments_total", to=to) for to in ("settled", "refunding")
    )
    prefix = "licensing_paid_to_fulfilled_seconds"
    number, seconds = counted(f"{prefix}_count"), counted(f"{prefix}_sum")
    paid = world.buy(5)
    world.pay(paid)
    prepaid = settled_with(world, "prepaid")
    world.later(seconds=90)

    for _ in range(2):
        for purchase in (paid, prepaid):
            settle(purchase.session_id or "")

    assert counted("licensing_payments_total", to="settled") == settled + 1
    assert counted("licensing_payments_total", to="refunding") == refunding + 1
    assert counted(f"{prefix}_count") == number + 1
    assert counted(f"{prefix}_sum") == seconds + 90
