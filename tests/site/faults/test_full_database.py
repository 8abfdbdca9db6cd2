"""A full database (SQLite): a clear 503, no lost or partial changes, and full recovery."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from billing.events.reconcile import reconcile
from billing.models import ProcessorEvent
from billing.sandbox.control.client import SandboxControl
from billing.states import PurchaseStatus
from subscriptions.models import Membership, User
from tests.programs.soak import invariants
from tests.site.faults.conftest import Browser, is_temporary
from tests.site.faults.test_terminated_connections import disable_webhooks
from tests.support.checks import fresh
from tests.support.world import World

pytestmark = [pytest.mark.race, pytest.mark.sqlite]

# More users than fit into the remaining space.
MAX_USERS = 400


@contextmanager
def limit_database_size() -> Iterator[None]:
    """Prevent new connections from enlarging the database file."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        [pages] = cursor.fetchone()

    def limit(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA max_page_count = {pages}")

    connection_created.connect(limit)
    try:
        yield
    finally:
        connection_created.disconnect(limit)


def add(browser: Browser, number: int) -> Any:
    form = {"name": "Nora " * 20, "email": f"nora{number}@people.example", "role": "observer"}
    return browser.post("/o/lakeside/users/add/", **form)


def test_full_database_loses_nothing_and_the_site_recovers(
    world: World, stripe: SandboxControl, browser: Browser
) -> None:
    disable_webhooks(stripe)
    for _ in range(3):
        purchase = world.buy_and_settle(100, is_repeat=True)
    purchase = world.buy(5)
    world.pay(purchase)
    before = Membership.objects.count()

    with limit_database_size():
        responses: list[int] = []
        while len(responses) < MAX_USERS and HTTPStatus.SERVICE_UNAVAILABLE not in responses:
            response = add(browser, len(responses))
            responses.append(response.status_code)
        assert is_temporary(response)
        return_page = browser.get(f"/o/lakeside/licenses/return/?session_id={purchase.session_id}")
        assert return_page.status_code in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.FOUND)
        assert browser.get("/o/lakeside/users/").status_code == HTTPStatus.OK

    added = responses.count(HTTPStatus.FOUND)
    assert Membership.objects.count() == before + added == User.objects.count() - 1
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check")
        assert cursor.fetchone() == ("ok",)
    assert add(browser, len(responses) - 1).status_code == HTTPStatus.FOUND
    reconcile()
    assert fresh(purchase).status == PurchaseStatus.SETTLED
    assert invariants.check_payments(stripe.sessions())[1] == []
    assert not ProcessorEvent.objects.filter(processed_at=None).exists()
