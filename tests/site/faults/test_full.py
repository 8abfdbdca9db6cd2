"""A full database (SQLite): a clear 503, nothing lost or half written, and recovery."""

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
from tests.site.faults.test_connections_ended import without_webhooks
from tests.support.checks import fresh
from tests.support.world import World

pytestmark = [pytest.mark.race, pytest.mark.sqlite]

# More than fits into the remaining space.
MOST = 400


@contextmanager
def no_more_pages() -> Iterator[None]:
    """Keep connections opened later from enlarging the file."""
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


def test_nothing_is_lost_and_the_site_recovers(
    world: World, stripe: SandboxControl, browser: Browser
) -> None:
    without_webhooks(stripe)
    for _ in range(3):
        purchase = world.buy_and_settle(100, is_repeat=True)
    purchase = world.buy(5)
    world.pay(purchase)
    before = Membership.objects.count()

    with no_more_pages():
        responses: list[int] = []
        while len(responses) < MOST and HTTPStatus.SERVICE_UNAVAILABLE not in responses:
            response = add(browser, len(responses))
            responses.append(response.status_code)
        assert is_temporary(response)
        back = browser.get(f"/o/lakeside/licenses/return/?session_id={purchase.session_id}")
        assert back.status_code in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.FOUND)
        assert browser.get("/o/lakeside/users/").status_code == HTTPStatus.OK

    added = responses.count(HTTPStatus.FOUND)
    assert Membership.objects.count() == before + added == User.objects.count() - 1
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check")
        assert cursor.fetchone() == ("ok",)
    assert add(browser, len(responses) - 1).status_code == HTTPStatus.FOUND
    reconcile()
    assert fresh(purchase).status == PurchaseStatus.SETTLED
    assert invariants.money(stripe.sessions())[1] == []
    assert not ProcessorEvent.objects.filter(processed_at=None).exists()
