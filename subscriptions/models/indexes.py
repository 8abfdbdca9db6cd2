"""Indexes that serve the same question on both databases in each one's own way."""

from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement


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
    ) -> Statement:
        """The statement for the database at hand."""
        sql = self._SQL[schema_editor.connection.vendor]
        return super().create_sql(model, schema_editor, using, **kwargs, sql=sql)
