"""Rosters that were read in: what an import holds until it is added or given up."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0005_prefix_searches'),
    ]

    operations = [
        migrations.CreateModel(
            name='RosterImport',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('source', models.CharField(blank=True, max_length=120)),
                ('created_at', models.DateTimeField()),
                ('added', models.PositiveIntegerField(default=0)),
                ('added_at', models.DateTimeField(blank=True, null=True)),
                ('author', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='subscriptions.organization')),
            ],
        ),
        migrations.CreateModel(
            name='RosterRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('name', models.TextField(blank=True)),
                ('email', models.TextField(blank=True)),
                ('role', models.TextField(blank=True)),
                ('is_left_out', models.BooleanField(default=False)),
                ('is_added', models.BooleanField(default=False)),
                ('roster', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='subscriptions.rosterimport')),
            ],
        ),
        migrations.AddIndex(
            model_name='rosterimport',
            index=models.Index(fields=['created_at'], name='roster_import_age'),
        ),
        migrations.AddIndex(
            model_name='rosterimport',
            index=models.Index(fields=['organization', 'author'], name='roster_import_of_author'),
        ),
        migrations.AddConstraint(
            model_name='rosterrow',
            constraint=models.UniqueConstraint(fields=('roster', 'position'), name='roster_row_stands_once'),
        ),
    ]
