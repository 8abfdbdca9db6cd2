"""The group "Support": everything may be read, and done what support is there for; nothing else."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

NAME = "Support"
APPS = ("subscriptions", "billing")
# What each is asked for is said where it is asked: in the two folders admin/.
DOES = {
    "subscriptions": (
        "add_package", "change_package", "add_discount", "change_discount",
        "add_message", "change_conversation",
        "add_licenseremoval", "change_licenseremoval", "change_membership",
    ),
    "billing": ("add_refund", "change_paymentproblem", "change_processorevent"),
}
# A new database has these tables by now, an upgraded one did not. The admin shows none of them.
LATER = ("completerun", "joinrequest", "notifiedaddress", "rosterimport", "rosterrow")


def create_group(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make the group, or bring one of this name to what it is meant to be."""
    permissions = apps.get_model("auth", "Permission").objects
    wanted = []
    for label in APPS:
        # Django writes permissions after all migrations; this one needs them now.
        config = installed.get_app_config(label)
        create_permissions(config, apps=apps, verbosity=0)
        ours = permissions.filter(content_type__app_label=label)
        later = ours.filter(content_type__model__in=LATER)
        wanted += ours.filter(codename__startswith="view_").exclude(pk__in=later)
        named = list(ours.filter(codename__in=DOES[label]))
        if len(named) != len(DOES[label]):
            raise LookupError(f"permissions of {label} are missing: {DOES[label]}")
        wanted += named
    group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=NAME)
    group.permissions.set(wanted)


def remove_group(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The accounts stay, without what the group let them do."""
    apps.get_model("auth", "Group").objects.filter(name=NAME).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('billing', '0004_support_searches'),
        ('contenttypes', '0002_remove_content_type_name'),
        ('subscriptions', '0005_prefix_searches'),
    ]

    # Its permissions have other names from there on.
    run_before = [('subscriptions', '0018_one_word_for_each_thing')]

    operations = [migrations.RunPython(create_group, remove_group)]
