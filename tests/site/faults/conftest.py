"""The site over HTTP, with control over each of its database connections."""

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

Strike = Callable[[BaseDatabaseWrapper], None]


class Points:
    """Count the site's statements and commits; strike at the point ``fatal``.

    0 is the first one after ``arm``. None: count only.
    """

    def __init__(self, strike: Strike) -> None:
        self._strike = strike
        self._fatal: int | None = None
        self._passed = 0

    def arm(self, fatal: int | None) -> None:
        """Restart counting."""
        self._fatal = fatal
        self._passed = 0

    def watch(self, wrapper: BaseDatabaseWrapper) -> None:
        """Count what a connection does; install once, even if it reconnects."""
        if self in wrapper.execute_wrappers:
            return
        wrapper.execute_wrappers.append(self)
        commit = wrapper._commit  # type: ignore[attr-defined]

        def noticed() -> None:
            self._pass(wrapper)
            commit()

        wrapper._commit = noticed  # type: ignore[attr-defined]

    def __call__(self, execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        self._pass(context["connection"])
        return execute(sql, params, many, context)

    def _pass(self, wrapper: BaseDatabaseWrapper) -> None:
        self._passed += 1
        if self._passed - 1 == self._fatal:
            self._strike(wrapper)


def end_connection(wrapper: BaseDatabaseWrapper) -> None:
    """Terminate it as an administrator, a failover or a server crash would."""
    backend = wrapper.connection.info.backend_pid
    with administrator() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])


@contextmanager
def administrator() -> Iterator["psycopg.Cursor[Any]"]:
    """A connection to the same database outside of Django."""
    parameters = connections["default"].get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    where = {name: parameters[name] for name in names if parameters.get(name)}
    with psycopg.connect(**where, autocommit=True) as connection:
        yield connection.cursor()


@pytest.fixture
def points(site: Site) -> Iterator[Points]:
    """Count only the site's connections, not the one here that checks the results."""
    found = Points(end_connection)
    here = threading.get_ident()

    def listen(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
        if threading.get_ident() != here:
            found.watch(connection)

    connection_created.connect(listen)
    yield found
    connection_created.disconnect(listen)


class Browser:
    """A signed-in user's browser, speaking HTTP with the site."""

    def __init__(self, site: Site, world: World, person: Membership) -> None:
        self._site = site
        self._session = requests.Session()
        self._session.trust_env = False
        signed_in = world.client(person).cookies["sessionid"].value
        self._session.cookies.set("sessionid", signed_in, domain="localhost.local")
        self.get("/account/")

    def get(self, address: str) -> requests.Response:
        """Open a page without following redirects."""
        return self._session.get(self._site / address, timeout=30, allow_redirects=False)

    def post(self, address: str, **fields: Any) -> requests.Response:
        """Submit a form."""
        token = self._session.cookies["csrftoken"]
        return self._session.post(
            self._site / address,
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
