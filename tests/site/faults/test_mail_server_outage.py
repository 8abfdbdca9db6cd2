"""An unavailable mail server does not affect buyers, and every mail is sent later, once."""

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
def unavailable_mail_server(settings: Settings) -> Settings:
    settings.POST_OFFICE = settings.POST_OFFICE | {
        "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"}
    }
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # a port without a server
    return settings


def send_due_mail_for(duration: timedelta, settings: Settings) -> None:
    """Send due mail as cron does during this time."""
    for _ in range(duration // settings.POST_OFFICE["RETRY_INTERVAL"]):
        Email.objects.filter(scheduled_time__isnull=False).update(scheduled_time=timezone.now())
        send_queued(log_level=0)


@pytest.mark.usefixtures("stripe")
def test_purchase_is_settled_and_its_mails_are_sent_later(
    world: World, unavailable_mail_server: Settings
) -> None:
    available = unavailable_mail_server.POST_OFFICE | {
        "BACKENDS": {"default": "django.core.mail.backends.locmem.EmailBackend"}
    }

    purchase = world.buy_and_settle(10)
    notify.deliver_waiting()
    send_due_mail_for(timedelta(hours=HOURS), unavailable_mail_server)

    assert purchase.status == PurchaseStatus.SETTLED
    assert world.held() == 35
    assert set(Email.objects.values_list("status", flat=True)) == {STATUS.requeued}
    assert mail.outbox == []

    unavailable_mail_server.POST_OFFICE = available
    send_due_mail_for(timedelta(minutes=15), unavailable_mail_server)

    sent = sorted(message.to[0] for message in mail.outbox)
    assert sent == ["administrator@lakeside.example", "assignor@lakeside.example"]
    assert set(Email.objects.values_list("status", flat=True)) == {STATUS.sent}
