"""Labels and choices in plain words; no table changes."""

import django.db.models.deletion
import subscriptions.models.organizations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0018_one_word_for_each_thing'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='notifiedaddress',
            options={'ordering': ('email',), 'verbose_name': 'additional e-mail address', 'verbose_name_plural': 'additional e-mail addresses'},
        ),
        migrations.AlterField(
            model_name='discount',
            name='basis_points',
            field=models.PositiveIntegerField(default=0, help_text='In basis points: 1250 is 12.5%.', verbose_name='percentage'),
        ),
        migrations.AlterField(
            model_name='discount',
            name='currency',
            field=models.CharField(choices=[('usd', 'USD'), ('cad', 'CAD')], help_text='The currency of the amount. A percentage also applies in this currency only.', max_length=3, verbose_name='currency'),
        ),
        migrations.AlterField(
            model_name='discount',
            name='name',
            field=models.CharField(help_text='Shown on quotes and receipts.', max_length=80, verbose_name='name'),
        ),
        migrations.AlterField(
            model_name='joinrequest',
            name='created_at',
            field=models.DateTimeField(verbose_name='requested'),
        ),
        migrations.AlterField(
            model_name='licenseentry',
            name='created_at',
            field=models.DateTimeField(verbose_name='created'),
        ),
        migrations.AlterField(
            model_name='licenseentry',
            name='effective_at',
            field=models.DateTimeField(verbose_name='effective from'),
        ),
        migrations.AlterField(
            model_name='licenseremoval',
            name='message',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='removals', to='subscriptions.message', verbose_name='request message'),
        ),
        migrations.AlterField(
            model_name='message',
            name='created_at',
            field=models.DateTimeField(verbose_name='sent'),
        ),
        migrations.AlterField(
            model_name='notification',
            name='created_at',
            field=models.DateTimeField(verbose_name='created'),
        ),
        migrations.AlterField(
            model_name='organization',
            name='low_license_thresholds',
            field=models.JSONField(default=subscriptions.models.organizations.default_thresholds, verbose_name='numbers of available licenses that trigger an e-mail'),
        ),
        migrations.AlterField(
            model_name='organization',
            name='second_factor_required',
            field=models.BooleanField(default=False, verbose_name='second factor required for Assignors and Administrators'),
        ),
        migrations.AlterField(
            model_name='reminder',
            name='created_at',
            field=models.DateTimeField(verbose_name='created'),
        ),
        migrations.AlterField(
            model_name='thread',
            name='created_at',
            field=models.DateTimeField(verbose_name='started'),
        ),
        migrations.AlterField(
            model_name='user',
            name='is_active',
            field=models.BooleanField(default=True, verbose_name='can sign in'),
        ),
    ]
