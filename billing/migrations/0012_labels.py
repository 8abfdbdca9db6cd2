"""Labels and choices in plain words; no table changes."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0011_fulfilled'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='paymentproblem',
            name='needs_support',
            field=models.BooleanField(verbose_name='waiting for support'),
        ),
        migrations.AlterField(
            model_name='paymentproblem',
            name='reason',
            field=models.CharField(choices=[('mismatch', 'Does not match the purchase'), ('unwanted_funding', 'Not a credit or debit card'), ('surplus', 'Second payment of the same purchase'), ('unknown_purchase', 'Purchase not found'), ('term_canceled', 'Its term was canceled'), ('later_term_paid', 'Refunded, but a later term is paid'), ('refund_undone', 'Refund failed after a new term was paid'), ('not_renewable', 'The renewal it paid for is no longer open')], max_length=16, verbose_name='problem'),
        ),
        migrations.AlterField(
            model_name='paymentproblem',
            name='resolution',
            field=models.CharField(blank=True, choices=[('fulfilled', 'Fulfilled'), ('refunded', 'Refunded'), ('closed', 'Closed without action')], default='', max_length=9, verbose_name='resolution'),
        ),
        migrations.AlterField(
            model_name='paymentproblem',
            name='solution_note',
            field=models.CharField(blank=True, max_length=300, verbose_name='reason'),
        ),
        migrations.AlterField(
            model_name='paymentproblem',
            name='solved_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='resolved'),
        ),
        migrations.AlterField(
            model_name='paymentproblem',
            name='solved_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='resolved by'),
        ),
        migrations.AlterField(
            model_name='purchase',
            name='card_funding',
            field=models.CharField(blank=True, max_length=12, verbose_name='card type'),
        ),
        migrations.AlterField(
            model_name='purchase',
            name='kind',
            field=models.CharField(choices=[('add_on', 'Add-on licenses'), ('renewal', 'Renewal'), ('original', 'Original purchase')], max_length=8, verbose_name='type'),
        ),
        migrations.AlterField(
            model_name='purchase',
            name='status',
            field=models.CharField(choices=[('pending', 'Starting'), ('open', 'Waiting for payment'), ('settled', 'Paid'), ('expired', 'Not paid in time'), ('abandoned', 'Not started'), ('refunding', 'Being refunded'), ('refunded', 'Refunded'), ('review', 'Under review by support')], max_length=9, verbose_name='status'),
        ),
        migrations.AlterField(
            model_name='refund',
            name='failure_reason',
            field=models.CharField(blank=True, max_length=80, verbose_name='failure reason'),
        ),
    ]
