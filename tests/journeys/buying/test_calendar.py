"""Subscribing, and renewing on time and late (R9, R19-R25)."""

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import expect
from post_office.models import Email

from subscriptions import clock
from subscriptions.models import Package
from subscriptions.policy import calendar
from tests.journeys.conftest import SignedIn
from tests.journeys.people import Person
from tests.journeys.test_invitations import STRONG_PASSWORD, invitation_link_for
from tests.support.browser import DESKTOP, PHONE, ContextMaker, PageProblems
from tests.support.factories import PackageFactory
from tests.support.world import TERM_END, World, local

pytestmark = pytest.mark.usefixtures("stripe")

RENEWAL = "/o/lakeside/renewal/"
ADD_LICENSES = "/o/lakeside/licenses/add/"
IN_WINDOW = local(date(2031, 12, 10), 12)


def pay(person: Person, button: str) -> None:
    person.main.get_by_role("button", name=re.compile(button)).click()
    expect(person.page.get_by_label("Card number")).to_be_visible()
    person.page.get_by_label("Card number").fill("4242424242424242")
    person.page.get_by_label("Expiration (MM/YY)").fill("12 / 34")
    person.page.get_by_label("Security code (CVC)").fill("123")
    person.page.get_by_label("Name on card").fill("Mia Meadow")
    person.page.get_by_role("button", name=re.compile("^Pay ")).click()


@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_subscribe_from_the_price_list_and_add_the_first_user(
    world: World, new_context: ContextMaker, device: dict[str, object]
) -> None:
    """R9, R23"""
    Package.objects.update(is_offered=False)
    PackageFactory.create(name="Club", unit_amount=900, minimum_licenses=5)
    mia = Person(new_context(device).new_page())
    mia.opens("/pricing/")
    mia.sees("$9.00", "at least 5 licenses")
    mia.is_accessible()
    mia.clicks("Subscribe to Club")
    mia.is_accessible()
    mia.field("Number of licenses").fill("12")
    mia.field("Organization").fill("Meadow Umpires")
    mia.field("Your name").fill("Mia Meadow")
    mia.field("Your e-mail").fill("mia@meadow.example")
    mia.clicks("Update total")
    mia.sees("Club: 12 × $9.00", "$108.00")
    mia.is_accessible()
    pay(mia, "Continue to payment:")

    mia.is_at("Welcome")
    mia.sees("Meadow Umpires now has a subscription with 12 licenses.")
    mia.is_accessible()
    mia.opens(only_invitation_link_for("mia@meadow.example"))
    mia.field("Password").fill(STRONG_PASSWORD)
    mia.field("Confirm password").fill(STRONG_PASSWORD)
    mia.clicks("Set password and join")
    mia.is_at("Meadow Umpires")
    mia.opens("/o/meadow-umpires/users/add/")
    mia.fills_in_user("Uma Umpire", "uma@meadow.example")
    mia.clicks("Add and invite")
    mia.sees("Uma Umpire has been added with license 2.")
    mia.sees("2 of 12 licenses are in use, 10 available.")


def only_invitation_link_for(email: str) -> str:
    """Delete the other mails to this address, and return the invitation link."""
    Email.objects.filter(to=email).exclude(subject__contains="invited").delete()
    return invitation_link_for(email)


def test_renewal_window_opens_while_a_page_is_open(
    world: World, signed_in: SignedIn, page_problems: PageProblems
) -> None:
    """R19, R20: the page is opened before midnight, and the button is clicked afterwards."""
    opens = calendar.renewal_opens_at(TERM_END, clock.zone())
    world.at(opens - timedelta(seconds=1))
    arlo = signed_in(world.assignor)
    arlo.opens(ADD_LICENSES)
    arlo.sees("Last day to add licenses: Monday, December 1, 2031.", "That is today.")

    world.at(opens)
    page_problems.expect("POST 409 .*/licenses/add/")
    arlo.continues_to_payment()
    arlo.sees("The last day to add licenses was Monday, December 1, 2031.")
    arlo.is_accessible()
    arlo.clicks("Renew now")
    arlo.is_at("Renew the subscription")


@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_renew_with_another_package_then_add_licenses(
    world: World, signed_in: SignedIn, device: dict[str, object]
) -> None:
    """R21, R24, R25"""
    PackageFactory.create(name="Conference", unit_amount=400, minimum_licenses=30)
    world.at(IN_WINDOW)
    ada = signed_in(world.administrator, device)
    ada.opens("/o/lakeside/")
    ada.sees("The subscription expires on Wednesday, December 31, 2031, in 21 days.")
    ada.is_accessible()
    ada.clicks("Renew now")
    ada.sees("Association: 25 × $5.00", "January 1, 2032 through December 31, 2032")
    ada.is_accessible()
    ada.page.get_by_label(re.compile("Conference")).check()
    ada.clicks("Update total")
    ada.sees("Conference: 30 × $4.00", "the minimum for this package: 30", "$120.00")
    pay(ada, "Continue to payment: \\$120.00")

    ada.sees(
        "The subscription has been renewed with 30 licenses through Friday, December 31, 2032."
    )
    ada.is_at("Receipt 1")
    ada.opens("/o/lakeside/settings/subscription/")
    ada.sees("Renewed term", "Conference", "$4.00 for the whole term")
    ada.is_accessible()
    ada.opens(ADD_LICENSES)
    ada.chooses(5)
    assert ada.cost("Total") == "$20.00"
    ada.buys(5)
    ada.sees("You bought 5 licenses. You now hold 30")


def test_late_renewal_reopens_the_organization(
    world: World, signed_in: SignedIn, page_problems: PageProblems
) -> None:
    """R22, R23"""
    world.at(local(date(2032, 2, 1), 12))
    arlo = signed_in(world.assignor)
    otto = signed_in(world.official, PHONE)
    page_problems.expect("GET 403 .*/o/lakeside/")
    otto.opens("/o/lakeside/")
    otto.is_at("Access to Lakeside Officials Association is closed")
    otto.sees("These people can renew it: Ada Admin, Arlo Assignor.")
    otto.is_accessible()
    arlo.opens("/o/lakeside/")
    arlo.clicks("Renew now")
    arlo.sees("starts on the day of payment")
    arlo.is_accessible()
    pay(arlo, "Continue to payment: \\$125.00")

    arlo.sees(
        "The subscription has been renewed with 25 licenses through Monday, January 31, 2033."
    )
    otto.opens("/o/lakeside/")
    otto.is_at("Lakeside Officials Association")
