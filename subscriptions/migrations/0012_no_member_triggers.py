"""Drop the triggers that counted members and noted when each was last seen.

An index answers both questions fast enough, and code that can be read keeps the column.
"""

from importlib import import_module

from django.db import migrations

triggers = import_module("subscriptions.migrations.0009_member_triggers")


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0011_words")]

    operations = [migrations.RunPython(triggers.drop, triggers.make)]
