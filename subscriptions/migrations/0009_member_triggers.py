"""The number of members who hold a license, and when each was last seen, kept by the database.

Triggers, so that no way of writing is forgotten: whole rows, bulk writes, SQL by hand. PostgreSQL
gets statement triggers, which make one update of a bulk write; SQLite only has triggers by row.

The triggers come first and the numbers are worked out behind them, in one transaction: nobody can
write in between.
"""

# ruff: noqa: S608  (only names that stand in this file are put into the statements)

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

ORGANIZATION, USER = "subscriptions_organization", "subscriptions_user"
MEMBERSHIP, COUNT = "subscriptions_membership", "subscriptions_membercount"
HOLDS = "('invited', 'active')"


def add(number: str, row: str) -> str:
    return f"""
        UPDATE {COUNT} SET holding = holding {number} WHERE organization_id = {row}.organization_id
    """


# As one value on SQLite, where max() of several has no NULL among them to be of use.
SEEN = f"""
    CASE WHEN NEW.joined_at IS NULL THEN NULL ELSE max(NEW.joined_at, coalesce(
        (SELECT last_login FROM {USER} WHERE id = NEW.user_id), NEW.joined_at)) END
"""

SQLITE = [
    f"""
    CREATE TRIGGER organization_gets_a_count AFTER INSERT ON {ORGANIZATION} BEGIN
        INSERT OR IGNORE INTO {COUNT} (organization_id, holding) VALUES (NEW.id, 0);
    END
    """,
    f"""
    CREATE TRIGGER membership_added_is_counted AFTER INSERT ON {MEMBERSHIP}
    WHEN NEW.state IN {HOLDS} BEGIN {add("+ 1", "NEW")}; END
    """,
    f"""
    CREATE TRIGGER membership_deleted_is_counted AFTER DELETE ON {MEMBERSHIP}
    WHEN OLD.state IN {HOLDS} BEGIN {add("- 1", "OLD")}; END
    """,
    f"""
    CREATE TRIGGER membership_changed_is_counted
    AFTER UPDATE OF state, organization_id ON {MEMBERSHIP}
    WHEN (OLD.state IN {HOLDS}) <> (NEW.state IN {HOLDS})
        OR OLD.organization_id <> NEW.organization_id
    BEGIN
        {add("- 1", "OLD")} AND OLD.state IN {HOLDS};
        {add("+ 1", "NEW")} AND NEW.state IN {HOLDS};
    END
    """,
    *[
        f"""
        CREATE TRIGGER membership_{name}_notes_last_seen AFTER {event} ON {MEMBERSHIP}
        WHEN NEW.last_seen_at IS NOT ({SEEN})
        BEGIN UPDATE {MEMBERSHIP} SET last_seen_at = {SEEN} WHERE id = NEW.id; END
        """
        for name, event in (("added", "INSERT"), ("changed", "UPDATE"))
    ],
    f"""
    CREATE TRIGGER user_signed_in_is_seen AFTER UPDATE OF last_login ON {USER}
    WHEN OLD.last_login IS NOT NEW.last_login BEGIN
        UPDATE {MEMBERSHIP}
        SET last_seen_at = max(joined_at, coalesce(NEW.last_login, joined_at))
        WHERE user_id = NEW.id AND joined_at IS NOT NULL;
    END
    """,
]
SQLITE_BACK = [
    f"DROP TRIGGER {name}"
    for name in (
        "organization_gets_a_count",
        "membership_added_is_counted",
        "membership_deleted_is_counted",
        "membership_changed_is_counted",
        "membership_added_notes_last_seen",
        "membership_changed_notes_last_seen",
        "user_signed_in_is_seen",
    )
]


