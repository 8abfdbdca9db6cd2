"""Support and an association, each in a browser: removing licenses and refunds (R27-R30)."""

import pytest
from playwright.sync_api import Page, expect

from subscriptions import clock
from subscriptions.licenses.status import status_of
from subscriptions.models import Thread
from tests.billing.renewals import IN_WINDOW
from tests.journeys.buying.test_calendar import pays
from tests.journeys.conftest import SignedIn
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("stripe")


class Desk:
    """Return support in the Django admin."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def clicks(self, name: str) -> None:
        content = self.page.locator("#content")  # without the navigation sidebar
        link = content.get_by_role("link", name=name)
        content.get_by_role("button", name=name).or_(link).first.click()

    def types(self, label: str, text: str) -> None:
        self.page.get_by_label(label).fill(text)

    def reads(self, *words: str) -> None:
        for some in words:
            expect(self.page.get_by_role("main")).to_contain_text(some)


def test_remove_licenses_from_request_to_renewal(world: World, signed_in: SignedIn) -> None:
    world.at(IN_WINDOW)
    ada, sunny = signed_in(world.administrator), Desk(signed_in(world.support).page)
    ada.opens("/o/lakeside/renewal/")
    ada.reads("25 × $5.00")
    ada.clicks("ask support to remove licenses")
    ada.page.get_by_label("Licenses to remove").fill("5")
    ada.page.get_by_label("Note").fill("Two leagues have folded.")
    ada.main.get_by_role("button", name="Send request").first.click()
    ada.reads("Two leagues have folded.")
    ada.opens("/o/lakeside/settings/subscription/")
    ada.reads("Support has not replied yet")

    sunny.page.goto("/admin/subscriptions/thread/")
    sunny.clicks("Ada Admin")
    sunny.reads("Asks to remove 5 licenses", "Two leagues have folded.")
    sunny.types("Reply", "Gladly. They are off your renewal in a minute.")
    sunny.clicks("Send reply")
    sunny.page.goto(f"/admin/subscriptions/thread/{Thread.objects.get().pk}/change/")
    sunny.clicks("Remove licenses…")
    sunny.reads("Two leagues have folded.")
    sunny.types("Reason", "asked for in the messenger")
    sunny.clicks("Continue to preview")
    sunny.reads("$125.00", "$100.00")
    sunny.clicks("Remove these licenses")
    sunny.reads("Lakeside Officials Association")

    ada.opens("/o/lakeside/settings/subscription/")
    ada.reads("5 fewer licenses", "requested by Ada Admin")
    ada.opens("/o/lakeside/renewal/")
    ada.reads("20 × $5.00", "$100.00")
    pays(ada, "Continue to payment:")
    ada.reads("Receipt 1", "20 × $5.00")
    following = status_of(world.lakeside, clock.now()).next_term
    assert following is not None


def test_refund_in_the_admin_appears_on_the_subscription_tab(
    world: World, signed_in: SignedIn
) -> None:
    arlo, sunny = signed_in(world.assignor), Desk(signed_in(world.support).page)
    arlo.opens("/o/lakeside/licenses/add/")
    arlo.buys(10)
    arlo.reads("You now hold 35")

    sunny.page.goto("/admin/subscriptions/organization/?q=assignor@lakeside.example")
    sunny.clicks("Lakeside Officials Association")
    sunny.reads("35", "Association")
    sunny.page.get_by_role("link", name="Add-on licenses").first.click()
    sunny.clicks("Refund")
    sunny.page.get_by_label("Some of the licenses").check()
    sunny.types("Number of licenses", "5")
    sunny.types("Reason", "bought too many")
    sunny.clicks("Continue to preview")
    sunny.reads("$25.00")
    sunny.clicks("Refund payment")
    sunny.reads("$25.00")

    arlo.opens("/o/lakeside/settings/subscription/")
    expect(arlo.page.locator("[data-figure=held]")).to_have_text("30")
    arlo.reads("Paid, partly refunded")
    arlo.main.get_by_role("link", name="Receipt 1").click()
    arlo.reads("Refund of $25.00", "5 licenses were taken back")
    arlo.is_accessible()


def test_health_page_reconciles(world: World, signed_in: SignedIn) -> None:
    sunny = Desk(signed_in(world.support).page)
    sunny.page.goto("/admin/")
    sunny.reads("Overview")
    sunny.page.goto("/admin/health/")
    sunny.clicks("Reconcile now")
    sunny.reads("Health")
