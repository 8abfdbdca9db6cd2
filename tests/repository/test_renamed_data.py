"""Data from before tables, columns and values were renamed survives the migrations both ways."""

import uuid
from typing import Any

from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from billing.models import PaymentProblem
from subscriptions.models import Activity, LicenseRemoval, Notification, Organization, Thread
from tests.support.world import World

BEFORE = {"billing": "0010_plain_words", "subscriptions": "0017_plain_words"}
PATH = "https://x.example/admin/subscriptions/{}/7/change/"


def models_before() -> Any:
    """Reverse the migrations, and return the earlier models."""
    for app, name in BEFORE.items():
        call_command("migrate", app, name, verbosity=0)
    loader = MigrationExecutor(connection).loader
    return loader.project_state([*BEFORE.items()]).apps.get_model


def support_permissions() -> set[str]:
    names = Group.objects.get(name="Support").permissions.values_list("codename", flat=True)
    return {name for name in names if name.endswith(("_thread", "_conversation", "_notice"))} | {
        name for name in names if name.endswith("_notification")
    }


def test_renamed_data_survives_both_ways(committed_db: str, world: World) -> None:
    now = timezone.now()
    model = models_before()
    assert support_permissions() == {"view_conversation", "change_conversation", "view_notice"}
    settings = {"dormant_after_days": {"before": 182, "after": 90}, "name": {"before": "A"}}
    model("subscriptions", "Organization").objects.update(dormant_after_days=90)
    model("subscriptions", "Conversation").objects.create(
        name="A", email="a@b.example", state="answered", last_message_at=now, created_at=now
    )
    model("subscriptions", "Notice").objects.create(
        recipient="s@b.example",
        kind="message_waiting",
        reference="m:1",
        data={"link": PATH.format("conversation")},
        created_at=now,
    )
    for verb, data in (("settings_changed", settings), ("payment_granted", {})):
        model("subscriptions", "Activity").objects.create(
            organization_id=world.lakeside.pk, verb=verb, data=data, at=now
        )
    model("subscriptions", "LicenseRemoval").objects.create(
        term_id=world.term.pk,
        number=1,
        submission=uuid.uuid4(),
        quantity=5,
        actor_id=world.administrator.user_id,
        created_at=now,
        taken_back_at=now,
        taken_back_by_id=world.administrator.user_id,
    )
    model("billing", "PaymentProblem").objects.create(
        session_id="cs_1",
        reason="surplus",
        needs_support=False,
        resolution="granted",
        solved_at=now,
        created_at=now,
    )

    call_command("migrate", verbosity=0)

    assert set(Organization.objects.values_list("inactive_after_days", flat=True)) == {90}
    assert Thread.objects.get().state == "replied"
    assert Notification.objects.get().data == {"link": PATH.format("thread")}
    changed = Activity.objects.get(verb="settings_changed").data
    assert changed == {"inactive_after_days": {"before": 182, "after": 90}, "name": {"before": "A"}}
    assert Activity.objects.filter(verb="payment_fulfilled").exists()
    assert PaymentProblem.objects.get().resolution == "fulfilled"
    removal = LicenseRemoval.objects.get()
    assert (removal.undone_at, removal.undone_by_id) == (now, world.administrator.user_id)
    assert support_permissions() == {"view_thread", "change_thread", "view_notification"}

    model = models_before()

    assert model("subscriptions", "Conversation").objects.get().state == "answered"
    assert model("subscriptions", "Notice").objects.get().data["link"] == PATH.format(
        "conversation"
    )
    assert model("subscriptions", "LicenseRemoval").objects.get().taken_back_at == now
    old = model("subscriptions", "Activity").objects
    assert old.get(verb="settings_changed").data == settings
    assert old.filter(verb="payment_granted").exists()
    assert model("billing", "PaymentProblem").objects.get().resolution == "granted"
    assert support_permissions() == {"view_conversation", "change_conversation", "view_notice"}
