"""The three places where a purchase can start."""

from typing import Any

import pytest
from playwright.sync_api import expect

from billing.sandbox.control.client import SandboxControl
from tests.journeys.conftest import SignedIn
from tests.journeys.pages import pages_of
from tests.support.browser import DESKTOP, PHONE, TABLET, PageProblems, assert_accessible
from tests.support.world import TERM_END, World, local

on_every_device = pytest.mark.parametrize(
    "device", [DESKTOP, TABLET, PHONE], ids=["desktop", "tablet", "phone"]
)
LICENSES = 25


@pytest.mark.usefixtures("stripe")
def test_plus_comes_first_on_every_organization_page(world: World, signed_in: SignedIn) -> None:
    """R6"""
    ada = signed_in(world.administrator)
    for path in pages_of(world):
        ada.opens(path)
        for device in (DESKTOP, PHONE):
            ada.page.set_viewport_size(device["viewport"])
            expect(ada.plus_button, path).to_be_visible()
            expect(ada.menu.get_by_role("link").first).to_have_text("Add Licenses")


@pytest.mark.parametrize("width", [400, 911, 1366])
def test_narrow_or_zoomed_computer_window_keeps_the_button(
    world: World, signed_in: SignedIn, width: int
) -> None:
    """R7: a laptop of 1366 pixels at 150 % zoom has 911."""
    arlo = signed_in(world.assignor, {"viewport": {"width": width, "height": 800}})
    arlo.opens("/o/lakeside/settings/subscription/")

    expect(arlo.page.locator("main").get_by_role("link", name="Add Licenses")).to_be_visible()


def test_wide_tablet_shows_no_button(world: World, signed_in: SignedIn) -> None:
    """R7"""
    arlo = signed_in(world.assignor, TABLET | {"viewport": {"width": 1366, "height": 1024}})
    arlo.opens("/o/lakeside/settings/subscription/")

    expect(arlo.page.locator("main").get_by_role("link", name="Add Licenses")).to_be_hidden()
    expect(arlo.plus_button).to_be_visible()


@on_every_device
def test_subscription_tab_sells_licenses_on_computers_only(
    world: World, signed_in: SignedIn, device: dict[str, Any]
) -> None:
    """R7: phones and tablets have the plus."""
    arlo = signed_in(world.assignor, device)
    arlo.opens("/o/lakeside/")
    arlo.chooses_from_menu("System Settings")
    arlo.sees("$5.00 for the whole term", "198")

    expect(arlo.link_or_button("Add Licenses")).to_be_visible(visible=device is DESKTOP)
    expect(arlo.plus_button).to_be_visible()


def test_subscription_tab_links_to_buying(world: World, signed_in: SignedIn) -> None:
    """R7"""
    arlo = signed_in(world.assignor)
    arlo.opens("/o/lakeside/settings/")
    arlo.clicks("Add Licenses")
    arlo.is_at("Add Licenses")


@on_every_device
def test_add_user_keeps_input_while_buying_licenses(
    world: World,
    stripe: SandboxControl,
    signed_in: SignedIn,
    page_problems: PageProblems,
    device: dict[str, Any],
) -> None:
    """R8: no license is free; buy five while adding a user, then finish."""
    world.fill(LICENSES)
    arlo = signed_in(world.assignor, device)
    arlo.opens("/o/lakeside/users/")
    arlo.clicks("Add User")
    arlo.sees("You have no available licenses")
    arlo.fills_in_user("Nora New", "nora@new.example", "Observer")
    page_problems.expect("POST 409 .*/users/add/")
    arlo.clicks("Add and invite")
    arlo.sees("All licenses are in use: 25 of 25. 1 more license is needed.")
    assert_accessible(arlo.page)

    arlo.clicks("Add Licenses")
    arlo.is_at("Add Licenses")
    arlo.buys(5)

    arlo.is_at("Add User")
    arlo.sees("You bought 5 licenses. You now hold 30, and 5 are available.")
    expect(arlo.field("Name")).to_have_value("Nora New")
    expect(arlo.field("E-mail")).to_have_value("nora@new.example")
    expect(arlo.field("Role").locator("option:checked")).to_have_text("Observer")
    arlo.clicks("Add and invite")
    arlo.sees("Nora New has been added with license 26.")
    expect(arlo.row_of("Nora New")).to_contain_text("Observer")


@pytest.mark.usefixtures("stripe")
def test_half_filled_invalid_form_is_kept_too(world: World, signed_in: SignedIn) -> None:
    """R8: the form is not validated first, and is restored even without a payment."""
    arlo = signed_in(world.assignor)
    arlo.opens("/o/lakeside/users/add/")
    arlo.fills_in_user("", "nora@", "Observer")
    arlo.clicks("Add Licenses")
    arlo.chooses(10)
    arlo.continues_to_payment()
    arlo.clicks("Back")
    arlo.sees("You left the payment page without paying.")
    arlo.continues_to_payment()
    arlo.pays_with()

    arlo.is_at("Add User")
    expect(arlo.field("E-mail")).to_have_value("nora@")
    expect(arlo.field("Role").locator("option:checked")).to_have_text("Observer")


def test_plus_leads_to_renewal_while_it_is_open(world: World, signed_in: SignedIn) -> None:
    """R20"""
    world.at(local(TERM_END.replace(day=2), hour=9))
    arlo = signed_in(world.assignor)
    arlo.opens("/o/lakeside/")
    arlo.opens_add_licenses()

    arlo.sees("Tuesday, December 2, 2031", "renew first, so that you do not pay twice")
    expect(arlo.number).to_be_hidden()
    expect(arlo.link_or_button("Renew now")).to_be_visible()
    arlo.is_accessible()
