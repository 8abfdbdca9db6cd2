"""What support searches and sorts by."""

import subscriptions.models.indexes
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0003_refunds_and_disputes'),
        ('subscriptions', '0005_prefix_searches'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name='processorevent',
            index=models.Index(fields=['object_id'], name='processor_event_about'),
        ),
        migrations.AddIndex(
            model_name='purchase',
            index=models.Index(fields=['-created_at'], name='purchase_newest_first'),
        ),
        migrations.AddIndex(
            model_name='purchase',
            index=models.Index(fields=['status', '-created_at'], name='purchase_by_status'),
        ),
        migrations.AddIndex(
            model_name='purchase',
            index=subscriptions.models.indexes.PrefixIndex(fields=['buyer_email'], name='purchase_buyer_begins'),
        ),
    ]
