"""Guarantees of tests/support/databases.py, on both databases."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.contrib.sessions.models import Session
from django.db import connection, connections, transaction
from django.test import TestCase, TransactionTestCase

from tests.support.concurrency import concurrently
from tests.support.databases import empties_tables

FAR_FUTURE = datetime(2099, 1, 1, tzinfo=UTC)


def commit_a_row(key: str = "row") -> None:
    Session(session_key=key, session_data="", expire_date=FAR_FUTURE).save(force_insert=True)


def in_a_thread(function: Callable[[], object]) -> object:
    """Run a function on another connection, which the fixture must close."""
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_committed_row_is_gone_in_the_next_test(committed_db: str, turn: int) -> None:
    assert not Session.objects.exists()

    commit_a_row()

    assert Session.objects.count() == 1


@pytest.mark.django_db
def test_template_database_stays_empty() -> None:
    assert not Session.objects.exists()


def test_threads_see_commits_of_other_connections(committed_db: str) -> None:
    commit_a_row()

    assert in_a_thread(Session.objects.count) == 1


def test_commits_of_a_thread_are_visible(committed_db: str) -> None:
    in_a_thread(commit_a_row)

    assert Session.objects.count() == 1


def test_every_thread_uses_the_copy(committed_db: str) -> None:
    name = in_a_thread(lambda: connection.settings_dict["NAME"])

    assert name == connection.settings_dict["NAME"] == committed_db
    assert "copy" in committed_db


def test_commits_are_real(committed_db: str) -> None:
    events: list[str] = []

    with transaction.atomic():
        transaction.on_commit(lambda: events.append("after commit"))
        commit_a_row()
        assert in_a_thread(Session.objects.count) == 0

    assert events == ["after commit"]
    assert in_a_thread(Session.objects.count) == 1


def test_copy_is_migrated(committed_db: str) -> None:
    assert "django_migrations" in connection.introspection.table_names()


def test_only_one_database_is_configured() -> None:
    """Only one database is copied: rows in a second one would not be deleted."""
    assert list(connections) == ["default"]


@pytest.mark.parametrize("fixture", ["transactional_db", "live_server"])
def test_fixture_that_empties_tables_is_refused(
    request: pytest.FixtureRequest, fixture: str
) -> None:
    with pytest.raises(pytest.fail.Exception, match="committed_db"):
        request.getfixturevalue(fixture)


@pytest.mark.django_db
def test_two_kinds_of_database_cannot_be_mixed(request: pytest.FixtureRequest) -> None:
    with pytest.raises(pytest.fail.Exception, match="do not request `db` as well"):
        request.getfixturevalue("committed_db")


def test_class_that_empties_tables_is_found() -> None:
    assert empties_tables(TransactionTestCase)
    assert not empties_tables(TestCase)
    assert not empties_tables(object)


def test_concurrent_actions_return_results_and_exceptions(committed_db: str) -> None:
    """One of two equal keys is refused, and the other's row is stored."""
    results = concurrently(commit_a_row, commit_a_row)

    assert sorted(type(result).__name__ for result in results) == ["IntegrityError", "NoneType"]
    assert Session.objects.count() == 1


def test_concurrent_actions_start_together(committed_db: str) -> None:
    barrier = threading.Barrier(3, timeout=10)

    results = concurrently(barrier.wait, barrier.wait, barrier.wait)

    assert sorted(results, key=str) == [0, 1, 2]


@pytest.mark.postgres
@pytest.mark.django_db
def test_server_has_no_extensions() -> None:
    """The product must not depend on extensions, which a host may not have."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT extname FROM pg_extension")
        assert [name for (name,) in cursor.fetchall()] == ["plpgsql"]
