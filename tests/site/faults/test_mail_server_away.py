"""Mail server unavailable: buyers are unaffected, and every mail is sent later, once."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone
from post_office.mail import send_queued
from post_office.models import STATUS, Email
from pytest_django import Settings

from billing.states import PurchaseStatus
from subscriptions.notifications import notify
from tests.support.world import World

HOURS = 2


@pytest.fixture
def away(settings: Settings) -> Settings:
    settings.POST_OFFICE = settings.POST_OFFICE | {
        "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"}
    }
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # a port without a server
    return settings


def try_for(duration: timedelta, settings: Settings) -> None:
    """Send due mail as cron does, until this time has passed."""
    for _ in range(duration // settings.POST_OFFICE["RETRY_INTERVAL"]):
        Email.objects.filter(scheduled_time__isnull=False).update(scheduled_time=timezone.now())
        send_queued(log_level=0)


@pytest.mark.usefixtures("stripe")
def test_purchase_is_settled_and_its_mails_are_sent_later(world: World, away: Settings) -> None:
    usual = away.POST_OFFICE | {
        "BACKENDS": {"default": "django.core.mail.backends.locmem.EmailBackend"}
    }

    purchase = world.buy_and_settle(10)
    notify.deliver_waiting()
    try_for(timedelta(hours=HOURS), away)

    assert purchase.status == PurchaseStatus.SETTLED
    assert world.held() == 35
    assert set(Email.objects.values_list("status", flat=True)) == {STATUS.requeued}
    assert mail.outbox == []

    away.POST_OFFICE = usual
    try_for(timedelta(minutes=15), away)

    sent = sorted(message.to[0] for message in mail.outbox)
    assert sent == ["administrator@lakeside.example", "assignor@lakeside.example"]
    assert set(Email.objects.values_list("status", flat=True)) == {STATUS.sent}
