"""Plain names for constraints and a column, and in stored kinds of notifications and activity."""

from collections.abc import Callable

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

Step = Callable[[StateApps, BaseDatabaseSchemaEditor], None]

KINDS = {
    "payment_returned": "payment_reversed",
    "return_undone": "reversal_undone",
    "removal_taken_back": "removal_undone",
    "message_answered": "support_replied",
}
VERBS = {
    "payment_returned": "payment_reversed",
    "return_undone": "reversal_undone",
    "removal_taken_back": "removal_undone",
    "removal_asked_for": "removal_requested",
    "join_code_ended": "join_code_turned_off",
}
REVERSAL = {"returned": "refunded_amount", "taken": "removed", "given": "restored"}
REMOVAL = {"asked_by": "requested_by"}
# Keys of the data of e-mails that are not written yet.
KEYS = {
    "payment_reversed": REVERSAL,
    "reversal_undone": REVERSAL,
    "over_licenses": REVERSAL,
    "licenses_removed": REMOVAL,
    "removal_undone": REMOVAL,
    "support_replied": {"answer": "reply", "asked_at": "sent_at"},
}
REMOVAL_VERBS = ("licenses_removed", "removal_undone")


def turned(names: dict[str, str]) -> dict[str, str]:
    return {new: old for old, new in names.items()}


