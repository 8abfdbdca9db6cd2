"""Passkeys, requests to join, settings, and inactive users (R2-R5)."""

import re

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import expect

from subscriptions.models import Organization
from subscriptions.organizations import settings
from tests.journeys.conftest import SignedIn
from tests.journeys.people import Person
from tests.journeys.test_invitations import STRONG_PASSWORD, invitation_link_for
from tests.support.browser import PHONE, ContextMaker, PageProblems
from tests.support.factories import PASSWORD
from tests.support.world import World

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def add_passkey_device(person: Person) -> None:
    """Give the browser a device that stores passkeys."""
    session = person.page.context.new_cdp_session(person.page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})


@pytest.mark.usefixtures("stripe")
def test_passkey_is_set_up_on_demand_and_allows_buying(
    world: World, new_context: ContextMaker, page_problems: PageProblems
) -> None:
    page_problems.expect("GET 403 .*/licenses/add/")
    Organization.objects.update(second_factor_required=True)
    arlo = Person(new_context().new_page())
    add_passkey_device(arlo)
    arlo.opens("/o/lakeside/licenses/add/")
    arlo.signs_in(world.assignor)
    arlo.is_at("This page requires a second factor")
    arlo.is_accessible()
    arlo.clicks("Use a passkey")
    if "reauthenticate" in arlo.page.url:
        arlo.field("Password").or_(arlo.page.get_by_placeholder("Password")).first.fill(PASSWORD)
        arlo.clicks("Confirm")
    arlo.is_at("Add a passkey")
    arlo.page.get_by_label("Sign in without a password").check()
    arlo.is_accessible()
    arlo.main.get_by_role("button", name="Add").click()
    arlo.sees("recovery code")
    assert Authenticator.objects.filter(user=world.assignor.user, type="webauthn").exists()

    arlo.opens("/o/lakeside/licenses/add/")
    arlo.buys(10)
    arlo.sees("You now hold 35")

    arlo.opens("/accounts/logout/")
    arlo.main.get_by_role("button").click()
    arlo.opens("/o/lakeside/")
    arlo.main.get_by_role("button", name=re.compile("passkey", re.IGNORECASE)).click()
    arlo.sees("Your role here is Assignor")


@pytest.mark.usefixtures("stripe")
def test_ask_to_join_and_get_approved(
    world: World, new_context: ContextMaker, signed_in: SignedIn
) -> None:
    code = settings.set_join_code(world.administrator, is_open=True)
    nina, arlo = Person(new_context(PHONE).new_page()), signed_in(world.assignor)
    nina.opens("/join/")
    nina.field("Join code").fill(code.lower())
    nina.clicks("Continue")
    nina.sees("asking to join Lakeside Officials Association")
    nina.field("Name").fill("Nina New")
    nina.field("E-mail").fill("nina@new.example")
    nina.is_accessible()
    nina.clicks("Ask to join")
    nina.is_at("Your request has been sent")

    arlo.opens("/o/lakeside/users/")
    arlo.sees("1 person is asking to join")
    arlo.clicks("Approve or deny")
    arlo.is_accessible()
    arlo.main.get_by_role("button", name="Approve Nina New").click()
    arlo.sees("Nina New has been added")

    nina.opens(invitation_link_for("nina@new.example"))
    nina.field("Password").fill(STRONG_PASSWORD)
    nina.field("Confirm password").fill(STRONG_PASSWORD)
    nina.main.get_by_role("button").click()
    nina.sees("Your role here is General member")


def test_settings_are_saved_and_shown_in_the_activity(world: World, signed_in: SignedIn) -> None:
    ada, arlo = signed_in(world.administrator), signed_in(world.assignor)
    ada.opens("/o/lakeside/settings/organization/")
    ada.is_accessible()
    ada.field("Text on receipts").fill("PO 4711")
    ada.clicks("Save")
    ada.sees("The settings have been saved.")
    for tab in ("notifications", "security", "people", "activity"):
        ada.opens(f"/o/lakeside/settings/{tab}/")
        ada.is_accessible()
    ada.sees("Changed settings", "PO 4711")

    arlo.opens("/o/lakeside/settings/activity/")
    arlo.sees("Changed settings", "PO 4711")
    arlo.clicks("Organization")
    arlo.sees("Only Administrators can change them")
    expect(arlo.main.get_by_role("button", name="Save")).to_have_count(0)


def test_remove_inactive_users_and_restore_one(world: World, signed_in: SignedIn) -> None:
    for member in (world.official, world.observer):
        member.user.last_login = None
        member.user.save()
        member.joined_at = member.last_seen_at = world.term.created_at.replace(year=2029)
        member.save()
    arlo = signed_in(world.assignor, PHONE)
    arlo.opens("/o/lakeside/users/")
    arlo.clicks("Free up a license before buying one")
    arlo.is_at("Inactive users")
    arlo.is_accessible()
    arlo.page.get_by_label("Otto Official").check()
    arlo.page.get_by_label("Olive Observer").check()
    arlo.clicks("Remove selected users…")
    arlo.is_at("Remove 2 users?")
    arlo.is_accessible()
    arlo.clicks("Remove 2 users")
    arlo.sees("2 users have been removed")
    arlo.clicks("Removed users")
    arlo.is_accessible()
    arlo.main.get_by_role("button", name="Restore Olive Observer").click()
    arlo.sees("Olive Observer has been restored")
