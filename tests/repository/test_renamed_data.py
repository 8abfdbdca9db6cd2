"""Data from before tables, columns and values were renamed survives the migrations both ways."""

import uuid
from typing import Any

from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from billing.models import PaymentProblem
from subscriptions.models import Activity, LicenseRemoval, Notification, Organization, Thread
from tests.support.world import World

# A name with its data, before and now.
Change = tuple[tuple[str, dict[str, Any]], tuple[str, dict[str, Any]]]
BEFORE = {"billing": "0010_plain_words", "subscriptions": "0017_plain_words"}
# Kinds of e-mails that are not written yet.
MAILS: tuple[Change, ...] = (
    (
        ("payment_returned", {"returned": 5, "taken": 1, "total": 9}),
        ("payment_reversed", {"refunded_amount": 5, "removed": 1, "total": 9}),
    ),
    (
        ("return_undone", {"returned": 5, "given": 1}),
        ("reversal_undone", {"refunded_amount": 5, "restored": 1}),
    ),
    (
        ("removal_taken_back", {"asked_by": "Ada"}),
        ("removal_undone", {"requested_by": "Ada"}),
    ),
    (("over_licenses", {"returned": 5}), ("over_licenses", {"refunded_amount": 5})),
    (("licenses_removed", {"asked_by": "Ada"}), ("licenses_removed", {"requested_by": "Ada"})),
    (
        ("message_answered", {"answer": "Yes", "asked_at": "2031-01-02"}),
        ("support_replied", {"reply": "Yes", "sent_at": "2031-01-02"}),
    ),
)
# Verbs of activities.
ACTIVITIES: tuple[Change, ...] = (
    (("payment_granted", {}), ("payment_fulfilled", {})),
    (("payment_returned", {"licenses": -5}), ("payment_reversed", {"licenses": -5})),
    (("return_undone", {}), ("reversal_undone", {})),
    (("removal_taken_back", {"asked_by": "Ada"}), ("removal_undone", {"requested_by": "Ada"})),
    (("licenses_removed", {"asked_by": "Ada"}), ("licenses_removed", {"requested_by": "Ada"})),
    (("removal_asked_for", {"quantity": 5}), ("removal_requested", {"quantity": 5})),
    (("join_code_ended", {}), ("join_code_turned_off", {})),
)
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


def ledger_is_guarded() -> bool:
    """Whether triggers refuse to change an entry; SQLite loses them when it copies a table."""
    for change in ("UPDATE {} SET quantity = quantity + 5", "DELETE FROM {}"):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(change.format("subscriptions_licenseentry"))
        except DatabaseError as error:
            if "append-only" in str(error):
                continue
        return False
    return True


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
    for (kind, data), _ in MAILS:
        model("subscriptions", "Notice").objects.create(
            recipient="a@b.example", kind=kind, reference="x:1", data=data, created_at=now
        )
    model("subscriptions", "Notice").objects.create(
        recipient="b@b.example",
        kind="payment_returned",
        reference="x:2",
        data={"returned": 5},
        created_at=now,
        queued_at=now,
    )
    for verb, data in (("settings_changed", settings), *(before for before, _ in ACTIVITIES)):
        model("subscriptions", "Activity").objects.create(
            organization_id=world.lakeside.pk, verb=verb, data=data, at=now
        )
    model("subscriptions", "LicenseRemoval").objects.create(
        term_id=world.term.pk,
        number=1,
        submission=uuid.uuid4(),
        quantity=5,
        asked_by="Ada",
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
        solution_note="Paid twice",
        solved_at=now,
        created_at=now,
    )

    call_command("migrate", verbosity=0)

    assert ledger_is_guarded()
    assert set(Organization.objects.values_list("inactive_after_days", flat=True)) == {90}
    assert Thread.objects.get().state == "replied"
    link = Notification.objects.get(kind="message_waiting").data
    assert link == {"link": PATH.format("thread")}
    for _, (kind, data) in MAILS:
        assert Notification.objects.get(kind=kind, queued_at=None).data == data
    # Its e-mail is written already, so no one reads its data again.
    assert Notification.objects.get(recipient="b@b.example").data == {"returned": 5}
    changed = Activity.objects.get(verb="settings_changed").data
    assert changed == {"inactive_after_days": {"before": 182, "after": 90}, "name": {"before": "A"}}
    for _, (verb, data) in ACTIVITIES:
        assert Activity.objects.get(verb=verb).data == data
    problem = PaymentProblem.objects.get()
    assert (problem.resolution, problem.resolution_note) == ("fulfilled", "Paid twice")
    removal = LicenseRemoval.objects.get()
    assert (removal.undone_at, removal.undone_by_id) == (now, world.administrator.user_id)
    assert removal.requested_by == "Ada"
    assert support_permissions() == {"view_thread", "change_thread", "view_notification"}

    model = models_before()

    assert ledger_is_guarded()
    assert model("subscriptions", "Conversation").objects.get().state == "answered"
    notices = model("subscriptions", "Notice").objects
    assert notices.get(kind="message_waiting").data == {"link": PATH.format("conversation")}
    for (kind, data), _ in MAILS:
        assert notices.get(kind=kind, queued_at=None).data == data
    assert model("subscriptions", "LicenseRemoval").objects.get().taken_back_at == now
    old = model("subscriptions", "Activity").objects
    assert old.get(verb="settings_changed").data == settings
    for (verb, data), _ in ACTIVITIES:
        assert old.get(verb=verb).data == data
    problem = model("billing", "PaymentProblem").objects.get()
    assert (problem.resolution, problem.solution_note) == ("granted", "Paid twice")
    assert support_permissions() == {"view_conversation", "change_conversation", "view_notice"}
