"""Choosing a number of licenses with buttons and by typing, also without JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import SignedIn
from tests.journeys.people import Person
from tests.support.browser import DESKTOP, PHONE, PageProblems
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("stripe")

WITHOUT_JAVASCRIPT = {"java_script_enabled": False}
ADD_LICENSES = "/o/lakeside/licenses/add/"
HINT = "Licenses are sold in groups of 5: 5, 10, 15, and so on."


def press(person: Person, name: str) -> None:
    person.main.get_by_role("button", name=name).click()


def test_buttons_step_by_five(arlo: Person) -> None:
    """R10: to the next group, but never below the first."""
    arlo.opens(ADD_LICENSES)
    expect(arlo.number).to_have_value("5")
    for name, number in [("Five fewer", "5"), ("Five more", "10"), ("Five more", "15")]:
        press(arlo, name)
        expect(arlo.number).to_have_value(number)
    assert arlo.cost("Total") == "$75.00"

    for entered, name, number in [(12, "Five more", "15"), (12, "Five fewer", "10")]:
        arlo.chooses(entered)
        press(arlo, name)
        expect(arlo.number).to_have_value(number)


def test_invalid_number_shows_an_error_and_the_nearest_valid_ones(
    world: World, signed_in: SignedIn, page_problems: PageProblems
) -> None:
    """R10"""
    arlo = signed_in(world.assignor)
    arlo.opens(ADD_LICENSES)
    arlo.chooses(7)
    expect(arlo.main.get_by_text(HINT)).to_be_visible()
    arlo.is_accessible()

    page_problems.expect("POST 422 .*/licenses/add/")
    arlo.continues_to_payment()
    arlo.sees("Enter 5 or 10 instead of 7.")
    expect(arlo.main.get_by_text(HINT)).to_be_hidden()
    expect(arlo.number).to_have_value("7")
    expect(arlo.number).to_have_accessible_description(re.compile("instead of 7"))
    arlo.is_accessible()

    arlo.chooses(8)
    expect(arlo.main.get_by_text(HINT)).to_be_visible()
    arlo.chooses(10)
    expect(arlo.main.get_by_text(HINT)).to_be_hidden()
    arlo.does_not_see("instead of 7")
    expect(arlo.number).not_to_have_attribute("aria-invalid", "true")
    assert arlo.cost("Total") == "$50.00"


def test_five_thousand_licenses_are_one_purchase(arlo: Person, world: World) -> None:
    """R10, R11: each at the same price."""
    arlo.opens(ADD_LICENSES)
    arlo.buys(5000)
    arlo.sees("You bought 5,000 licenses. You now hold 5,025", "5,000 × $5.00", "$25,000.00")
    assert world.held() == 5025


def test_number_above_the_payment_limit_is_refused(
    arlo: Person, page_problems: PageProblems
) -> None:
    """R10: the processor's maximum is the only upper limit."""
    page_problems.expect("POST 422 .*/licenses/add/")
    arlo.opens(ADD_LICENSES)
    arlo.chooses(200_000)
    arlo.continues_to_payment()
    arlo.sees("at most $999,999.99, which is 199,995 licenses")


def test_javascript_and_server_totals_match(world: World, signed_in: SignedIn) -> None:
    """R11: the total shown while typing matches the server's to the cent."""
    arlo = signed_in(world.assignor)
    without_javascript = signed_in(world.assignor, DESKTOP | WITHOUT_JAVASCRIPT)
    arlo.opens(ADD_LICENSES)
    totals = {}
    for number in (5, 10, 1000, 5000, 199_995):
        arlo.chooses(number)
        without_javascript.opens(f"{ADD_LICENSES}?quantity={number}")
        expect(without_javascript.number).to_have_value(str(number))
        assert arlo.cost_panel() == without_javascript.cost_panel()
        totals[number] = arlo.cost("Total")

    assert totals == {
        5: "$25.00",
        10: "$50.00",
        1000: "$5,000.00",
        5000: "$25,000.00",
        199_995: "$999,975.00",
    }


def test_everything_works_without_javascript(
    world: World, signed_in: SignedIn, page_problems: PageProblems
) -> None:
    """R10, R13: buttons, the error, paying and returning."""
    arlo = signed_in(world.assignor, PHONE | WITHOUT_JAVASCRIPT)
    arlo.opens("/o/lakeside/")
    arlo.opens_add_licenses()
    for name, number, total in [
        ("Five more", "10", "$50.00"),
        ("Five more", "15", "$75.00"),
        ("Five fewer", "10", "$50.00"),
    ]:
        press(arlo, name)
        expect(arlo.number).to_have_value(number)
        assert arlo.cost("Total") == total
    page_problems.expect("POST 422 .*/licenses/add/")
    arlo.chooses(12)
    arlo.continues_to_payment()
    arlo.sees("Enter 10 or 15 instead of 12.")

    arlo.buys(15)
    arlo.sees("You bought 15 licenses. You now hold 40")
    arlo.opens_menu()
    expect(arlo.menu.get_by_role("link", name="Users")).to_be_visible()
