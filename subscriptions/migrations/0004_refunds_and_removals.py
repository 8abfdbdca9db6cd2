"""Reversals, renewals that were refunded, and removals as support does them (R27, R30)."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

TABLE = "subscriptions_licenseentry"


def guard_again(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """SQLite changes a table by copying it, and the copy has lost its triggers."""
    if schema_editor.connection.vendor != "sqlite":
        return
    for event, done in (("UPDATE", "changed"), ("DELETE", "deleted")):
        schema_editor.execute(
            f"""
            CREATE TRIGGER license_entry_is_never_{done} BEFORE {event} ON {TABLE}
            BEGIN
                SELECT RAISE(ABORT, 'the license ledger is append-only');
            END
            """
        )


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0003_messages'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='renewal',
            name='renewal_state_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='renewal',
            name='renewal_is_one_per_term',
        ),
        migrations.RemoveConstraint(
            model_name='renewal',
            name='renewal_quantity_is_frozen_while_paying',
        ),
        migrations.RemoveConstraint(
            model_name='renewal',
            name='renewal_paid_has_started_a_term',
        ),
        # Nothing has written removals before, so there are none to keep.
        migrations.DeleteModel(name='LicenseRemoval'),
        migrations.CreateModel(
            name='LicenseRemoval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(verbose_name='number')),
                ('submission', models.UUIDField(editable=False, unique=True)),
                ('quantity', models.PositiveIntegerField(verbose_name='licenses')),
                ('reason', models.CharField(max_length=300, verbose_name='reason')),
                ('asked_by', models.CharField(max_length=200, verbose_name='asked for by')),
                ('created_at', models.DateTimeField(verbose_name='removed')),
                ('taken_back_at', models.DateTimeField(blank=True, null=True, verbose_name='taken back')),
                ('actor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('message', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='removals', to='subscriptions.message', verbose_name='message it came from')),
                ('taken_back_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('term', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='removals', to='subscriptions.term')),
            ],
            options={
                'verbose_name': 'license removal',
                'verbose_name_plural': 'license removals',
                'ordering': ('created_at',),
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('quantity__gte', 1)), name='removal_takes_something'),
                    models.UniqueConstraint(fields=('term', 'number'), name='removal_is_numbered'),
                    models.CheckConstraint(condition=models.Q(models.Q(('taken_back_at__isnull', True), ('taken_back_by__isnull', True)), models.Q(('taken_back_at__isnull', False), ('taken_back_by__isnull', False)), _connector='OR'), name='removal_is_taken_back_by_somebody'),
                ],
            },
        ),
        migrations.AddField(
            model_name='licenseentry',
            name='reverses',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversals', to='subscriptions.licenseentry'),
        ),
        migrations.AlterField(
            model_name='renewal',
            name='state',
            field=models.CharField(choices=[('open', 'Open'), ('paying', 'Being paid'), ('paid', 'Paid'), ('refunded', 'Refunded'), ('withdrawn', 'Not needed')], max_length=9, verbose_name='state'),
        ),
        migrations.AddConstraint(
            model_name='licenseentry',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('cause', 'reversal'), ('reverses__isnull', False)), models.Q(models.Q(('cause', 'reversal'), _negated=True), ('reverses__isnull', True)), _connector='OR'), name='license_entry_reversal_reverses_something'),
        ),
        migrations.AddConstraint(
            model_name='renewal',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['open', 'paying', 'paid', 'refunded', 'withdrawn'])), name='renewal_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='renewal',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['open', 'paying', 'paid'])), fields=('term',), name='renewal_is_one_per_term'),
        ),
        migrations.AddConstraint(
            model_name='renewal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('quantity__isnull', True), ('state__in', ['open', 'withdrawn'])), models.Q(models.Q(('state__in', ['open', 'withdrawn']), _negated=True), ('quantity__gte', 1), ('quantity__isnull', False)), _connector='OR'), name='renewal_quantity_is_frozen_while_paying'),
        ),
        migrations.AddConstraint(
            model_name='renewal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('next_term__isnull', True), ('state__in', ['open', 'paying', 'withdrawn'])), models.Q(('next_term__isnull', False), ('state__in', ['paid', 'refunded'])), _connector='OR'), name='renewal_paid_has_started_a_term'),
        ),
        migrations.RunPython(guard_again, migrations.RunPython.noop),
    ]
