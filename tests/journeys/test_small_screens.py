"""Small screens and large text; a 1280 × 1024 window at 400% zoom shows 320 × 256 pixels."""

from typing import Any

import pytest
from playwright.sync_api import Page

from billing.sandbox.control.client import SandboxControl
from tests.journeys.conftest import SignedIn
from tests.journeys.pages import pages_of
from tests.support.world import World

TABLE_LAYOUT: dict[str, Any] = {"viewport": {"width": 768, "height": 1024}}
SMALL_PHONE: dict[str, Any] = {
    "viewport": {"width": 320, "height": 640},
    "has_touch": True,
    "is_mobile": True,
}
ZOOMED: dict[str, Any] = {"viewport": {"width": 320, "height": 256}, "reduced_motion": "reduce"}

OVERFLOWING = """() => [...document.querySelectorAll("main *, nav *, header *")]
    .filter(element => element.checkVisibility({visibilityProperty: true}))
    .filter(element => !element.closest(".visually-hidden, thead, .skip, svg"))
    .filter(element => element.getBoundingClientRect().right > innerWidth + 1)
    .map(element => `${element.tagName} ${element.textContent.trim().slice(0, 60)}`)
"""


def set_long_names(world: World) -> None:
    """Set realistic long names."""
    lakeside = world.lakeside
    lakeside.name = "Northwestern Connecticut Interscholastic Basketball Officials Association"
    lakeside.save()
    for membership in (world.assignor, world.official):
        membership.user.name = "Maximiliana Featherstonehaugh-Cholmondeley"
        membership.user.email = f"maximiliana.{membership.role}.featherstonehaugh@officials.example"
        membership.user.save()


def too_wide_elements(page: Page) -> list[str]:
    found = [f"{page.url}: {what}" for what in page.evaluate(OVERFLOWING)]
    width = page.evaluate("document.scrollingElement.scrollWidth")
    is_wider = width > page.evaluate("innerWidth")
    return [*found, f"{page.url} is {width} wide"] if is_wider else found


@pytest.mark.parametrize(
    "device", [TABLE_LAYOUT, SMALL_PHONE, ZOOMED], ids=["768", "320", "400-percent"]
)
def test_no_page_scrolls_sideways(
    world: World, stripe: SandboxControl, signed_in: SignedIn, device: dict[str, Any]
) -> None:
    """Open every page of the organization, with long names."""
    paths = pages_of(world)
    set_long_names(world)
    ada = signed_in(world.administrator, device)
    found = []
    for path in [*paths, "/account/", "/pricing/"]:
        ada.opens(path)
        found += too_wide_elements(ada.page)

    assert not found, "\n".join(found)


GAP_BELOW_HEADING = """name => {
    const heading = document.getElementById(name);
    const row = heading.closest(".page-head") ?? heading;
    return row.nextElementSibling.getBoundingClientRect().top
        - heading.getBoundingClientRect().bottom;
}"""


def test_hidden_button_leaves_no_gap(world: World, signed_in: SignedIn) -> None:
    """R7: on a phone, the panel has no empty space instead of the button."""
    arlo = signed_in(world.assignor, SMALL_PHONE)
    arlo.opens("/o/lakeside/settings/subscription/")

    gap = arlo.page.evaluate(GAP_BELOW_HEADING, "licenses")

    assert gap == arlo.page.evaluate(GAP_BELOW_HEADING, "term")


@pytest.mark.usefixtures("stripe")
def test_buy_at_400_percent_zoom_with_reduced_motion(world: World, signed_in: SignedIn) -> None:
    """R6, R13: everything is reachable and readable."""
    arlo = signed_in(world.assignor, ZOOMED)
    arlo.opens("/o/lakeside/")
    arlo.opens_add_licenses()
    arlo.buys(10)
    arlo.sees("You bought 10 licenses. You now hold 35")
    assert too_wide_elements(arlo.page) == []
    arlo.opens_menu()
    assert too_wide_elements(arlo.page) == []
    arlo.menu.get_by_role("link", name="Users").click()
    arlo.sees("4 of 35 licenses are in use")
