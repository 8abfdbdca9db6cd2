"""What constraints of the models cannot say: the ledger only grows, and terms never overlap.

Also makes the table of the database cache, where rate limits are counted.
"""

from django.core.management import call_command
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

TABLE = "subscriptions_licenseentry"

SQLITE = [
    f"""
    CREATE TRIGGER license_entry_is_never_{done} BEFORE {event} ON {TABLE}
    BEGIN
        SELECT RAISE(ABORT, 'the license ledger is append-only');
    END
    """
    for event, done in (("UPDATE", "changed"), ("DELETE", "deleted"))
]
SQLITE_BACK = [
    # Going back past 0004 remakes the table, without its triggers.
    "DROP TRIGGER IF EXISTS license_entry_is_never_changed",
    "DROP TRIGGER IF EXISTS license_entry_is_never_deleted",
]

POSTGRESQL = [
    """
    CREATE FUNCTION license_ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the license ledger is append-only'
            USING ERRCODE = 'integrity_constraint_violation';
    END
    $$
    """,
    f"""
    CREATE TRIGGER license_entry_is_never_changed BEFORE UPDATE OR DELETE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION license_ledger_is_append_only()
    """,
    f"""
    CREATE TRIGGER license_entry_is_never_truncated BEFORE TRUNCATE ON {TABLE}
    FOR EACH STATEMENT EXECUTE FUNCTION license_ledger_is_append_only()
    """,
    # Without an extension: the organization as a range of one number.
    """
    ALTER TABLE subscriptions_term ADD CONSTRAINT term_never_overlaps EXCLUDE USING gist (
        int8range(organization_id, organization_id, '[]') WITH &&,
        daterange(starts_on, expires_on, '[]') WITH &&
    ) WHERE (canceled_at IS NULL)
    """,
]
POSTGRESQL_BACK = [
    "ALTER TABLE subscriptions_term DROP CONSTRAINT term_never_overlaps",
    f"DROP TRIGGER license_entry_is_never_truncated ON {TABLE}",
    f"DROP TRIGGER license_entry_is_never_changed ON {TABLE}",
    "DROP FUNCTION license_ledger_is_append_only()",
]


def make_guards(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    run(schema_editor, {"sqlite": SQLITE, "postgresql": POSTGRESQL})
    call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)


def drop_guards(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    run(schema_editor, {"sqlite": SQLITE_BACK, "postgresql": POSTGRESQL_BACK})


def run(schema_editor: BaseDatabaseSchemaEditor, statements: dict[str, list[str]]) -> None:
    for statement in statements[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0001_initial")]

    operations = [migrations.RunPython(make_guards, drop_guards)]
