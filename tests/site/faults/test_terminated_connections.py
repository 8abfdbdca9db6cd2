"""A connection terminated at any point returns a clear 503 and leaves no partial changes.

The tests call ``pg_terminate_backend`` at every statement and commit of each action. The failover
of a replica looks the same to the site, but is not tested.
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
from tests.site.faults.conftest import Browser, FailurePoints, is_temporary
from tests.support.factories import PASSWORD
from tests.support.server import Site
from tests.support.world import World

pytestmark = [pytest.mark.race, pytest.mark.postgres]

Step = Callable[[], requests.Response]
# More statements and commits than any action has.
MAX_POINTS = 120


def row_counts() -> tuple[int, ...]:
    """Count the rows that the actions add or change."""
    return (
        Membership.objects.exclude(license_number=None).count(),
        Notification.objects.count(),
        LicenseEntry.objects.count(),
        Purchase.objects.filter(status=PurchaseStatus.SETTLED).count(),
    )


def count_interruptions(points: FailurePoints, steps: Iterator[Step]) -> int:
    """Interrupt each action one point later than the previous one, until one completes.

    Repeat each interrupted action once; return the number of interruptions.
    """
    for fail_at, step in zip(range(MAX_POINTS), steps, strict=False):
        before = row_counts()
        points.arm(fail_at)
        response = step()
        points.arm(None)
        if response.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
            assert response.status_code < HTTPStatus.BAD_REQUEST, (fail_at, response.status_code)
            if row_counts() != before:
                return fail_at
            continue
        assert asks_for_redelivery(response) or is_temporary(response), fail_at
        after_interruption = row_counts()
        retried = step()
        assert retried.status_code not in (500, 503), fail_at
        assert after_interruption in (before, row_counts()), fail_at
    raise AssertionError("no action completed")


def asks_for_redelivery(response: requests.Response) -> bool:
    """Return whether a response asks the processor to deliver the event again."""
    return response.request.path_url == "/stripe/webhook/" and "again" in response.text


def test_termination_while_a_user_is_added(
    world: World, stripe: SandboxControl, points: FailurePoints, browser: Browser
) -> None:
    # Otherwise this purchase's webhook could be interrupted instead.
    disable_webhooks(stripe)
    # Each interruption adds one more user.
    world.buy_and_settle(MAX_POINTS)

    def add(number: int) -> Step:
        form = {"name": "Nora", "email": f"nora{number}@people.example", "role": "general_member"}
        return lambda: browser.post("/o/lakeside/users/add/", **form)

    assert count_interruptions(points, map(add, count())) > 10
    assert invariants.check_at_any_moment()[1] == []


def test_termination_while_a_webhook_is_processed(
    world: World, stripe: SandboxControl, site: Site, points: FailurePoints
) -> None:
    def deliver(number: int) -> Step:
        purchase = world.buy(5, is_repeat=True)
        world.pay(purchase)
        body = json.dumps(completed(purchase.session_id))
        return lambda: requests.post(
            site / "/stripe/webhook/",
            data=body,
            headers={"Stripe-Signature": signature(body), "Content-Type": "application/json"},
            timeout=30,
        )

    disable_webhooks(stripe)
    assert count_interruptions(points, map(deliver, count())) > 5

    assert invariants.check_payments(stripe.sessions())[1] == []


def test_termination_while_the_return_page_settles(
    world: World, stripe: SandboxControl, points: FailurePoints, browser: Browser
) -> None:
    def load_return_page(number: int) -> Step:
        purchase = world.buy(5, is_repeat=True)
        world.pay(purchase)
        address = f"/o/lakeside/licenses/return/?session_id={purchase.session_id}"
        return lambda: browser.get(address)

    disable_webhooks(stripe)
    assert count_interruptions(points, map(load_return_page, count())) > 10

    assert invariants.check_payments(stripe.sessions())[1] == []


def test_termination_while_a_purchase_is_started(
    world: World, stripe: SandboxControl, points: FailurePoints, browser: Browser
) -> None:
    """Submitting the form again leads to the same payment page (R14)."""
    disable_webhooks(stripe)
    for fail_at in range(MAX_POINTS):
        form = {"quantity": "10", "submission": str(uuid.uuid4()), "next": ""}
        points.arm(fail_at)
        response = browser.post("/o/lakeside/licenses/add/", **form)
        points.arm(None)
        if response.status_code == HTTPStatus.FOUND:
            break
        assert is_temporary(response), fail_at
        retried = browser.post("/o/lakeside/licenses/add/", **form)
        assert retried.status_code == HTTPStatus.FOUND, fail_at
        [session] = [one for one in stripe.sessions() if one["status"] == "open"]
        assert retried.headers["Location"] == session["url"]
        stripe.pay(session["id"])
        settle(session["id"])
        assert Purchase.objects.filter(status=PurchaseStatus.SETTLED).count() == fail_at + 1
        # Buying the same number again within minutes would require confirmation.
        world.later(minutes=11)
    else:
        raise AssertionError("no purchase was started")

    assert fail_at > 15
    assert invariants.check_payments(stripe.sessions())[1] == []


@pytest.mark.usefixtures("stripe")
def test_termination_while_someone_signs_in(
    world: World, site: Site, points: FailurePoints
) -> None:
    """The same form can be submitted again."""
    for fail_at in range(MAX_POINTS):
        cache.clear()  # so many attempts would be refused
        UserSession.objects.all().delete()  # a sign-in checks each of them
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

        points.arm(fail_at)
        response = sign_in()
        points.arm(None)
        if response.status_code == HTTPStatus.FOUND:
            break
        assert is_temporary(response), (fail_at, response.status_code)
        assert sign_in().status_code == HTTPStatus.FOUND, fail_at
    else:
        raise AssertionError("no sign-in succeeded")

    assert fail_at > 5


def test_closed_idle_connection_is_reopened(
    points: FailurePoints, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections persist between requests and are checked before reuse."""
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 60)
    assert browser.get("/o/lakeside/").status_code == HTTPStatus.OK
    points.arm(0)
    assert is_temporary(browser.get("/o/lakeside/"))

    points.arm(None)

    assert browser.get("/o/lakeside/").status_code == HTTPStatus.OK


def disable_webhooks(stripe: SandboxControl) -> None:
    """Delete all webhook endpoints, so that the test controls every delivery."""
    for endpoint in stripe.webhooks():
        stripe.delete_webhook(endpoint["id"])
