"""Using the site without a mouse."""

import pytest
from playwright.sync_api import Locator, expect

from tests.journeys.people import Person
from tests.support.browser import ContextMaker, PageProblems
from tests.support.factories import PASSWORD
from tests.support.world import TERM_END, World, local

pytestmark = pytest.mark.usefixtures("stripe")

HAS_VISIBLE_FOCUS = """element => {
    const style = getComputedStyle(element);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
}"""


def tabs_to(person: Person, target: Locator, *, within: int = 3) -> None:
    """Press Tab until the locator has the focus; check that the focus is always visible."""
    for _ in range(within):
        person.page.keyboard.press("Tab")
        focused = person.page.locator(":focus")
        expect(focused).to_be_in_viewport()
        assert focused.evaluate(HAS_VISIBLE_FOCUS), focused.evaluate("element => element.outerHTML")
        if target.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"{target} does not have the focus after pressing Tab {within} times")


def skips_to_content(person: Person) -> None:
    tabs_to(person, person.page.get_by_role("link", name="Skip to content"), within=1)
    person.page.keyboard.press("Enter")


def test_from_sign_in_to_the_payment_page_by_keyboard(
    world: World, new_context: ContextMaker
) -> None:
    """R6: the skip link comes first, the plus second, and the focus is always visible."""
    page = new_context().new_page()
    arlo = Person(page)
    arlo.opens("/accounts/login/")
    skips_to_content(arlo)
    tabs_to(arlo, page.get_by_role("textbox", name="mail"), within=1)
    page.keyboard.type(world.assignor.user.email)
    tabs_to(arlo, arlo.field("Password"), within=1)
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    arlo.is_at("Lakeside Officials Association")

    tabs_to(arlo, arlo.plus_button, within=2)
    page.keyboard.press("Enter")
    arlo.is_at("Add Licenses")

    skips_to_content(arlo)
    tabs_to(arlo, arlo.number)
    page.keyboard.type("10")
    expect(arlo.number).to_have_value("10")
    tabs_to(arlo, page.get_by_role("button", name="Five more"), within=1)
    page.keyboard.press("Space")
    expect(arlo.number).to_have_value("15")
    # The form that calculates the number of licenses from the number of users comes first.
    tabs_to(arlo, arlo.continue_button, within=3)
    page.keyboard.press("Enter")

    arlo.payment_page()
    arlo.sees("15 × $5.00", "$75.00")


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_enter_in_the_number_field_continues_to_payment(
    world: World, signed_in, javascript: bool
) -> None:
    """The buttons beside the field come first on the page, but are not pressed."""
    arlo = signed_in(world.assignor, {"java_script_enabled": javascript})
    arlo.opens("/o/lakeside/licenses/add/")
    arlo.chooses(10)
    arlo.number.press("Enter")

    arlo.payment_page()
    arlo.sees("10 × $5.00")


def test_focus_moves_to_an_invalid_number(arlo: Person, page_problems: PageProblems) -> None:
    """R10: typing another number and pressing Enter is enough."""
    page_problems.expect("POST 422 .*/licenses/add/")
    arlo.opens("/o/lakeside/licenses/add/")
    arlo.chooses(7)
    arlo.number.press("Enter")
    arlo.sees("instead of 7")
    expect(arlo.number).to_be_focused()

    arlo.page.keyboard.press("Control+A")
    arlo.page.keyboard.type("10")
    arlo.page.keyboard.press("Enter")
    arlo.payment_page()


def presses(person: Person, target: Locator, key: str = "Enter", *, within: int = 3) -> None:
    tabs_to(person, target, within=within)
    person.page.keyboard.press(key)


def test_add_and_remove_a_user_by_keyboard(arlo: Person) -> None:
    """R4"""
    arlo.opens("/o/lakeside/users/")
    skips_to_content(arlo)
    presses(arlo, arlo.link_or_button("Add User"))
    arlo.is_at("Add User")

    skips_to_content(arlo)
    tabs_to(arlo, arlo.field("Name"), within=1)
    arlo.page.keyboard.type("Nora New")
    tabs_to(arlo, arlo.field("E-mail"), within=1)
    arlo.page.keyboard.type("nora@new.example")
    tabs_to(arlo, arlo.field("Role"), within=1)
    arlo.page.keyboard.type("Obs")
    presses(arlo, arlo.link_or_button("Add and invite"), within=1)
    arlo.sees("Nora New has been added with license 5.")

    # The focus starts at the list's content.
    presses(arlo, arlo.link_or_button("Remove Nora New"), within=30)
    arlo.is_at("Remove Nora New?")
    skips_to_content(arlo)
    presses(arlo, arlo.link_or_button("Remove"), within=1)
    arlo.sees("4 of 25 licenses are in use, 21 available.")


def test_renew_by_keyboard(world: World, arlo: Person) -> None:
    """R20, R25"""
    world.at(local(TERM_END.replace(day=10), hour=9))
    arlo.opens("/o/lakeside/")
    tabs_to(arlo, arlo.plus_button, within=2)
    arlo.page.keyboard.press("Enter")
    arlo.is_at("Add Licenses")
    skips_to_content(arlo)
    presses(arlo, arlo.link_or_button("Renew now"), within=1)
    arlo.is_at("Renew the subscription")

    skips_to_content(arlo)
    tabs_to(arlo, arlo.page.get_by_role("radio", checked=True), within=1)
    pay = arlo.page.get_by_role("button", name="Continue to payment:")
    presses(arlo, pay, within=6)
    arlo.payment_page()
    arlo.sees("$125.00")
