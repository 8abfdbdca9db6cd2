"""Sessions that end while a form is filled in, and links opened with another account."""

import pytest
from django.conf import settings
from playwright.sync_api import expect

from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import Message
from subscriptions.models.members import Role
from subscriptions.text import links
from tests.journeys.conftest import SignedIn
from tests.journeys.people import Person
from tests.support.browser import DESKTOP, PHONE
from tests.support.world import World

SESSION_ENDED = "You were signed out before this was saved. Sign in within 30 minutes"
NOT_SAVED = "Nothing has been saved, sent, or charged yet."


def end_session(person: Person) -> None:
    person.page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)


@pytest.mark.parametrize("javascript", [True, False])
def test_add_user_form_is_restored_but_not_sent(
    world: World, signed_in: SignedIn, javascript: bool
) -> None:
    arlo = signed_in(world.assignor, {**DESKTOP, "java_script_enabled": javascript})
    arlo.opens("/o/lakeside/users/add/")
    arlo.fills_in_user("Nora New", "nora@new.example", "Observer")
    end_session(arlo)
    arlo.clicks("Add and invite")

    arlo.is_at("Sign in")
    arlo.sees(SESSION_ENDED)
    arlo.signs_in(world.assignor)

    arlo.is_at("Add User")
    arlo.sees(NOT_SAVED)
    expect(arlo.field("Name")).to_have_value("Nora New")
    expect(arlo.field("E-mail")).to_have_value("nora@new.example")
    expect(arlo.field("Role")).to_have_value("observer")
    if javascript:
        arlo.is_accessible()
    assert not world.lakeside.memberships.filter(user__email="nora@new.example").exists()
    arlo.clicks("Add and invite")
    arlo.sees("Nora New has been added with license 5.")


def test_message_from_the_panel_is_restored_too(world: World, signed_in: SignedIn) -> None:
    otto = signed_in(world.official, PHONE)
    otto.opens("/o/lakeside/")
    otto.page.locator("#messenger-button").tap()
    panel = otto.page.get_by_role("dialog", name="Messenger")
    panel.get_by_label("Your message").fill("Where is my license?")
    end_session(otto)
    panel.get_by_role("button", name="Send").tap()

    otto.is_at("Sign in")
    otto.sees(SESSION_ENDED)
    otto.signs_in(world.official)

    otto.is_at("Messenger")
    otto.sees(NOT_SAVED)
    expect(otto.field("Your message")).to_have_value("Where is my license?")
    assert not Message.objects.exists()
    otto.clicks("Send")
    otto.sees("Your message has been sent.")


def test_invitation_for_another_account_asks_first(world: World, signed_in: SignedIn) -> None:
    """R3: a browser that two people share."""
    new = NewMember("Nora New", "nora@new.example", Role.GENERAL_MEMBER)
    link = links.invitation_link(members.add(world.assignor, new))
    otto = signed_in(world.official, PHONE)
    otto.opens(link)
    otto.is_at("You are signed in as someone else")
    otto.sees("Otto Official (official@lakeside.example)", "is for nora@new.example")
    otto.is_accessible()
    otto.clicks("Stay signed in as Otto Official")
    otto.is_at("Lakeside Officials Association")

    otto.opens(link)
    otto.clicks("Sign out and continue as nora@new.example")
    otto.is_at("Join Lakeside Officials Association")
    expect(otto.field("Password")).to_be_visible()
