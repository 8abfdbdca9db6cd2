"""Plain names for constraints and a column, and plainer labels."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0012_labels'),
        ('subscriptions', '0021_names_in_the_database'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RenameField('paymentproblem', 'solution_note', 'resolution_note'),
        migrations.RemoveConstraint('paymentproblem', 'payment_problem_is_noted_once'),
        migrations.RemoveConstraint('paymentproblem', 'payment_problem_solved_waits_for_nobody'),
        migrations.RemoveConstraint('purchase', 'purchase_form_is_sent_once'),
        migrations.RemoveConstraint('purchase', 'purchase_original_form_is_sent_once'),
        migrations.RemoveConstraint('purchase', 'purchase_renewal_is_paid_by_one'),
        migrations.RemoveConstraint('purchase', 'purchase_returns_at_most_what_was_paid'),
        migrations.RemoveConstraint('refund', 'refund_returns_something'),
        migrations.RemoveConstraint('refund', 'refund_of_a_problem_is_asked_once'),
        migrations.RemoveConstraint('refund', 'refund_of_a_purchase_is_asked_one_by_one'),
        migrations.RenameField('paymentproblem', 'solved_at', 'resolved_at'),
        migrations.RenameField('paymentproblem', 'solved_by', 'resolved_by'),
        migrations.AddConstraint(
            model_name='paymentproblem',
            constraint=models.UniqueConstraint(fields=('session_id', 'reason'), name='payment_problem_is_unique'),
        ),
        migrations.AddConstraint(
            model_name='paymentproblem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('resolution', ''), ('resolved_at__isnull', True)), models.Q(models.Q(('resolution', ''), _negated=True), ('needs_support', False), ('resolved_at__isnull', False)), _connector='OR'), name='payment_problem_resolved_needs_no_support'),
        ),
        migrations.AddConstraint(
            model_name='purchase',
            constraint=models.UniqueConstraint(fields=('organization', 'submission'), name='purchase_submission_is_unique'),
        ),
        migrations.AddConstraint(
            model_name='purchase',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'original')), fields=('submission',), name='purchase_original_submission_is_unique'),
        ),
        migrations.AddConstraint(
            model_name='purchase',
            constraint=models.CheckConstraint(condition=models.Q(('refunded_amount', 0), models.Q(('refunded_amount__lte', models.F('total_amount')), ('status', 'settled')), _connector='OR'), name='purchase_refunded_is_at_most_its_total'),
        ),
        migrations.AddConstraint(
            model_name='purchase',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['pending', 'open'])), fields=('renewal',), name='purchase_renewal_has_one_unsettled'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='refund_amount_is_positive'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['failed', 'canceled']), _negated=True), fields=('problem',), name='refund_of_a_problem_is_unique'),
        ),
        migrations.AddConstraint(
            model_name='refund',
            constraint=models.UniqueConstraint(condition=models.Q(('problem__isnull', True), ('status', 'requested')), fields=('purchase',), name='refund_of_a_purchase_is_requested_once'),
        ),
        migrations.AlterField(
            model_name='paymentproblem',
            name='reason',
            field=models.CharField(choices=[('mismatch', 'Does not match the purchase'), ('unwanted_funding', 'Not a credit or debit card'), ('surplus', 'Second payment for the same purchase'), ('unknown_purchase', 'Purchase not found'), ('term_canceled', 'Its term was canceled'), ('later_term_paid', 'Refunded, but a later term has been paid for'), ('refund_undone', 'Refund failed after a new term was paid'), ('not_renewable', 'The renewal it paid for is no longer open')], max_length=16, verbose_name='problem'),
        ),
    ]
