"""Prefix searches that use an index on both databases."""

from typing import Any

from django.db import connection, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Q


class PrefixIndex(models.Index):
    """An index for ``istartswith``, on one field.

    Django sends ``UPPER(name) LIKE 'LAKE%'`` to PostgreSQL and ``name LIKE 'lake%'`` to SQLite, and
    neither can use an ordinary index for it.
    """

    _SQL = {
        "postgresql": "CREATE INDEX %(name)s ON %(table)s (UPPER(%(columns)s) text_pattern_ops)",
        "sqlite": "CREATE INDEX %(name)s ON %(table)s (%(columns)s COLLATE NOCASE)",
    }

    def create_sql(
        self,
        model: type[models.Model],
        schema_editor: BaseDatabaseSchemaEditor,
        using: str = "",
        **kwargs: Any,
    ) -> Any:
        """Return the statement for the database in use."""
        sql = self._SQL[schema_editor.connection.vendor]
        return super().create_sql(model, schema_editor, using, **kwargs, sql=sql)


# Sorts after every letter in databases that compare by code point.
_LAST = "\U0010ffff"


def starts_with(field: str, text: str) -> Q:
    """Return the condition that ``field`` begins with ``text``, for lowercase unique fields."""
    text = text.lower()
    if connection.vendor == "sqlite":
        # SQLite's LIKE ignores case and cannot use such an index.
        return Q(**{f"{field}__gte": text, f"{field}__lt": text + _LAST})
    return Q(**{f"{field}__startswith": text})