def counting(event: str, changes: str, tables: str) -> list[str]:
    """A statement trigger that adds up ``changes``: one update per organization, in their order.

    In one order for everybody, so that two who write into the same organizations never wait for
    each other.
    """
    name = f"membership_{event.lower()}_is_counted"
    return [
        f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE change record;
        BEGIN
            FOR change IN
                SELECT organization_id, sum(number) AS number FROM ({changes}) AS changes
                GROUP BY organization_id HAVING sum(number) <> 0 ORDER BY organization_id
            LOOP
                UPDATE {COUNT} SET holding = holding + change.number
                WHERE organization_id = change.organization_id;
            END LOOP;
            RETURN NULL;
        END
        $$
        """,
        f"""
        CREATE TRIGGER {name} AFTER {event} ON {MEMBERSHIP} REFERENCING {tables}
        FOR EACH STATEMENT EXECUTE FUNCTION {name}()
        """,
    ]


def those(table: str, number: int) -> str:
    return f"SELECT organization_id, {number} AS number FROM {table} WHERE state IN {HOLDS}"


POSTGRESQL = [
    f"""
    CREATE FUNCTION organization_gets_a_count() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO {COUNT} (organization_id, holding) VALUES (NEW.id, 0) ON CONFLICT DO NOTHING;
        RETURN NULL;
    END
    $$
    """,
    f"""
    CREATE TRIGGER organization_gets_a_count AFTER INSERT ON {ORGANIZATION}
    FOR EACH ROW EXECUTE FUNCTION organization_gets_a_count()
    """,
    *counting("INSERT", those("added", 1), "NEW TABLE AS added"),
    *counting("DELETE", those("gone", -1), "OLD TABLE AS gone"),
    *counting(
        "UPDATE",
        f"{those('gone', -1)} UNION ALL {those('added', 1)}",
        "OLD TABLE AS gone NEW TABLE AS added",
    ),
    f"""
    CREATE FUNCTION membership_truncate_is_counted() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE {COUNT} SET holding = 0;
        RETURN NULL;
    END
    $$
    """,
    f"""
    CREATE TRIGGER membership_truncate_is_counted AFTER TRUNCATE ON {MEMBERSHIP}
    FOR EACH STATEMENT EXECUTE FUNCTION membership_truncate_is_counted()
    """,
    f"""
    CREATE FUNCTION membership_notes_last_seen() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.joined_at IS NULL THEN
            NEW.last_seen_at := NULL;
        ELSE
            NEW.last_seen_at := greatest(
                NEW.joined_at, (SELECT last_login FROM {USER} WHERE id = NEW.user_id));
        END IF;
        RETURN NEW;
    END
    $$
    """,
    f"""
    CREATE TRIGGER membership_notes_last_seen BEFORE INSERT OR UPDATE ON {MEMBERSHIP}
    FOR EACH ROW EXECUTE FUNCTION membership_notes_last_seen()
    """,
    f"""
    CREATE FUNCTION user_signed_in_is_seen() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE {MEMBERSHIP} SET last_seen_at = NEW.last_login
        WHERE user_id = NEW.id AND joined_at IS NOT NULL;
        RETURN NULL;
    END
    $$
    """,
    # The membership's own trigger works out the value; this only makes it look again.
    f"""
    CREATE TRIGGER user_signed_in_is_seen AFTER UPDATE OF last_login ON {USER}
    FOR EACH ROW WHEN (OLD.last_login IS DISTINCT FROM NEW.last_login)
    EXECUTE FUNCTION user_signed_in_is_seen()
    """,
]
POSTGRESQL_BACK = [
    f"DROP FUNCTION {name}() CASCADE"
    for name in (
        "organization_gets_a_count",
        "membership_insert_is_counted",
        "membership_delete_is_counted",
        "membership_update_is_counted",
        "membership_truncate_is_counted",
        "membership_notes_last_seen",
        "user_signed_in_is_seen",
    )
]
FILL = [
    f"UPDATE {MEMBERSHIP} SET last_seen_at = joined_at WHERE joined_at IS NOT NULL",
    f"""
    INSERT INTO {COUNT} (organization_id, holding)
    SELECT organization.id, (
        SELECT count(*) FROM {MEMBERSHIP} AS member
        WHERE member.organization_id = organization.id AND member.state IN {HOLDS}
    )
    FROM {ORGANIZATION} AS organization
    """,
]


def make(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers = {"sqlite": SQLITE, "postgresql": POSTGRESQL}[schema_editor.connection.vendor]
    for statement in [*triggers, *FILL]:
        schema_editor.execute(statement)


def drop(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    back = {"sqlite": SQLITE_BACK, "postgresql": POSTGRESQL_BACK}[schema_editor.connection.vendor]
    for statement in [*back, f"DELETE FROM {COUNT}"]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0008_counting_members")]

    operations = [migrations.RunPython(make, drop)]
