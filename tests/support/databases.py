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
    "Use the fixture `committed_db` (tests/support/databases.py), or `site` for a live server."
)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,
) -> Iterator[None]:
    """Use a file for SQLite, in memory if possible, so that it can be copied and shared."""
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

    Mutation tests start too often to migrate each time: they copy the file MIGRATED_DATABASE.
    """
    migrated = os.environ.get("MIGRATED_DATABASE")
    if migrated:
        shutil.copyfile(migrated, settings.DATABASES["default"]["TEST"]["NAME"])
    with django_db_blocker.unblock():
        old_config = setup_databases(
            verbosity=0,
            interactive=False,
            keepdb=bool(migrated),
            aliases={"default": None},
            serialized_aliases=set(),
        )
    yield
    with django_db_blocker.unblock():
        teardown_databases(old_config, verbosity=0)


@pytest.fixture
def committed_db(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[str]:
    """Yield the name of a fresh copy of the database; commits are real, in every thread."""
    if "db" in request.fixturenames or request.node.get_closest_marker("django_db"):
        pytest.fail("`committed_db` is a separate database: do not request `db` as well.")
    with django_db_blocker.unblock(), _temporary_copy() as name:
        yield name


@contextmanager
def _temporary_copy() -> Iterator[str]:
    """Point Django, in all threads, at a copy of the database, and drop it afterwards."""
    # All threads' connections are built from this dictionary.
    parameters = connections.settings["default"]
    template, copy = parameters["NAME"], _name_of_copy(parameters["NAME"])
    connection.close()
    _create_copy(template, copy)
    with _track_connections() as opened:
        parameters["NAME"] = copy
        try:
            yield copy
        finally:
            _close_connections(opened)
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
    _run_maintenance("DROP DATABASE IF EXISTS {} WITH (FORCE)", copy)
    _run_maintenance("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", copy, template)


def _drop_copy(copy: str) -> None:
    if connection.vendor == "sqlite":
        for suffix in ("", "-wal", "-shm"):
            Path(copy + suffix).unlink(missing_ok=True)
        return
    # A leftover thread of a test must not keep its database alive.
    _run_maintenance("DROP DATABASE {} WITH (FORCE)", copy)


def _run_maintenance(statement: str, *names: str) -> None:
    """Run a statement that needs the database unused, connected to the server's default one."""
    with connection._nodb_cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def server_arguments() -> list[str]:
    """Return the options that connect PostgreSQL's client programs to the test server."""
    parameters = connection.get_connection_params()
    names = {"host": "host", "port": "port", "user": "username"}
    return [f"--{name}={parameters[key]}" for key, name in names.items() if parameters.get(key)]


@contextmanager
def _track_connections() -> Iterator["WeakSet[BaseDatabaseWrapper]"]:
    """Collect the connections that any thread opens during the block."""
    opened: WeakSet[BaseDatabaseWrapper] = WeakSet()

    def track(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
        opened.add(connection)

    connection_created.connect(track)
    try:
        yield opened
    finally:
        connection_created.disconnect(track)


def _close_connections(opened: "WeakSet[BaseDatabaseWrapper]") -> None:
    for wrapper in list(opened):
        # Closing another thread's connection must be allowed explicitly.
        wrapper.inc_thread_sharing()
        with suppress(Exception):  # it may already be broken
            wrapper.close()
        wrapper.dec_thread_sharing()


# Guards against emptying tables -------------------------------------------------------------------


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
    deselected = [item for item in items if item.get_closest_marker(other)]
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        items[:] = [item for item in items if item not in deselected]
