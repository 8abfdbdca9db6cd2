"""Support and an organization, each in a browser: removing licenses, and refunds (R27-R30)."""

import pytest
from playwright.sync_api import Page, expect

from subscriptions import clock
from subscriptions.licenses.status import get_status
from subscriptions.models import Thread
from tests.billing.renewals import IN_WINDOW
from tests.journeys.buying.test_calendar import pay
from tests.journeys.conftest import SignedIn
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("stripe")


class AdminPage:
    """A page of the Django admin, used by support."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def clicks(self, name: str) -> None:
        content = self.page.locator("#content")  # without the navigation sidebar
        link = content.get_by_role("link", name=name)
        content.get_by_role("button", name=name).or_(link).first.click()

    def types(self, label: str, text: str) -> None:
        self.page.get_by_label(label).fill(text)

    def sees(self, *texts: str) -> None:
        for text in texts:
            expect(self.page.get_by_role("main")).to_contain_text(text)


def test_remove_licenses_from_request_to_renewal(world: World, signed_in: SignedIn) -> None:
    world.at(IN_WINDOW)
    ada, sunny = signed_in(world.administrator), AdminPage(signed_in(world.support).page)
    ada.opens("/o/lakeside/renewal/")
    ada.sees("25 × $5.00")
    ada.clicks("ask support to remove licenses")
    ada.page.get_by_label("Licenses to remove").fill("5")
    ada.page.get_by_label("Note").fill("Two leagues have folded.")
    ada.main.get_by_role("button", name="Send request").first.click()
    ada.sees("Two leagues have folded.")
    ada.opens("/o/lakeside/settings/subscription/")
    ada.sees("Support has not replied yet")

    sunny.page.goto("/admin/subscriptions/thread/")
    sunny.clicks("Ada Admin")
    sunny.sees("Asks to remove 5 licenses", "Two leagues have folded.")
    sunny.types("Reply", "Sure. I will remove them in a minute.")
    sunny.clicks("Send reply")
    sunny.page.goto(f"/admin/subscriptions/thread/{Thread.objects.get().pk}/change/")
    sunny.clicks("Remove licenses…")
    sunny.sees("Two leagues have folded.")
    sunny.types("Reason", "asked for in the messenger")
    sunny.clicks("Continue to preview")
    sunny.sees("$125.00", "$100.00")
    sunny.clicks("Remove these licenses")
    sunny.sees("Lakeside Officials Association")

    ada.opens("/o/lakeside/settings/subscription/")
    ada.sees("5 licenses", "requested by Ada Admin")
    ada.opens("/o/lakeside/renewal/")
    ada.sees("20 × $5.00", "$100.00")
    pay(ada, "Continue to payment:")
    ada.sees("Receipt 1", "20 × $5.00")
    next_term = get_status(world.lakeside, clock.now()).next_term
    assert next_term is not None


def test_refund_in_the_admin_appears_on_the_subscription_tab(
    world: World, signed_in: SignedIn
) -> None:
    arlo, sunny = signed_in(world.assignor), AdminPage(signed_in(world.support).page)
    arlo.opens("/o/lakeside/licenses/add/")
    arlo.buys(10)
    arlo.sees("You now hold 35")

    sunny.page.goto("/admin/subscriptions/organization/?q=assignor@lakeside.example")
    sunny.clicks("Lakeside Officials Association")
    sunny.sees("35", "Association")
    sunny.page.get_by_role("link", name="Add-on licenses").first.click()
    sunny.clicks("Refund")
    sunny.page.get_by_label("Some of the licenses").check()
    sunny.types("Number of licenses", "5")
    sunny.types("Reason", "bought too many")
    sunny.clicks("Continue to preview")
    sunny.sees("$25.00")
    sunny.clicks("Refund payment")
    sunny.sees("$25.00")

    arlo.opens("/o/lakeside/settings/subscription/")
    expect(arlo.page.locator("[data-figure=held]")).to_have_text("30")
    arlo.sees("Paid, partly refunded")
    arlo.main.get_by_role("link", name="Receipt 1").click()
    arlo.sees("Refund of $25.00", "5 licenses were removed")
    arlo.is_accessible()


def test_health_page_reconciles(world: World, signed_in: SignedIn) -> None:
    sunny = AdminPage(signed_in(world.support).page)
    sunny.page.goto("/admin/")
    sunny.sees("Overview")
    sunny.page.goto("/admin/health/")
    sunny.clicks("Reconcile now")
    sunny.sees("Health")
