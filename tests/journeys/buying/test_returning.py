"""Returning after a payment: late, twice, or never."""

import re

import pytest
from playwright.sync_api import expect

from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from tests.journeys.conftest import SignedIn
from tests.journeys.people import Person
from tests.support.browser import PageProblems
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("stripe")

ADD_LICENSES = "/o/lakeside/licenses/add/"
RETURN_PAGE = re.compile(r"/o/lakeside/licenses/return/")
SESSIONS = "/v1/checkout/sessions/*"


def test_closing_the_tab_after_paying_loses_nothing(arlo: Person, stripe: SandboxControl) -> None:
    """R13, R14: the webhook fulfills the purchase although the browser never returned."""
    context = arlo.page.context
    arlo.opens(ADD_LICENSES)
    arlo.page.route(RETURN_PAGE, lambda route: route.abort("aborted"))
    with arlo.page.expect_request(RETURN_PAGE):
        arlo.buys(10)
    arlo.page.close()
    assert stripe.flush()

    arlo = Person(context.new_page())
    arlo.opens("/o/lakeside/users/")
    arlo.sees("4 of 35 licenses are in use, 31 available.")


def test_page_confirms_automatically_after_a_processor_outage(
    world: World, stripe: SandboxControl, signed_in: SignedIn
) -> None:
    """R13: without a click, the page polls and then shows the licenses."""
    arlo = signed_in(world.assignor)
    stripe.fault("drop")
    fault = stripe.fault("error", method="GET", path=SESSIONS, status=503)
    arlo.opens(ADD_LICENSES)
    arlo.buys(10)
    arlo.is_at("Confirming the payment")
    arlo.sees("purchase of 10 licenses", "you will not be charged twice")
    arlo.is_accessible()
    assert world.held() == 25

    stripe.clear_faults(fault["id"])
    arlo.sees("You bought 10 licenses. You now hold 35")
    assert RETURN_PAGE.search(arlo.page.url) is None


def test_unreachable_payment_page_shows_an_error_and_keeps_the_number(
    arlo: Person, stripe: SandboxControl, page_problems: PageProblems
) -> None:
    """R13, R14: the second attempt uses the same purchase."""
    page_problems.expect("POST 502 .*/licenses/add/")
    fault = stripe.fault("error", method="POST", path="/v1/checkout/sessions", status=503)
    arlo.opens(ADD_LICENSES)
    arlo.chooses(20)
    arlo.continues_to_payment()
    arlo.sees(
        "The payment page cannot be reached at the moment. "
        "Nothing was charged, and the number you entered is still here."
    )
    expect(arlo.number).to_have_value("20")
    arlo.is_accessible()

    stripe.clear_faults(fault["id"])
    arlo.continues_to_payment()
    arlo.pays_with()
    arlo.sees("You bought 20 licenses. You now hold 45")
    assert Purchase.objects.count() == 1


def test_returning_twice_fulfills_once(arlo: Person, world: World) -> None:
    """R14: the return link is opened again in another tab."""
    arlo.opens(ADD_LICENSES)
    with arlo.page.expect_request(RETURN_PAGE) as returning:
        arlo.buys(10)
    arlo.sees("You now hold 35")

    second_tab = Person(arlo.page.context.new_page())
    second_tab.opens(returning.value.url)
    second_tab.sees("You now hold 35", "Visa •••• 4242")
    assert world.held() == 35


def test_going_back_after_paying_asks_before_buying_again(
    world: World, signed_in: SignedIn, page_problems: PageProblems
) -> None:
    """R14: the payment page is finished; buying the same number again needs confirmation."""
    page_problems.expect("POST 409 .*/licenses/add/")
    arlo = signed_in(world.assignor)
    arlo.opens(ADD_LICENSES)
    arlo.buys(10)
    arlo.sees("You now hold 35")
    arlo.goes_back()
    arlo.sees("You will not be charged again")
    arlo.goes_back()
    arlo.is_at("Add Licenses")

    arlo.chooses(10)
    arlo.continues_to_payment()
    arlo.sees("You already bought 10 licenses on", "Do you want to buy 10 more?")
    arlo.is_accessible()
    arlo.clicks("No, show that purchase")
    arlo.sees("Visa •••• 4242")
    assert world.held() == 35

    arlo.opens(ADD_LICENSES)
    arlo.chooses(10)
    arlo.continues_to_payment()
    arlo.clicks("Yes, buy another 10")
    arlo.pays_with()
    arlo.sees("You bought 10 licenses. You now hold 45")


def test_two_tabs_share_one_payment_page(arlo: Person, stripe: SandboxControl) -> None:
    """R14: it can be paid only once."""
    other = Person(arlo.page.context.new_page())
    for tab in (arlo, other):
        tab.opens(ADD_LICENSES)
    for tab in (arlo, other):
        tab.chooses(10)
        tab.continues_to_payment()
    assert arlo.payment_page() == other.payment_page()

    arlo.pays_with()
    arlo.sees("You now hold 35")
    other.pays_with()
    other.sees("You now hold 35")
    assert len(stripe.sessions()) == Purchase.objects.count() == 1


def test_double_click_makes_one_purchase(arlo: Person, stripe: SandboxControl) -> None:
    """R14"""
    arlo.opens(ADD_LICENSES)
    arlo.chooses(10)
    arlo.continue_button.dblclick()
    arlo.pays_with()
    arlo.sees("You bought 10 licenses. You now hold 35")
    assert len(stripe.sessions()) == Purchase.objects.count() == 1


def test_stopped_page_load_can_be_retried(arlo: Person, stripe: SandboxControl) -> None:
    """R14: the guard against double clicks must be reset."""
    arlo.page.clock.install()
    arlo.opens(ADD_LICENSES)
    arlo.page.route("**/licenses/add/", lambda route: route.abort("aborted"), times=1)
    with arlo.page.expect_event("requestfailed"):
        arlo.continues_to_payment()
    status = arlo.main.get_by_role("status").filter(has_text="Opening the payment page…")
    expect(status).to_be_visible()

    arlo.page.clock.fast_forward(10_000)
    expect(status).to_be_hidden()
    arlo.continues_to_payment()
    arlo.payment_page()
    assert len(stripe.sessions()) == 1
