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

FAR_AWAY = datetime(2099, 1, 1, tzinfo=UTC)


def commit_a_row(key: str = "row") -> None:
    Session(session_key=key, session_data="", expire_date=FAR_AWAY).save(force_insert=True)


def in_a_thread(function: Callable[[], object]) -> object:
    """Run on another connection, left open for the fixture to close."""
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
def test_template_stays_clean() -> None:
    assert not Session.objects.exists()


def test_threads_see_commits_of_other_connections(committed_db: str) -> None:
    commit_a_row()

    assert in_a_thread(Session.objects.count) == 1


def test_commit_in_a_thread_is_visible_here(committed_db: str) -> None:
    in_a_thread(commit_a_row)

    assert Session.objects.count() == 1


def test_every_thread_uses_the_copy(committed_db: str) -> None:
    name = in_a_thread(lambda: connection.settings_dict["NAME"])

    assert name == connection.settings_dict["NAME"] == committed_db
    assert "copy" in committed_db


def test_commits_are_real(committed_db: str) -> None:
    done: list[str] = []

    with transaction.atomic():
        transaction.on_commit(lambda: done.append("after commit"))
        commit_a_row()
        assert in_a_thread(Session.objects.count) == 0

    assert done == ["after commit"]
    assert in_a_thread(Session.objects.count) == 1


def test_copy_is_migrated(committed_db: str) -> None:
    assert "django_migrations" in connection.introspection.table_names()


def test_only_one_database_is_configured() -> None:
    """Only one database is copied; a second one would keep its rows."""
    assert list(connections) == ["default"]


@pytest.mark.parametrize("fixture", ["transactional_db", "live_server"])
def test_fixture_that_empties_tables_is_refused(
    request: pytest.FixtureRequest, fixture: str
) -> None:
    with pytest.raises(pytest.fail.Exception, match="committed_db"):
        request.getfixturevalue(fixture)


@pytest.mark.django_db
def test_two_kinds_of_database_cannot_be_mixed(request: pytest.FixtureRequest) -> None:
    with pytest.raises(pytest.fail.Exception, match="do not ask for `db` as well"):
        request.getfixturevalue("committed_db")


def test_class_that_empties_tables_is_found() -> None:
    assert empties_tables(TransactionTestCase)
    assert not empties_tables(TestCase)
    assert not empties_tables(object)


def test_concurrent_actions_return_results_and_exceptions(committed_db: str) -> None:
    """One of two equal keys is refused, and the other's row is stored."""
    outcomes = concurrently(commit_a_row, commit_a_row)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["IntegrityError", "NoneType"]
    assert Session.objects.count() == 1


def test_concurrent_actions_start_together(committed_db: str) -> None:
    meeting = threading.Barrier(3, timeout=10)

    outcomes = concurrently(meeting.wait, meeting.wait, meeting.wait)

    assert sorted(outcomes, key=str) == [0, 1, 2]


@pytest.mark.postgres
@pytest.mark.django_db
def test_server_has_no_extensions() -> None:
    """The product needs none, so it cannot come to depend on one that a host lacks."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT extname FROM pg_extension")
        assert [name for (name,) in cursor.fetchall()] == ["plpgsql"]
