"""What users do and see on the site, by ARIA roles and visible text."""

import re
from dataclasses import dataclass

from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, Locator, Page, expect

from subscriptions.models import Membership, User
from tests.support.browser import assert_accessible
from tests.support.factories import PASSWORD
from tests.support.world import GOOD_CARD, sign_in

expect.set_options(timeout=10_000)


@dataclass(frozen=True)
class Person:
    """A person using a browser."""

    page: Page

    # Navigation ----------------------------------------------------------------------------------

    def opens(self, path: str) -> None:
        self.page.goto(path)

    def sees(self, *texts: str) -> None:
        """Expect the texts on the page, now or soon."""
        for text in texts:
            expect(self.main).to_contain_text(text)

    def does_not_see(self, text: str) -> None:
        expect(self.main).not_to_contain_text(text)

    def is_at(self, heading: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)

    def clicks(self, name: str) -> None:
        """Click a link or button in the page's content."""
        self.link_or_button(name).click()

    def is_accessible(self) -> None:
        """Check the accessibility of the page in its current state.

        ``make screens`` checks all states on all devices.
        """
        assert_accessible(self.page)

    def link_or_button(self, name: str) -> Locator:
        link = self.main.get_by_role("link", name=name, exact=True)
        return link.or_(self.main.get_by_role("button", name=name, exact=True))

    def field(self, label: str) -> Locator:
        return self.page.get_by_label(label, exact=True)

    def opens_menu(self) -> None:
        self.menu.get_by_role("button", name="Menu").click()

    def chooses_from_menu(self, name: str) -> None:
        """Click a link in the menu, which must first be opened on a narrow screen."""
        link = self.menu.get_by_role("link", name=name)
        if not link.is_visible():
            self.opens_menu()
        link.click()

    def goes_back(self) -> None:
        self.page.go_back()

    @property
    def main(self) -> Locator:
        return self.page.get_by_role("main")

    @property
    def menu(self) -> Locator:
        return self.page.get_by_role("navigation", name="Main")

    def sees_no_way_to_buy(self) -> None:
        expect(self.page.get_by_text(re.compile("add licenses", re.IGNORECASE))).to_have_count(0)
        expect(self.page.locator("a[href*='/licenses/']")).to_have_count(0)

    # Signing in ----------------------------------------------------------------------------------

    def signs_in(self, member: Membership, password: str = PASSWORD) -> None:
        self.page.get_by_label(re.compile("E-?mail")).fill(member.user.email)
        self.field("Password").fill(password)
        self.clicks("Sign in")

    # Buying --------------------------------------------------------------------------------------

    @property
    def plus_button(self) -> Locator:
        return self.menu.get_by_role("link", name="Add Licenses")

    @property
    def number(self) -> Locator:
        return self.page.get_by_role("textbox", name="Number of licenses")

    def opens_add_licenses(self) -> None:
        self.plus_button.click()
        self.is_at("Add Licenses")

    def chooses(self, number: int | str) -> None:
        self.number.fill(str(number))

    def continues_to_payment(self) -> None:
        self.continue_button.click()

    @property
    def continue_button(self) -> Locator:
        # The first button with this name is hidden; it handles the Enter key.
        return self.main.get_by_role("button", name="Continue to payment").locator("visible=true")

    def payment_page(self) -> str:
        """Return the payment page's URL once it is open."""
        expect(self.page.get_by_label("Card number")).to_be_visible()
        return self.page.url

    def pays_with(self, card: str = GOOD_CARD) -> None:
        self.page.get_by_label("Card number").fill(card)
        self.page.get_by_label("Expiration (MM/YY)").fill("12 / 34")
        self.page.get_by_label("Security code (CVC)").fill("123")
        self.page.get_by_label("Name on card").fill("Arlo Assignor")
        self.page.get_by_role("button", name=re.compile("^Pay ")).click()

    def buys(self, number: int, card: str = GOOD_CARD) -> None:
        """Buy licenses on the Add Licenses page."""
        self.chooses(number)
        self.continues_to_payment()
        self.pays_with(card)

    def cost(self, name: str) -> str:
        """Return a number in the Cost panel."""
        panel = self.page.get_by_role("region", name="Cost")
        return panel.get_by_role("row", name=name).get_by_role("cell").inner_text()

    def cost_panel(self) -> str:
        return self.page.get_by_role("region", name="Cost").inner_text()

    # Users ---------------------------------------------------------------------------------------

    def fills_in_user(self, name: str, email: str, role: str = "General member") -> None:
        self.field("Name").fill(name)
        self.field("E-mail").fill(email)
        self.field("Role").select_option(role)

    def row_of(self, name: str) -> Locator:
        return self.page.get_by_role("row").filter(
            has=self.page.get_by_role("rowheader", name=name)
        )


def sign_in_with_cookie(context: BrowserContext, member: Membership | User, url: str) -> None:
    """Sign in with a cookie, for tests that do not test signing in."""
    client = Client()
    user = member.user if isinstance(member, Membership) else member
    sign_in(client, user)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": url}])
