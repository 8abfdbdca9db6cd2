"""Prefix searches: indexes and conditions that answer them on both databases."""

from typing import Any

from django.db import connection, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Q


class PrefixIndex(models.Index):
    """For ``istartswith``: how a text begins, whatever the case.

    Django asks PostgreSQL for ``UPPER(name) LIKE 'LAKE%'`` and SQLite for ``name LIKE 'lake%'``,
    and neither takes an ordinary index for it. One field each.
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
        """The statement for the database at hand."""
        sql = self._SQL[schema_editor.connection.vendor]
        return super().create_sql(model, schema_editor, using, **kwargs, sql=sql)


# Above every letter there is, for databases that compare by code point.
_LAST = "\U0010ffff"


def begins(field: str, text: str) -> Q:
    """``field`` begins with ``text``, for what is kept in lower case under a unique index."""
    text = text.lower()
    if connection.vendor == "sqlite":
        # Its LIKE ignores case, and such an index does not.
        return Q(**{f"{field}__gte": text, f"{field}__lt": text + _LAST})
    return Q(**{f"{field}__startswith": text})
