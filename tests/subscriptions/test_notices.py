"""Notices: written with their cause, told once, never in the way of it."""

from typing import Any

from django.db import transaction
from post_office.models import Email

from subscriptions import members, notices
from subscriptions.members import NewMember
from subscriptions.models import Notice
from subscriptions.models.people import Role
from tests.world import World

NEW = NewMember("Nora", "nora@lakeside.example", Role.OBSERVER)


def tell(world: World, reference: str = "x:1") -> None:
    notices.tell(
        "ada@lakeside.example",
        "payment_held",
        reference=reference,
        organization=world.lakeside,
        data={"buyer": "Ada", "quantity": "5", "organization_name": "Lakeside", "link": "/"},
    )


def test_a_notice_becomes_one_mail_after_the_commit(
    world: World, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        members.add(world.assignor, NEW)
        assert not Email.objects.exists()

    mail = Email.objects.get()
    assert mail.to == ["nora@lakeside.example"]
    assert mail.subject == "Arlo Assignor invites you to Lakeside Officials Association"
    assert "as Observer" in mail.message
    assert "http://localhost/invitations/" in mail.message


def test_the_same_thing_is_told_once(world: World, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        tell(world)
        tell(world)
    notices.deliver_waiting()

    assert Email.objects.count() == 1


def test_the_sweep_delivers_what_a_crash_left_behind(world: World) -> None:
    tell(world)
    assert not Email.objects.exists()

    assert notices.deliver_waiting() == 1
    assert notices.deliver_waiting() == 0
    assert Email.objects.count() == 1


def test_without_its_cause_nothing_is_told(world: World) -> None:
    with transaction.atomic():
        tell(world)
        transaction.set_rollback(True)

    assert not Notice.objects.exists()


def test_a_mail_that_cannot_be_written_stays_for_the_sweep_and_harms_nothing(
    world: World, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        notices.tell("a@b.example", "no_such_kind", reference="x", organization=None, data={})
        tell(world)

    assert Email.objects.count() == 1
    assert Notice.objects.get(kind="no_such_kind").queued_at is None


def test_names_reach_the_mail_as_typed(
    world: World, django_capture_on_commit_callbacks: Any
) -> None:
    """Plain text is not HTML, and a line break in a name must not become a header."""
    world.lakeside.name = "Lake & <Side>"
    world.lakeside.save()
    with django_capture_on_commit_callbacks(execute=True):
        members.add(world.assignor, NewMember("N\r\nBcc: x", "n@n.example", Role.OBSERVER))

    mail = Email.objects.get()
    assert "Lake & <Side>" in mail.subject
    assert "\n" not in mail.subject
