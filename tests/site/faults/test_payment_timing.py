"""Buyers who pay too late, or return before the webhook, after it, or in two tabs."""

from datetime import timedelta
from http import HTTPStatus

import pytest
import requests

from billing.events.reconcile import reconcile
from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from billing.states import PurchaseStatus
from tests.billing.deliveries import COMPLETED
from tests.programs.soak import invariants
from tests.programs.soak.pages import Forms
from tests.site.faults.conftest import Browser
from tests.support.checks import fresh
from tests.support.world import GOOD_CARD, World

pytestmark = [pytest.mark.race, pytest.mark.one_database]


def pay_on_the_page(purchase: Purchase) -> requests.Response:
    """Submit a card on the payment page; return the response without following it."""
    with requests.Session() as browser:
        browser.trust_env = False
        page = browser.get(purchase.session_url, timeout=30)
        form = Forms(page.text).with_field("number") or {}
        card = {"number": GOOD_CARD, "exp": "12/40", "cvc": "123", "name": "Pat Payer"}
        return browser.post(
            purchase.session_url, data=form | card, allow_redirects=False, timeout=30
        )


def return_path(response: requests.Response) -> str:
    """Return the path on the site that the payment page redirects to."""
    return "/" + response.headers["Location"].split("/", 3)[3]


def webhook_statuses(stripe: SandboxControl) -> list[int]:
    delivered = stripe.deliveries(event_type=COMPLETED)
    return [attempt["status"] for one in delivered for attempt in one["attempts"]]


@pytest.mark.parametrize(("seconds", "status"), [(-1, "settled"), (0, "expired"), (1, "expired")])
def test_payment_just_before_and_after_expiration(
    world: World, stripe: SandboxControl, browser: Browser, seconds: int, status: str
) -> None:
    """An expired page charges nothing; a payment in time adds the licenses (R17)."""
    purchase = world.buy(10)
    assert purchase.session_expires_at
    world.at(purchase.session_expires_at + timedelta(seconds=seconds))

    response = pay_on_the_page(purchase)
    if "/licenses/return/" in response.headers["Location"]:
        browser.get(return_path(response))
    stripe.flush()
    reconcile()

    assert fresh(purchase).status == status
    assert world.held() == (35 if status == "settled" else 25)
    assert invariants.check_payments(stripe.sessions())[1] == []


def test_webhook_is_processed_before_the_browser_returns(
    world: World, stripe: SandboxControl, browser: Browser
) -> None:
    purchase = world.buy(10)
    stripe.fault("redirect_waits")

    response = pay_on_the_page(purchase)

    assert fresh(purchase).status == PurchaseStatus.SETTLED
    assert browser.get(return_path(response)).status_code == HTTPStatus.FOUND
    assert invariants.check_payments(stripe.sessions())[1] == []


def test_browser_returns_before_the_webhook(
    world: World, stripe: SandboxControl, browser: Browser
) -> None:
    purchase = world.buy(10)
    stripe.fault("hold", event_type=COMPLETED)

    response = pay_on_the_page(purchase)
    assert browser.get(return_path(response)).status_code == HTTPStatus.FOUND
    assert fresh(purchase).status == PurchaseStatus.SETTLED
    assert webhook_statuses(stripe) == []
    stripe.release()
    stripe.flush()

    assert webhook_statuses(stripe) == [HTTPStatus.OK]
    assert invariants.check_payments(stripe.sessions())[1] == []


def test_payment_in_two_tabs_is_charged_once(
    world: World, stripe: SandboxControl, browser: Browser
) -> None:
    purchase = world.buy(10)

    responses = [pay_on_the_page(purchase) for _ in range(2)]
    for response in responses:
        assert browser.get(return_path(response)).status_code == HTTPStatus.FOUND
    stripe.flush()

    assert len([one for one in stripe.sessions() if one["payment_status"] == "paid"]) == 1
    assert world.held() == 35
    assert invariants.check_payments(stripe.sessions())[1] == []
