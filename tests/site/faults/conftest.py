"""HTTP access to the site, with control over its database connections."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import psycopg
import pytest
import requests
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from pytest_django import Settings

from billing.sandbox.control.client import SandboxControl
from subscriptions.models import Membership
from tests.support.server import Site
from tests.support.world import World

Interrupt = Callable[[BaseDatabaseWrapper], None]


class FailurePoints:
    """Count the site's statements and commits; call ``interrupt`` at number ``fail_at``.

    Numbers start at 0 after ``arm``. With None, only count.
    """

    def __init__(self, interrupt: Interrupt) -> None:
        self._interrupt = interrupt
        self._fail_at: int | None = None
        self._passed = 0

    def arm(self, fail_at: int | None) -> None:
        """Restart counting."""
        self._fail_at = fail_at
        self._passed = 0

    def watch(self, wrapper: BaseDatabaseWrapper) -> None:
        """Count what a connection does, only once if it reconnects."""
        if self in wrapper.execute_wrappers:
            return
        wrapper.execute_wrappers.append(self)
        commit = wrapper._commit  # type: ignore[attr-defined]

        def counted_commit() -> None:
            self._pass(wrapper)
            commit()

        wrapper._commit = counted_commit  # type: ignore[attr-defined]

    def __call__(self, execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        self._pass(context["connection"])
        return execute(sql, params, many, context)

    def _pass(self, wrapper: BaseDatabaseWrapper) -> None:
        self._passed += 1
        if self._passed - 1 == self._fail_at:
            self._interrupt(wrapper)


def end_connection(wrapper: BaseDatabaseWrapper) -> None:
    """Terminate a connection, as a failover or a server crash does."""
    backend = wrapper.connection.info.backend_pid
    with admin_cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])


@contextmanager
def admin_cursor() -> Iterator["psycopg.Cursor[Any]"]:
    """Yield a cursor of a connection to the same database outside Django."""
    parameters = connections["default"].get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    options = {name: parameters[name] for name in names if parameters.get(name)}
    with psycopg.connect(**options, autocommit=True) as connection:
        yield connection.cursor()


@pytest.fixture
def points(site: Site) -> Iterator[FailurePoints]:
    """Count what the site's connections do, but not the test's own."""
    points = FailurePoints(end_connection)
    test_thread = threading.get_ident()

    def watch_connection(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
        if threading.get_ident() != test_thread:
            points.watch(connection)

    connection_created.connect(watch_connection)
    yield points
    connection_created.disconnect(watch_connection)


class Browser:
    """The browser of a signed-in user."""

    def __init__(self, site: Site, world: World, person: Membership) -> None:
        self._site = site
        self._session = requests.Session()
        self._session.trust_env = False
        session_id = world.client(person).cookies["sessionid"].value
        self._session.cookies.set("sessionid", session_id, domain="localhost.local")
        self.get("/account/")

    def get(self, path: str) -> requests.Response:
        """Open a page without following redirects."""
        return self._session.get(self._site / path, timeout=30, allow_redirects=False)

    def post(self, path: str, **fields: Any) -> requests.Response:
        """Submit a form."""
        token = self._session.cookies["csrftoken"]
        return self._session.post(
            self._site / path,
            data=fields | {"csrfmiddlewaretoken": token},
            timeout=30,
            allow_redirects=False,
        )


@pytest.fixture
def browser(site: Site, world: World) -> Browser:
    """Return Arlo's browser."""
    return Browser(site, world, world.assignor)


def is_temporary(response: requests.Response) -> bool:
    """Return whether a response is a 503 that says when to retry."""
    return (
        response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        and int(response.headers["Retry-After"]) > 0
        and response.headers["Cache-Control"] == "no-store"
        and "Wait a minute, then reload the page" in response.text
    )


@pytest.fixture
def short_timeouts(stripe: SandboxControl, settings: Settings) -> Settings:
    """Limit SDK retries and timeouts so that faults show immediately."""
    settings.STRIPE_MAX_NETWORK_RETRIES = 0
    settings.STRIPE_READ_TIMEOUT = 4  # a busy machine is slow even without faults
    return settings
