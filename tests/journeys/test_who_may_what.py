"""What other people see, and what happens where they have no business."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser import DESKTOP, PHONE, ContextMaker, Troubles, check_axe
from tests.journeys.conftest import SignedIn
from tests.journeys.people import Person
from tests.world import World

ADD_LICENSES = "/o/lakeside/licenses/add/"


def test_removing_a_user_asks_first_and_says_what_becomes_free(
    world: World, signed_in: SignedIn, device: dict[str, Any]
) -> None:
    """R4."""
    arlo = signed_in(world.assignor, device)
    arlo.opens("/o/lakeside/users/")
    arlo.reads("4 of 25 licenses are in use, 21 free.")
    remove = arlo.row_of("Otto Official").get_by_role("link", name="Remove Otto Official")
    remove.click()
    arlo.is_at("Remove Otto Official?")
    arlo.reads("license 4 is free for somebody else")
    arlo.clicks("Keep")
    expect(arlo.row_of("Otto Official")).to_be_visible()

    remove.click()
    arlo.clicks("Remove")
    arlo.reads("Otto Official is removed, and license 4 is free.", "3 of 25 licenses are in use")
    expect(arlo.row_of("Otto Official")).to_have_count(0)


@pytest.mark.parametrize(
    ("who", "device"),
    [("observer", DESKTOP), ("official", PHONE)],
    ids=["observer-desktop", "official-phone"],
)
def test_other_members_see_no_way_to_buy_and_are_told_why(
    world: World, signed_in: SignedIn, troubles: Troubles, device: dict[str, Any], who: str
) -> None:
    """R2: no link anywhere, 403 at the address, and a way on."""
    somebody = signed_in(getattr(world, who), device)
    somebody.opens("/")
    somebody.is_at("Lakeside Officials Association")
    somebody.reads("Ada Admin", "Arlo Assignor")
    somebody.sees_no_way_to_buy()
    check_axe(somebody.page)

    troubles.expect("GET 403 .*/licenses/add/")
    somebody.opens(ADD_LICENSES)
    somebody.is_at("Not for your role")
    somebody.sees_no_way_to_buy()
    check_axe(somebody.page)
    somebody.clicks("Members Home")
    somebody.is_at("Lakeside Officials Association")


@pytest.mark.parametrize(
    ("who", "device"),
    [("stranger", DESKTOP), ("support", PHONE)],
    ids=["stranger-desktop", "support-phone"],
)
def test_who_is_no_member_finds_nothing_and_a_way_on(
    world: World, signed_in: SignedIn, troubles: Troubles, device: dict[str, Any], who: str
) -> None:
    """R2: support staff too."""
    somebody = signed_in(getattr(world, who), device)
    troubles.expect("GET 404 .*/licenses/add/")
    somebody.opens(ADD_LICENSES)
    somebody.is_at("Page not found")
    check_axe(somebody.page)

    somebody.clicks("My organizations")
    somebody.is_at("Harbor Umpires" if who == "stranger" else "My organizations")
    check_axe(somebody.page)


def test_who_is_not_signed_in_signs_in_and_goes_on(
    world: World, new_context: ContextMaker, device: dict[str, Any]
) -> None:
    """R2: with a mistake on the way."""
    arlo = Person(new_context(device).new_page())
    arlo.opens(f"{ADD_LICENSES}?quantity=15")
    arlo.is_at("Sign in")
    arlo.signs_in(world.assignor, password="not this one")
    expect(arlo.page.get_by_role("alert")).to_be_visible()
    check_axe(arlo.page)

    arlo.signs_in(world.assignor)
    arlo.is_at("Add Licenses")
    expect(arlo.number).to_have_value("15")
