"""Say "undone" as the screens do; the columns of a removal take new names."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('subscriptions', '0019_labels'),
    ]

    operations = [
        migrations.RemoveConstraint('licenseremoval', 'removal_is_taken_back_by_somebody'),
        migrations.RenameField('licenseremoval', 'taken_back_at', 'undone_at'),
        migrations.RenameField('licenseremoval', 'taken_back_by', 'undone_by'),
        migrations.AddConstraint(
            'licenseremoval',
            models.CheckConstraint(
                condition=models.Q(('undone_at__isnull', True), ('undone_by__isnull', True))
                | models.Q(('undone_at__isnull', False), ('undone_by__isnull', False)),
                name='removal_is_undone_by_somebody',
            ),
        ),
        migrations.AlterField(
            'renewal',
            'state',
            models.CharField(
                choices=[
                    ('open', 'Open'),
                    ('paying', 'Payment in progress'),
                    ('paid', 'Paid'),
                    ('refunded', 'Refunded'),
                    ('withdrawn', 'Not needed'),
                ],
                max_length=9,
                verbose_name='state',
            ),
        ),
    ]
