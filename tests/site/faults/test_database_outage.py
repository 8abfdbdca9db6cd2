"""An unavailable or slow database: a clear 503, no partial changes, and full recovery."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import psycopg
import pytest
import requests
from django.db import connections

from billing.models import ProcessorEvent, Purchase
from billing.sandbox.control.client import SandboxControl
from billing.states import PurchaseStatus
from subscriptions.models import Membership
from tests.billing.deliveries import completed, signature
from tests.site.faults.conftest import Browser, admin_cursor, is_temporary
from tests.site.faults.test_terminated_connections import disable_webhooks
from tests.support.server import Site
from tests.support.world import World

pytestmark = [pytest.mark.race, pytest.mark.postgres]

NORA = {"name": "Nora", "email": "nora@people.example", "role": "general_member"}
ADD = "/o/lakeside/users/add/"


@contextmanager
def parameters(**changes: Any) -> Iterator[None]:
    """Change the parameters of the site's new connections."""
    database = connections.settings["default"]
    before = {name: database[name] for name in changes}
    database.update(changes)
    try:
        yield
    finally:
        database.update(before)


def options(text: str) -> dict[str, Any]:
    return {**connections.settings["default"]["OPTIONS"], "options": text}


@contextmanager
def lock_held(statement: str) -> Iterator[None]:
    """Hold a lock from another connection during the block."""
    with admin_cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(statement)
        yield
        cursor.execute("ROLLBACK")


def webhook(site: Site, purchase: Purchase) -> requests.Response:
    body = json.dumps(completed(purchase.session_id))
    headers = {"Stripe-Signature": signature(body), "Content-Type": "application/json"}
    return requests.post(site / "/stripe/webhook/", data=body, headers=headers, timeout=30)


@pytest.fixture
def paid(world: World, stripe: SandboxControl, site: Site) -> Purchase:
    disable_webhooks(stripe)
    purchase = world.buy(10)
    world.pay(purchase)
    return purchase


def test_unavailable_database_returns_503(
    world: World, site: Site, browser: Browser, paid: Purchase
) -> None:
    with parameters(HOST="127.0.0.1", PORT="1"):
        for response in (
            browser.get("/o/lakeside/"),
            browser.post(ADD, **NORA),
            browser.get(f"/o/lakeside/licenses/return/?session_id={paid.session_id}"),
            webhook(site, paid),
        ):
            assert is_temporary(response)
        assert requests.get(site / "/healthz", timeout=5).status_code == HTTPStatus.OK
        ready = requests.get(site / "/readyz", timeout=5)
        assert ready.status_code == HTTPStatus.SERVICE_UNAVAILABLE

    assert not ProcessorEvent.objects.exists()
    assert webhook(site, paid).status_code == HTTPStatus.OK
    assert browser.post(ADD, **NORA).status_code == HTTPStatus.FOUND
    assert world.held() == 35


TIMEOUTS = {
    "lock_timeout": "-c lock_timeout=150ms",
    "statement_timeout": "-c statement_timeout=150ms",
}


@pytest.mark.parametrize("option", TIMEOUTS.values(), ids=list(TIMEOUTS))
def test_slow_database_returns_503(
    world: World, site: Site, browser: Browser, paid: Purchase, option: str
) -> None:
    """Waiting too long for a lock or a statement ends with a 503."""
    row = f"SELECT 1 FROM subscriptions_organization WHERE id = {world.lakeside.pk} FOR UPDATE"
    before = Membership.objects.count()

    with parameters(OPTIONS=options(option)), lock_held(row):
        assert is_temporary(browser.post(ADD, **NORA))
        assert webhook(site, paid).status_code == HTTPStatus.SERVICE_UNAVAILABLE
        # Read-only pages do not wait for locks.
        assert browser.get("/o/lakeside/users/").status_code == HTTPStatus.OK

    assert Membership.objects.count() == before
    assert Purchase.objects.get().status == PurchaseStatus.OPEN
    assert browser.post(ADD, **NORA).status_code == HTTPStatus.FOUND
    assert webhook(site, paid).status_code == HTTPStatus.OK
    assert world.held() == 35


def test_site_recovers_from_a_database_restart(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All persistent connections end at once; the next requests open new ones."""
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 60)
    assert browser.get("/o/lakeside/").status_code == HTTPStatus.OK
    own_pid = connections["default"].connection.info.backend_pid
    with admin_cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE "
            "datname = current_database() AND pid NOT IN (pg_backend_pid(), %s)",
            [own_pid],
        )
        [ended] = cursor.fetchone() or [0]

    assert ended >= 1
    assert browser.get("/o/lakeside/").status_code == HTTPStatus.OK
    assert browser.post(ADD, **NORA).status_code == HTTPStatus.FOUND


def test_full_disk_also_returns_503() -> None:
    """PostgreSQL's error for a full disk is an OperationalError, which returns 503."""
    assert issubclass(psycopg.errors.DiskFull, psycopg.OperationalError)
