"""What support searches by, and what was done to an object by whom."""

import subscriptions.models.indexes
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('admin', '0003_logentry_add_action_flag_choices'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('subscriptions', '0004_refunds_and_removals'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='organization',
            index=models.Index(fields=['name'], name='organization_by_name'),
        ),
        migrations.AddIndex(
            model_name='organization',
            index=subscriptions.models.indexes.PrefixIndex(fields=['name'], name='organization_name_begins'),
        ),
        migrations.AddIndex(
            model_name='organization',
            index=subscriptions.models.indexes.PrefixIndex(fields=['billing_email'], name='organization_email_begins'),
        ),
        migrations.AddIndex(
            model_name='user',
            index=subscriptions.models.indexes.PrefixIndex(fields=['name'], name='user_name_begins'),
        ),
        # Django looks its log up by object and has no index for that.
        migrations.RunSQL(
            'CREATE INDEX admin_log_of_object ON django_admin_log (content_type_id, object_id, action_time)',
            'DROP INDEX admin_log_of_object',
        ),
    ]
