"""The test databases.

An ordinary test runs in a transaction that is rolled back (pytest-django's ``db``). A test that
needs real commits (several connections, a live server) cannot be cleaned up: triggers protect the
ledger from deletion, even in tests. It uses ``committed_db``, a private copy of the migrated
database that is dropped afterwards.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from weakref import WeakSet

import pytest
from django.conf import settings
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.test import TestCase, TransactionTestCase
from django.test.utils import setup_databases, teardown_databases
from psycopg import sql
from pytest_django import DjangoDbBlocker

USE_COMMITTED_DB = (
    "{} empties the tables after the test, which the ledger's triggers refuse. "
    "Take the fixture `committed_db` (tests/support/databases.py), or `site` for a live server."
)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,
) -> Iterator[None]:
    """Give SQLite a file, in memory if possible: only a file can be copied and shared."""
    if connection.vendor != "sqlite":
        yield
        return
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(
        prefix="licensing-tests-", dir=memory if memory.is_dir() else None
    ) as folder:
        settings.DATABASES["default"]["TEST"]["NAME"] = f"{folder}/template.sqlite3"
        yield


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_modify_db_settings: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """Create the migrated database for tests with rollback and for copies.

    Mutation tests start too often to migrate each time: MIGRATED_DATABASE is a file to copy.
    """
    migrated = os.environ.get("MIGRATED_DATABASE")
    if migrated:
        shutil.copyfile(migrated, settings.DATABASES["default"]["TEST"]["NAME"])
    with django_db_blocker.unblock():
        created = setup_databases(
            verbosity=0,
            interactive=False,
            keepdb=bool(migrated),
            aliases={"default": None},
            serialized_aliases=set(),
        )
    yield
    with django_db_blocker.unblock():
        teardown_databases(created, verbosity=0)


@pytest.fixture
def committed_db(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[str]:
    """Yield the name of a fresh copy of the database; commits are real, in every thread."""
    if "db" in request.fixturenames or request.node.get_closest_marker("django_db"):
        pytest.fail("`committed_db` is a database of its own: do not ask for `db` as well.")
    with django_db_blocker.unblock(), _throw_away_copy() as name:
        yield name


@contextmanager
def _throw_away_copy() -> Iterator[str]:
    """Point Django, in all threads, at a copy of the database, and drop it afterwards."""
    # Every thread's connection is built from this one dictionary.
    parameters = connections.settings["default"]
    template, copy = parameters["NAME"], _name_of_copy(parameters["NAME"])
    connection.close()
    _create_copy(template, copy)
    with _connections_made() as made:
        parameters["NAME"] = copy
        try:
            yield copy
        finally:
            _close_all(made)
            parameters["NAME"] = template
            _drop_copy(copy)


def _name_of_copy(template: str) -> str:
    if connection.vendor == "sqlite":
        return str(Path(template).with_name("copy.sqlite3"))
    return f"{template}_copy"


def _create_copy(template: str, copy: str) -> None:
    if connection.vendor == "sqlite":
        _drop_copy(copy)
        with sqlite3.connect(template) as source, sqlite3.connect(copy) as target:
            source.backup(target)
        source.close()
        target.close()
        return
    _administer("DROP DATABASE IF EXISTS {} WITH (FORCE)", copy)
    _administer("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", copy, template)


def _drop_copy(copy: str) -> None:
    if connection.vendor == "sqlite":
        for suffix in ("", "-wal", "-shm"):
            Path(copy + suffix).unlink(missing_ok=True)
        return
    # A leftover thread of a test must not keep its database alive.
    _administer("DROP DATABASE {} WITH (FORCE)", copy)


def _administer(statement: str, *names: str) -> None:
    """Run a statement that requires that no one uses a database, from the server's own database."""
    with connection._nodb_cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def server_arguments() -> list[str]:
    """Return where PostgreSQL's client programs find the test server."""
    where = connection.get_connection_params()
    names = {"host": "host", "port": "port", "user": "username"}
    return [f"--{name}={where[key]}" for key, name in names.items() if where.get(key)]


@contextmanager
def _connections_made() -> Iterator["WeakSet[BaseDatabaseWrapper]"]:
    """Collect the connections that any thread opens during the block."""
    made: WeakSet[BaseDatabaseWrapper] = WeakSet()

    def note(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
        made.add(connection)

    connection_created.connect(note)
    try:
        yield made
    finally:
        connection_created.disconnect(note)


def _close_all(made: "WeakSet[BaseDatabaseWrapper]") -> None:
    for wrapper in list(made):
        # Closing another thread's connection must be allowed explicitly.
        wrapper.inc_thread_sharing()
        with suppress(Exception):  # it may be broken already, which is as good as closed
            wrapper.close()
        wrapper.dec_thread_sharing()


# Guards against emptied tables ------------------------------------------------------------------


@pytest.fixture
def transactional_db() -> None:
    pytest.fail(USE_COMMITTED_DB.format("`transactional_db`"))


@pytest.fixture
def live_server() -> None:
    pytest.fail(USE_COMMITTED_DB.format("`live_server`"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    marker = item.get_closest_marker("django_db")
    if marker and (marker.args or {"transaction", "reset_sequences"} & marker.kwargs.keys()):
        pytest.fail(USE_COMMITTED_DB.format("`django_db(transaction=True)`"))
    test_class = getattr(item, "cls", None)
    if test_class and empties_tables(test_class):
        pytest.fail(USE_COMMITTED_DB.format(f"{test_class.__name__} (a TransactionTestCase)"))


def empties_tables(test_class: type) -> bool:
    return issubclass(test_class, TransactionTestCase) and not issubclass(test_class, TestCase)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the tests for the other database's own behavior."""
    other = "sqlite" if connection.vendor == "postgresql" else "postgres"
    left_out = [item for item in items if item.get_closest_marker(other)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
