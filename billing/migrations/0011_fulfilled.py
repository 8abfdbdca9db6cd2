"""Name what support did with a payment as the screens do: fulfilled, not granted."""

from collections.abc import Callable

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# (app, model, field, name before, name after)
NAMES = (
    ("billing", "PaymentProblem", "resolution", "granted", "fulfilled"),
    ("subscriptions", "Activity", "verb", "payment_granted", "payment_fulfilled"),
)


def rename(*, back: bool) -> Callable[[StateApps, BaseDatabaseSchemaEditor], None]:
    def run(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        for app, model, field, before, after in NAMES:
            was, now = (after, before) if back else (before, after)
            rows = apps.get_model(app, model).objects.filter(**{field: was})
            rows.update(**{field: now})

    return run


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0010_plain_words'),
        ('subscriptions', '0018_one_word_for_each_thing'),
    ]

    operations = [
        migrations.RemoveConstraint('paymentproblem', 'payment_problem_resolution_is_known'),
        migrations.AlterField(
            model_name='paymentproblem',
            name='resolution',
            field=models.CharField(blank=True, choices=[('fulfilled', 'Fulfilled'), ('refunded', 'Refunded'), ('closed', 'Closed without action')], default='', max_length=9, verbose_name='done'),
        ),
        migrations.RunPython(rename(back=False), rename(back=True)),
        migrations.AddConstraint(
            model_name='paymentproblem',
            constraint=models.CheckConstraint(condition=models.Q(('resolution__in', ['', 'fulfilled', 'refunded', 'closed'])), name='payment_problem_resolution_is_known'),
        ),
    ]
