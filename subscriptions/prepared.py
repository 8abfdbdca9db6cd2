"""Queries that every page asks, put together once per process instead of at every request.

Django works a queryset out into SQL anew each time: with several subqueries that takes it longer
than the database takes to answer. Here the same queryset is worked out once, with places for its
arguments, and only the arguments change::

    _OF_SLUG = Prepared(
        lambda a: Organization.objects.filter(slug=a["slug"]), slug=models.SlugField()
    )
    organizations = _OF_SLUG.all(slug="lakeside")
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import connection, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.query import get_related_populators
from django.db.models.sql.compiler import SQLCompiler

from subscriptions import clock

M = TypeVar("M", bound=models.Model)


class Argument(models.Expression):
    """The place of an argument in a queryset; ``output_field`` says how its value is written."""

    def __init__(self, name: str, output_field: "models.Field[Any, Any]") -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        """A placeholder, with this object where the value will be."""
        return "%s", [self]


@dataclass(frozen=True)
class _Statement:
    """What is kept of a queryset that was worked out."""

    sql: str
    parameters: tuple[Any, ...]
    compiler: SQLCompiler
    converters: Any


class Prepared(Generic[M]):
    """A queryset of ``M`` with named arguments, of the kind that the given fields hold."""

    def __init__(
        self,
        build: Callable[[Mapping[str, Argument]], "models.QuerySet[M, Any]"],
        **arguments: "models.Field[Any, Any]",
    ) -> None:
        self._build = build
        self._arguments = {name: Argument(name, field) for name, field in arguments.items()}
        # By kind of database, and by the time zone, which stands in statements about days.
        self._statements: dict[tuple[str, str], _Statement] = {}

    def all(self, **values: object) -> list[M]:
        """The rows as objects, with what ``select_related`` and ``annotate`` add to them."""
        statement = self._statement()
        compiler = statement.compiler
        info: Any = compiler.klass_info
        start, end = info["select_fields"][0], info["select_fields"][-1] + 1
        columns: Any = compiler.select
        names = [column[0].target.attname for column in columns[start:end]]
        populators = get_related_populators(info, columns, connection.alias)  # type: ignore[call-arg]  # 5.2
        found = []
        for row in self._rows(statement, values):
            item = info["model"].from_db(connection.alias, names, row[start:end])
            for populator in populators:
                populator.populate(row, item)
            for name, position in (compiler.annotation_col_map or {}).items():
                setattr(item, name, row[position])
            found.append(item)
        return found

    def first(self, **values: object) -> M | None:
        """The first row, or nothing."""
        found = self.all(**values)
        return found[0] if found else None

    def count(self, **values: object) -> int:
        """How many rows there are: they are read, so that the queryset should end at some."""
        return len(self._rows(self._statement(), values))

    def _rows(self, statement: _Statement, values: Mapping[str, object]) -> list[Any]:
        parameters = [
            one.output_field.get_db_prep_value(values[one.name], connection)
            if isinstance(one, Argument)
            else one
            for one in statement.parameters
        ]
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, parameters)
            rows: Any = cursor.fetchall()
        if statement.converters:
            rows = statement.compiler.apply_converters(rows, statement.converters)
        return list(rows)

    def _statement(self) -> _Statement:
        key = (connection.vendor, str(clock.zone()))
        statement = self._statements.get(key)
        if statement is None:
            compiler = self._build(self._arguments).query.get_compiler(connection=connection)
            sql, parameters = compiler.as_sql()
            expressions = [column[0] for column in compiler.select]
            converters = compiler.get_converters(expressions)
            statement = _Statement(sql, tuple(parameters), compiler, converters)
            self._statements[key] = statement
        return statement
