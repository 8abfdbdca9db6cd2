"""The database ends a connection at any point: clear 503, all or nothing.

At every statement and commit of each action, on PostgreSQL (``pg_terminate_backend``). A replica's
failover looks the same from here; it could not be tested itself.
"""

import json
import uuid
from collections.abc import Callable, Iterator
from http import HTTPStatus
from itertools import count

import pytest
import requests
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.db import connections

from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from billing.settlement.settle import settle
from billing.states import PurchaseStatus
from subscriptions.models import LicenseEntry, Membership, Notification
from tests.billing.deliveries import completed, signature
from tests.programs.soak import invariants
from tests.site.faults.conftest import Browser, Points, is_temporary
from tests.support.factories import PASSWORD
from tests.support.server import Site
from tests.support.world import World

pytestmark = [pytest.mark.race, pytest.mark.postgres]

Step = Callable[[], requests.Response]
# More statements and commits than any action has.
MOST_POINTS = 120


def state() -> tuple[int, ...]:
    """Models that the actions change."""
    return (
        Membership.objects.exclude(license_number=None).count(),
        Notification.objects.count(),
        LicenseEntry.objects.count(),
        Purchase.objects.filter(status=PurchaseStatus.SETTLED).count(),
    )


def interrupted(points: Points, steps: Iterator[Step]) -> int:
    """Interrupt each action one point later than the last, until one completes.

    Repeat each as users and processors do; return the number of interruptions.
    """
    for fatal, step in zip(range(MOST_POINTS), steps, strict=False):
        before = state()
        points.arm(fatal)
        response = step()
        points.arm(None)
        if response.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
            assert response.status_code < HTTPStatus.BAD_REQUEST, (fatal, response.status_code)
            if state() != before:
                return fatal
            continue
        assert is_for_a_program(response) or is_temporary(response), fatal
        between = state()
        again = step()
        assert again.status_code not in (500, 503), fatal
        assert between in (before, state()), fatal
    raise AssertionError("no step came through")


def is_for_a_program(response: requests.Response) -> bool:
    """The processor must deliver the event again."""
    return response.request.path_url == "/stripe/webhook/" and "again" in response.text


def test_while_a_user_is_added(
    world: World, stripe: SandboxControl, points: Points, browser: Browser
) -> None:
    # Otherwise the webhook of this purchase may arrive during it and be interrupted instead.
    without_webhooks(stripe)
    # One more user is added per interrupted point.
    world.buy_and_settle(MOST_POINTS)

    def add(number: int) -> Step:
        form = {"name": "Nora", "email": f"nora{number}@people.example", "role": "general_member"}
        return lambda: browser.post("/o/lakeside/users/add/", **form)

    assert interrupted(points, map(add, count())) > 10
    assert invariants.at_any_moment()[1] == []


def test_while_a_webhook_is_processed(
    world: World, stripe: SandboxControl, site: Site, points: Points
) -> None:
    def hear(number: int) -> Step:
        purchase = world.buy(5, is_repeat=True)
        world.pay(purchase)
        body = json.dumps(completed(purchase.session_id))
        return lambda: requests.post(
            site / "/stripe/webhook/",
            data=body,
            headers={"Stripe-Signature": signature(body), "Content-Type": "application/json"},
            timeout=30,
        )

    without_webhooks(stripe)
    assert interrupted(points, map(hear, count())) > 5

    assert invariants.money(stripe.sessions())[1] == []


def test_while_the_return_page_settles(
    world: World, stripe: SandboxControl, points: Points, browser: Browser
) -> None:
    def come_back(number: int) -> Step:
        purchase = world.buy(5, is_repeat=True)
        world.pay(purchase)
        address = f"/o/lakeside/licenses/return/?session_id={purchase.session_id}"
        return lambda: browser.get(address)

    without_webhooks(stripe)
    assert interrupted(points, map(come_back, count())) > 10

    assert invariants.money(stripe.sessions())[1] == []


def test_while_a_purchase_is_started(
    world: World, stripe: SandboxControl, points: Points, browser: Browser
) -> None:
    """The form submitted again leads to the same payment page (R14)."""
    without_webhooks(stripe)
    for fatal in range(MOST_POINTS):
        form = {"quantity": "10", "submission": str(uuid.uuid4()), "next": ""}
        points.arm(fatal)
        response = browser.post("/o/lakeside/licenses/add/", **form)
        points.arm(None)
        if response.status_code == HTTPStatus.FOUND:
            break
        assert is_temporary(response), fatal
        again = browser.post("/o/lakeside/licenses/add/", **form)
        assert again.status_code == HTTPStatus.FOUND, fatal
        [session] = [one for one in stripe.sessions() if one["status"] == "open"]
        assert again.headers["Location"] == session["url"]
        stripe.pay(session["id"])
        settle(session["id"])
        assert Purchase.objects.filter(status=PurchaseStatus.SETTLED).count() == fatal + 1
        # Otherwise the same number within minutes asks for confirmation.
        world.later(minutes=11)
    else:
        raise AssertionError("no purchase came through")

    assert fatal > 15
    assert invariants.money(stripe.sessions())[1] == []


@pytest.mark.usefixtures("stripe")
def test_while_someone_signs_in(world: World, site: Site, points: Points) -> None:
    """The same form works again and does not seem wrong or outdated."""
    for fatal in range(MOST_POINTS):
        cache.clear()  # Otherwise this many attempts from one address are refused.
        UserSession.objects.all().delete()  # A sign-in checks each of them.
        session = requests.Session()
        session.trust_env = False
        session.get(site / "/accounts/login/", timeout=30)
        form = {
            "login": world.assignor.user.email,
            "password": PASSWORD,
            "csrfmiddlewaretoken": session.cookies["csrftoken"],
        }

        def sign_in(
            session: requests.Session = session, form: dict[str, str] = form
        ) -> requests.Response:
            address = site / "/accounts/login/"
            return session.post(address, data=form, timeout=30, allow_redirects=False)

        points.arm(fatal)
        response = sign_in()
        points.arm(None)
        if response.status_code == HTTPStatus.FOUND:
            break
        assert is_temporary(response), (fatal, response.status_code)
        assert sign_in().status_code == HTTPStatus.FOUND, fatal
    else:
        raise AssertionError("nobody signed in")

    assert fatal > 5


def test_closed_idle_connection_is_reopened(
    points: Points, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections persist between requests and are checked before reuse."""
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 60)
    assert browser.get("/o/lakeside/").status_code == HTTPStatus.OK
    points.arm(0)
    assert is_temporary(browser.get("/o/lakeside/"))

    points.arm(None)

    assert browser.get("/o/lakeside/").status_code == HTTPStatus.OK


def without_webhooks(stripe: SandboxControl) -> None:
    """Stop automatic notifications: test one source at a time."""
    for endpoint in stripe.webhooks():
        stripe.delete_webhook(endpoint["id"])
