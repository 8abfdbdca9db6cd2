"""Inserting a row unless it is there, in one statement, and learning which of the two it was."""

from django.db import connection, models


def insert_unless_there(row: models.Model, *unique: str) -> bool:
    """Insert ``row`` unless another has the same in the fields ``unique``; whether it was.

    Its key is set then. Django would look first, and begin a savepoint in case somebody else was
    faster; or not say which of the two it was.
    """
    fields = [field for field in row._meta.local_concrete_fields if not field.primary_key]
    values = [
        field.get_db_prep_save(getattr(row, field.attname), connection=connection)
        for field in fields
    ]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    same = ", ".join(quote(str(row._meta.get_field(name).column)) for name in unique)  # type: ignore[union-attr]
    places = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quote(row._meta.db_table)} ({columns}) VALUES ({places}) "  # noqa: S608
            f"ON CONFLICT ({same}) DO NOTHING RETURNING id",
            values,
        )
        inserted = cursor.fetchall()
    if not inserted:
        return False
    row.pk = inserted[0][0]
    # For what is saved from here on.
    row._state.adding = False
    return True
