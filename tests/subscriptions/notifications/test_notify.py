"""Notifications: stored in the transaction of their cause, and mailed once."""

from datetime import date
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import transaction
from post_office.models import STATUS, Email

from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import Notification
from subscriptions.models.members import Role
from subscriptions.notifications import notify
from tests.support.world import World, local

NEW = NewMember("Nora", "nora@lakeside.example", Role.OBSERVER)


def send(world: World, reference: str = "x:1") -> None:
    notify.send(
        "ada@lakeside.example",
        "payment_held",
        reference=reference,
        organization=world.lakeside,
        data={"buyer": "Ada", "quantity": "5", "organization_name": "Lakeside", "link": "/"},
    )


def test_notification_is_mailed_after_the_commit(
    world: World, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        members.add(world.assignor, NEW)
        assert not Email.objects.exists()

    queued = Email.objects.get()
    assert queued.to == ["nora@lakeside.example"]
    assert queued.subject == "Arlo Assignor invited you to join Lakeside Officials Association"
    assert "Your role is Observer" in queued.message
    assert "http://localhost/invitations/" in queued.message


def test_queued_mail_is_sent_once(world: World, committed_db: str) -> None:
    members.add(world.assignor, NEW)

    call_command("send_queued_mail", log_level=0)
    call_command("send_queued_mail", log_level=0)

    assert [message.to for message in mail.outbox] == [["nora@lakeside.example"]]
    assert Email.objects.get().status == STATUS.sent


def test_same_event_notifies_once(world: World, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        send(world)
        send(world)
    notify.deliver_waiting()

    assert Email.objects.count() == 1


def test_sweep_mails_notifications_left_by_a_crash(world: World) -> None:
    send(world)
    assert not Email.objects.exists()

    assert notify.deliver_waiting() == 1
    assert notify.deliver_waiting() == 0
    assert Email.objects.count() == 1


def test_rollback_discards_the_notification(world: World) -> None:
    with transaction.atomic():
        send(world)
        transaction.set_rollback(True)

    assert not Notification.objects.exists()


def test_failing_mail_is_kept_and_does_not_block_others(
    world: World, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        notify.send("a@b.example", "no_such_kind", reference="x", organization=None, data={})
        send(world)

    assert Email.objects.count() == 1
    assert Notification.objects.get(kind="no_such_kind").queued_at is None


def test_names_are_unchanged_in_the_mail(
    world: World, django_capture_on_commit_callbacks: Any
) -> None:
    """Plain text is not escaped, and a line break in a name must not become a header."""
    world.lakeside.name = "Lake & <Side>"
    world.lakeside.save()
    with django_capture_on_commit_callbacks(execute=True):
        members.add(world.assignor, NewMember("N\r\nBcc: x", "n@n.example", Role.OBSERVER))

    queued = Email.objects.get()
    assert "Lake & <Side>" in queued.subject
    assert "\n" not in queued.subject


@pytest.mark.parametrize(
    ("day", "text", "link"),
    [
        (date(2031, 12, 1), "Add licenses in groups of 5", "settings/subscription/"),
        (date(2031, 12, 2), "Renewal is open, so renew the subscription first", "renewal/"),
    ],
)
def test_low_license_mail_offers_add_ons_or_renewal(
    world: World, django_capture_on_commit_callbacks: Any, day: date, text: str, link: str
) -> None:
    """R19, R20: no add-on is offered while renewal is open."""
    world.at(local(day, 12))
    world.fill(world.held() - 1)

    with django_capture_on_commit_callbacks(execute=True):
        members.add(world.assignor, NEW)

    [mail] = [one for one in Email.objects.all() if one.to == ["assignor@lakeside.example"]]
    assert mail.subject == "Lakeside Officials Association is running low on licenses: 0 left"
    assert "Available: 0\n\n" in mail.message
    assert ("Add licenses in groups of 5" in mail.message) == (day.day == 1)
    assert text in mail.message
    assert f"http://localhost/o/lakeside/{link}\n" in mail.message