def rename(*, back: bool) -> Step:
    """Rename kinds, verbs, and the keys of data that is still to be read."""

    def run(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        notifications = apps.get_model("subscriptions", "Notification").objects
        activities = apps.get_model("subscriptions", "Activity").objects
        if back:
            rename_keys(notifications, activities, back=True)
        for rows, field, names in ((notifications, "kind", KINDS), (activities, "verb", VERBS)):
            for old, new in (turned(names) if back else names).items():
                rows.filter(**{field: old}).update(**{field: new})
        if not back:
            rename_keys(notifications, activities, back=False)

    return run


def rename_keys(
    notifications: models.Manager[models.Model],
    activities: models.Manager[models.Model],
    *,
    back: bool,
) -> None:
    batches = [
        (notifications.filter(kind=kind, queued_at=None), names) for kind, names in KEYS.items()
    ]
    batches.append((activities.filter(verb__in=REMOVAL_VERBS), REMOVAL))
    for rows, names in batches:
        keys = turned(names) if back else names
        for row in rows.iterator(chunk_size=500):
            row.data = {keys.get(key, key): value for key, value in row.data.items()}  # type: ignore[attr-defined]
            row.save(update_fields=["data"])


def guard_ledger(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create the triggers again: SQLite changes a table by copying it, without its triggers."""
    if schema_editor.connection.vendor != "sqlite":
        return
    for event, done in (("UPDATE", "changed"), ("DELETE", "deleted")):
        schema_editor.execute(
            f"""
            CREATE TRIGGER license_entry_is_never_{done} BEFORE {event}
            ON subscriptions_licenseentry
            BEGIN
                SELECT RAISE(ABORT, 'the license ledger is append-only');
            END
            """
        )


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0020_undone'),
    ]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, guard_ledger),
        migrations.RemoveConstraint('joinrequest', 'join_request_waits_once'),
        migrations.RemoveConstraint('joinrequest', 'join_request_is_decided_at_a_moment'),
        migrations.RemoveConstraint('licenseentry', 'license_entry_moves_something'),
        migrations.RemoveConstraint('licenseentry', 'license_entry_only_a_reversal_takes_away'),
        migrations.RemoveConstraint('licenseentry', 'license_entry_reversal_reverses_something'),
        migrations.RemoveConstraint('licenseremoval', 'removal_takes_something'),
        migrations.RemoveConstraint('licenseremoval', 'removal_is_undone_by_somebody'),
        migrations.RemoveConstraint('message', 'message_says_something'),
        migrations.RemoveConstraint('message', 'message_asks_to_remove_something'),
        migrations.RemoveConstraint('notifiedaddress', 'notified_address_stands_once'),
        migrations.RemoveConstraint('reminder', 'reminder_is_dealt_with_once'),
        migrations.RemoveConstraint('rosterrow', 'roster_row_stands_once'),
        migrations.RemoveConstraint('thread', 'thread_is_with_somebody'),
        migrations.RemoveConstraint('thread', 'thread_waits_since_a_moment'),
        migrations.RenameField(
            model_name='licenseremoval',
            old_name='asked_by',
            new_name='requested_by',
        ),
        migrations.RenameField('discount', 'most_uses', 'max_uses'),
        migrations.RenameIndex(
            model_name='message',
            new_name='message_removal_request',
            old_name='message_asks_for_removal',
        ),
        migrations.AddConstraint(
            model_name='joinrequest',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'pending')), fields=('organization', 'email'), name='join_request_is_pending_once'),
        ),
        migrations.AddConstraint(
            model_name='joinrequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('state', 'pending')), models.Q(models.Q(('state', 'pending'), _negated=True), ('decided_at__isnull', False)), _connector='OR'), name='join_request_decided_has_its_time'),
        ),
        migrations.AddConstraint(
            model_name='licenseentry',
            constraint=models.CheckConstraint(condition=models.Q(('quantity', 0), _negated=True), name='license_entry_quantity_is_not_zero'),
        ),
        migrations.AddConstraint(
            model_name='licenseentry',
            constraint=models.CheckConstraint(condition=models.Q(('cause', 'reversal'), ('quantity__gt', 0), _connector='OR'), name='license_entry_only_a_reversal_is_negative'),
        ),
        migrations.AddConstraint(
            model_name='licenseentry',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('cause', 'reversal'), ('reverses__isnull', False)), models.Q(models.Q(('cause', 'reversal'), _negated=True), ('reverses__isnull', True)), _connector='OR'), name='license_entry_reversal_has_its_entry'),
        ),
        migrations.AddConstraint(
            model_name='licenseremoval',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gte', 1)), name='removal_quantity_is_positive'),
        ),
        migrations.AddConstraint(
            model_name='licenseremoval',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('undone_at__isnull', True), ('undone_by__isnull', True)), models.Q(('undone_at__isnull', False), ('undone_by__isnull', False)), _connector='OR'), name='removal_undone_has_its_person'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(('body', ''), _negated=True), name='message_has_a_body'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(('removal_quantity__isnull', True), models.Q(('author__isnull', False), ('is_from_support', False), ('removal_quantity__gte', 1)), _connector='OR'), name='message_removal_quantity_is_positive'),
        ),
        migrations.AddConstraint(
            model_name='notifiedaddress',
            constraint=models.UniqueConstraint(fields=('organization', 'email'), name='notified_address_is_unique'),
        ),
        migrations.AddConstraint(
            model_name='reminder',
            constraint=models.UniqueConstraint(fields=('term', 'user', 'due_on'), name='reminder_is_unique'),
        ),
        migrations.AddConstraint(
            model_name='rosterrow',
            constraint=models.UniqueConstraint(fields=('roster', 'sheet', 'position'), name='roster_row_position_is_unique'),
        ),
        migrations.AddConstraint(
            model_name='thread',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('email', ''), ('name', ''), ('person__isnull', False)), models.Q(('organization__isnull', True), ('person__isnull', True), models.Q(('name', ''), _negated=True), models.Q(('email', ''), _negated=True)), _connector='OR'), name='thread_has_a_person_or_an_address'),
        ),
        migrations.AddConstraint(
            model_name='thread',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'waiting'), ('waiting_since__isnull', False)), models.Q(models.Q(('state', 'waiting'), _negated=True), ('waiting_since__isnull', True)), _connector='OR'), name='thread_waiting_has_its_time'),
        ),
        migrations.RunPython(guard_ledger, migrations.RunPython.noop),
        migrations.RunPython(rename(back=False), rename(back=True)),
    ]
