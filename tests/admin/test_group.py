"""Permissions of the Support group."""

import importlib

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from subscriptions.models import User

migration = importlib.import_module("billing.migrations.0005_support_group")
OUR_APPS = ("subscriptions", "billing")
TASK_PERMISSIONS = {
    "add_package",
    "change_package",
    "add_discount",
    "change_discount",
    "add_message",
    "change_thread",
    "add_licenseremoval",
    "change_licenseremoval",
    "change_membership",
    "add_refund",
    "change_paymentproblem",
    "change_processorevent",
}


def permissions() -> set[str]:
    return set(Group.objects.get(name="Support").permissions.values_list("codename", flat=True))


def test_support_can_view_every_registered_model(db: None) -> None:
    registered = {
        model._meta for model in admin.site._registry if model._meta.app_label in OUR_APPS
    }

    assert {f"view_{meta.model_name}" for meta in registered} <= permissions()


def test_support_cannot_view_tables_added_after_its_group(db: None) -> None:
    """The same on a new database as on one that was upgraded."""
    assert not permissions() & {f"view_{model}" for model in migration.LATER}


def test_support_can_only_view_and_do_its_tasks(db: None) -> None:
    assert {name for name in permissions() if not name.startswith("view_")} == TASK_PERMISSIONS
    group_permissions = Group.objects.get(name="Support").permissions
    assert not group_permissions.exclude(content_type__app_label__in=OUR_APPS).exists()


def test_support_cannot_delete_or_change_accounts_and_groups(db: None) -> None:
    assert not {name for name in permissions() if name.startswith("delete_")}
    assert not permissions() & {
        "add_user",
        "change_user",
        "add_group",
        "change_group",
        "view_group",
    }


def test_migration_can_be_repeated_and_reversed(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    # A later migration renamed one of the permissions.
    original = migration.DOES["subscriptions"]
    renamed = tuple(name.replace("conversation", "thread") for name in original)
    monkeypatch.setitem(migration.DOES, "subscriptions", renamed)
    group = Group.objects.get(name="Support")
    group.permissions.add(Permission.objects.get(codename="delete_user"))

    migration.create_group(apps, None)
    assert "delete_user" not in permissions()

    migration.remove_group(apps, None)
    assert not Group.objects.filter(name="Support").exists()

    migration.create_group(apps, None)
    assert permissions() > TASK_PERMISSIONS


def test_demo_support_user_is_in_the_support_group_only(db: None, settings: object) -> None:
    settings.DEMO = True  # type: ignore[attr-defined]
    call_command("load_demo", verbosity=0)

    support = User.objects.get(email="support@licensing.example")

    assert [group.name for group in support.groups.all()] == ["Support"]
    assert not support.user_permissions.exists()
    assert not support.is_superuser


@pytest.mark.parametrize("name", ["add_user", "change_user", "delete_package", "add_group"])
def test_support_user_lacks_permission(world: object, name: str) -> None:
    label = "auth" if "group" in name else "subscriptions"

    assert not world.support.has_perm(f"{label}.{name}")  # type: ignore[attr-defined]
