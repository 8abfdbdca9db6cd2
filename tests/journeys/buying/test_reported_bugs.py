"""Bugs reported in other software, tested here in a browser (docs/reported-faults.md)."""

import pytest
from playwright.sync_api import expect

from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from tests.journeys.conftest import SignedIn
from tests.support.browser import DESKTOP
from tests.support.world import World

# Browsers that translate a page wrap every text in additional elements, like this.
TRANSLATE = """() => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (texts.nextNode()) { found.push(texts.currentNode); }
    const isShown = one => one.data.trim() && !one.parentElement.closest("script");
    for (const text of found.filter(isShown)) {
        const font = document.createElement("font");
        text.replaceWith(font);
        font.append(text);
    }
}"""


def test_buying_works_after_the_browser_translated_the_page(
    world: World, stripe: SandboxControl, signed_in: SignedIn
) -> None:
    arlo = signed_in(world.assignor)
    arlo.opens("/o/lakeside/licenses/add/")
    arlo.page.evaluate(TRANSLATE)

    arlo.page.get_by_role("button", name="Five more").click()

    expect(arlo.page.locator("[data-show=total]")).to_have_text("$50.00")
    expect(arlo.page.locator("[data-pay]")).to_contain_text("$50.00")


@pytest.mark.usefixtures("stripe")
def test_two_tabs_of_one_purchase_share_a_payment_page(world: World, signed_in: SignedIn) -> None:
    arlo = signed_in(world.assignor)
    arlo.opens("/o/lakeside/licenses/add/")
    second = arlo.page.context.new_page()
    second.goto(arlo.page.url)
    second.locator("[data-pay]").click()
    expect(second.get_by_label("Card number")).to_be_visible()
    arlo.page.locator("[data-pay]").click()
    expect(arlo.page.get_by_label("Card number")).to_be_visible()

    assert arlo.page.url == second.url
    assert Purchase.objects.count() == 1


@pytest.mark.parametrize("zone", ["Pacific/Honolulu", "Asia/Tokyo"])
def test_date_is_the_same_in_every_browser_time_zone(
    world: World, signed_in: SignedIn, zone: str
) -> None:
    arlo = signed_in(world.assignor, DESKTOP | {"timezone_id": zone})
    arlo.opens("/o/lakeside/settings/subscription/")

    arlo.sees("Wednesday, December 31, 2031, 11:59 PM Eastern Time")
