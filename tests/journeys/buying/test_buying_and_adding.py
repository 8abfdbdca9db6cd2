"""The main use case: buying missing licenses and assigning them to users."""

from typing import Any

import pytest
from playwright.sync_api import expect

from billing.sandbox.control.client import SandboxControl
from tests.journeys.conftest import SignedIn
from tests.journeys.people import Person
from tests.support.browser import DESKTOP, PHONE, ContextMaker, assert_accessible
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("stripe")

NEW_OFFICIALS = [
    ("Nora New", "nora@new.example", "General member"),
    ("Nils Next", "nils@new.example", "Observer"),
    ("Nina Newest", "nina@new.example", "General member"),
]


@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_assignor_buys_ten_licenses_and_adds_three_users(
    new_context: ContextMaker, world: World, stripe: SandboxControl, device: dict[str, Any]
) -> None:
    """R6, R12, R13: from sign-in to three invitations, on a desktop and on a phone."""
    arlo = Person(new_context(device).new_page())
    arlo.opens("/")
    assert_accessible(arlo.page)
    arlo.page.locator("main").get_by_role("link", name="Sign in").click()
    arlo.signs_in(world.assignor)
    arlo.is_at("Lakeside Officials Association")

    arlo.opens_add_licenses()
    arlo.chooses(10)
    assert arlo.cost("Total") == "$50.00"
    arlo.continues_to_payment()
    expect(arlo.page.get_by_role("heading", level=1)).to_contain_text("$50.00")
    assert_accessible(arlo.page)
    arlo.pays_with()

    arlo.sees("You bought 10 licenses. You now hold 35, and 31 are available.")
    arlo.sees("Visa •••• 4242", "$50.00")
    assert_accessible(arlo.page)
    assert world.held() == 35
    assert len(stripe.sessions()) == 1

    arlo.clicks("Add User")
    for name, email, role in NEW_OFFICIALS:
        arlo.fills_in_user(name, email, role)
        arlo.clicks("Add and invite another")
        arlo.sees(f"{name} has been added", email)
    arlo.chooses_from_menu("Users")
    arlo.sees("7 of 35 licenses are in use, 28 available.")
    for number, (name, email, role) in enumerate(NEW_OFFICIALS, start=5):
        for text in (email, role, str(number), "Invited"):
            expect(arlo.row_of(name)).to_contain_text(text)
    assert_accessible(arlo.page)


def test_phone_shows_the_plus_and_opens_the_menu_on_request(
    world: World, signed_in: SignedIn
) -> None:
    """R6: the plus is visible without opening the menu."""
    arlo = signed_in(world.assignor, PHONE)
    arlo.opens("/o/lakeside/")
    users = arlo.menu.get_by_role("link", name="Users")
    expect(arlo.plus_button).to_be_visible()
    expect(users).to_be_hidden()

    arlo.opens_menu()
    expect(users).to_be_visible()
    expect(arlo.menu.get_by_role("button", name="Sign out")).to_be_visible()
    assert_accessible(arlo.page)

    arlo.page.touchscreen.tap(10, 400)
    expect(users).to_be_hidden()
    arlo.opens_menu()
    arlo.page.keyboard.press("Escape")
    expect(users).to_be_hidden()
    expect(arlo.menu.get_by_role("button", name="Menu")).to_be_focused()
