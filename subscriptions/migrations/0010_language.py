"""The language a person has chosen.

Django would write the table anew on SQLite, with its triggers; both databases add a column in place.
"""

from django.db import migrations, models

ADD = "ALTER TABLE subscriptions_user ADD COLUMN language varchar(10) DEFAULT '' NOT NULL"
DROP = "ALTER TABLE subscriptions_user DROP COLUMN language"


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0009_member_triggers")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(ADD, DROP)],
            state_operations=[
                migrations.AddField(
                    model_name="user",
                    name="language",
                    field=models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        max_length=10,
                        verbose_name="language",
                    ),
                ),
            ],
        )
    ]
