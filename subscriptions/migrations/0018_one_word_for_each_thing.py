"""Name tables, columns and permissions as the screens do: notification, thread, inactive."""

from collections.abc import Callable

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

Step = Callable[[StateApps, BaseDatabaseSchemaEditor], None]


def rename_permissions(names: dict[str, str]) -> Step:
    """Rename them in their rows, which groups point to: support may do what it could before."""

    def rename(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        ours = apps.get_model("auth", "Permission").objects.filter(
            content_type__app_label="subscriptions"
        )
        for old, new in names.items():
            for may in ("add", "change", "delete", "view"):
                ours.filter(codename=f"{may}_{old}").update(
                    codename=f"{may}_{new}", name=f"Can {may} {new}"
                )

    return rename


def rename_state(old: str, new: str) -> Step:
    """Rename a state of threads; no constraint holds at this moment."""

    def rename(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        apps.get_model("subscriptions", "Thread").objects.filter(state=old).update(state=new)

    return rename


def rename_in_data(link: tuple[str, str], setting: tuple[str, str]) -> Step:
    """Rename what rows hold as JSON: links of waiting mails, and a setting in the activity."""

    def rename(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        waiting = apps.get_model("subscriptions", "Notification").objects.filter(
            kind="message_waiting", queued_at=None
        )
        for row in waiting.iterator(chunk_size=500):
            row.data["link"] = row.data.get("link", "").replace(*link)
            row.save(update_fields=["data"])
        old, new = setting
        changes = apps.get_model("subscriptions", "Activity").objects.filter(
            verb="settings_changed"
        )
        for row in changes.iterator(chunk_size=500):
            if old in row.data:
                row.data = {new if key == old else key: value for key, value in row.data.items()}
                row.save(update_fields=["data"])

    return rename


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('subscriptions', '0017_plain_words'),
    ]

    operations = [
        # Before their columns and tables take new names: indexes and constraints carry the old ones.
        migrations.RemoveIndex('message', 'message_asks_for_removal'),
        migrations.RemoveIndex('conversation', 'conversation_queue'),
        migrations.RemoveIndex('conversation', 'conversation_by_last_message'),
        migrations.RemoveIndex('notice', 'notice_waiting'),
        migrations.RemoveConstraint('notice', 'notice_is_told_once'),
        migrations.RemoveConstraint('conversation', 'conversation_state_is_known'),
        migrations.RemoveConstraint('conversation', 'conversation_is_one_per_person_and_organization'),
        migrations.RemoveConstraint('conversation', 'conversation_without_organization_is_one_per_person'),
        migrations.RemoveConstraint('conversation', 'conversation_is_with_somebody'),
        migrations.RemoveConstraint('conversation', 'conversation_waits_since_a_moment'),
        migrations.RenameModel('Notice', 'Notification'),
        migrations.RenameModel('Conversation', 'Thread'),
        migrations.RenameField('message', 'conversation', 'thread'),
        migrations.RenameField('organization', 'dormant_after_days', 'inactive_after_days'),
        migrations.AlterField(
            model_name='notification',
            name='organization',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notifications', to='subscriptions.organization'),
        ),
        migrations.AlterField(
            model_name='thread',
            name='organization',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='threads', to='subscriptions.organization', verbose_name='organization'),
        ),
        migrations.AlterField(
            model_name='thread',
            name='person',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='threads', to=settings.AUTH_USER_MODEL, verbose_name='person'),
        ),
        migrations.AlterField(
            model_name='thread',
            name='state',
            field=models.CharField(choices=[('waiting', 'Waiting'), ('replied', 'Replied'), ('closed', 'Closed')], max_length=8, verbose_name='state'),
        ),
        migrations.RunPython(
            rename_state('answered', 'replied'), rename_state('replied', 'answered')
        ),
        migrations.RunPython(
            rename_in_data(
                ('/conversation/', '/thread/'), ('dormant_after_days', 'inactive_after_days')
            ),
            rename_in_data(
                ('/thread/', '/conversation/'), ('inactive_after_days', 'dormant_after_days')
            ),
        ),
        migrations.RunPython(
            rename_permissions({'notice': 'notification', 'conversation': 'thread'}),
            rename_permissions({'notification': 'notice', 'thread': 'conversation'}),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(condition=models.Q(('queued_at__isnull', True)), fields=['created_at'], name='notification_waiting'),
        ),
        migrations.AddConstraint(
            model_name='notification',
            constraint=models.UniqueConstraint(fields=('recipient', 'kind', 'reference'), name='notification_is_sent_once'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('removal_quantity__isnull', False)), fields=['thread'], name='message_asks_for_removal'),
        ),
        migrations.AddIndex(
            model_name='thread',
            index=models.Index(fields=['state', 'waiting_since'], name='thread_queue'),
        ),
        migrations.AddIndex(
            model_name='thread',
            index=models.Index(fields=['last_message_at'], name='thread_by_last_message'),
        ),
        migrations.AddConstraint(
            model_name='thread',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'replied', 'closed'])), name='thread_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='thread',
            constraint=models.UniqueConstraint(fields=('person', 'organization'), name='thread_is_one_per_person_and_organization'),
        ),
        migrations.AddConstraint(
            model_name='thread',
            constraint=models.UniqueConstraint(condition=models.Q(('organization__isnull', True)), fields=('person',), name='thread_without_organization_is_one_per_person'),
        ),
        migrations.AddConstraint(
            model_name='thread',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('email', ''), ('name', ''), ('person__isnull', False)), models.Q(('organization__isnull', True), ('person__isnull', True), models.Q(('name', ''), _negated=True), models.Q(('email', ''), _negated=True)), _connector='OR'), name='thread_is_with_somebody'),
        ),
        migrations.AddConstraint(
            model_name='thread',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'waiting'), ('waiting_since__isnull', False)), models.Q(models.Q(('state', 'waiting'), _negated=True), ('waiting_since__isnull', True)), _connector='OR'), name='thread_waits_since_a_moment'),
        ),
    ]
