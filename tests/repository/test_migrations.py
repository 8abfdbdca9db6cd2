"""Migrations run while the previous version is still serving (docs/operating.md, "Upgrading")."""

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

ROOT = Path(__file__).parents[2]
# The last migrations before the first deployment.
FIRST_VERSION = {"billing": "0006_receipt_text", "subscriptions": "0007_people_and_settings"}
# The previous version must be stopped first, as documented in docs/operating.md.
REQUIRE_A_STOP = (
    ("subscriptions", "0012_no_member_triggers"),
    ("subscriptions", "0013_no_member_count"),
    ("subscriptions", "0014_facts_of_notices"),
    ("subscriptions", "0015_roster_sheets"),
    ("subscriptions", "0018_one_word_for_each_thing"),
    ("subscriptions", "0020_undone"),
    ("subscriptions", "0021_names_in_the_database"),
    ("billing", "0011_fulfilled"),
    ("billing", "0013_names_in_the_database"),
)
# These remove or rename what the previous version may still use.
DESTRUCTIVE = (
    migrations.DeleteModel,
    migrations.RemoveField,
    migrations.RenameField,
    migrations.RenameModel,
    migrations.AlterModelTable,
)


def later_migrations() -> Iterator[tuple[str, str]]:
    for app, last in FIRST_VERSION.items():
        for file in sorted((ROOT / app / "migrations").glob("0*.py")):
            if file.stem > last and (app, file.stem) not in REQUIRE_A_STOP:
                yield app, file.stem


def operations(app: str, name: str) -> Iterator[Operation]:
    module = importlib.import_module(f"{app}.migrations.{name}")
    for operation in module.Migration.operations:
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            yield from operation.database_operations
        else:
            yield operation


@pytest.mark.parametrize(("app", "name"), [*later_migrations()])
def test_previous_version_keeps_serving(app: str, name: str) -> None:
    for operation in operations(app, name):
        assert not isinstance(operation, DESTRUCTIVE), f"{name} removes or renames something"
        if isinstance(operation, migrations.AddField):
            assert is_optional(operation.field), (
                f"{operation.model_name}.{operation.name} has neither NULL nor a db_default, but "
                "the previous version does not set it"
            )


@pytest.mark.parametrize(("app", "name"), REQUIRE_A_STOP)
def test_migration_that_requires_a_stop_is_documented(app: str, name: str) -> None:
    assert f"`{app}` {name[:4]}" in (ROOT / "docs/operating.md").read_text()


def is_optional(field: "models.Field[object, object]") -> bool:
    return bool(field.null or field.many_to_many or field.has_db_default())


@pytest.mark.parametrize("app", FIRST_VERSION)
def test_migrations_are_numbered_without_gaps(app: str) -> None:
    numbers = [file.stem[:4] for file in sorted((ROOT / app / "migrations").glob("0*.py"))]

    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
