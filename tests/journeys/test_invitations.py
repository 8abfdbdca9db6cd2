"""Accepting invitations, from the mail to the home page."""

import re

from post_office.models import Email

from tests.journeys.conftest import SignedIn
from tests.journeys.people import Person
from tests.support.browser import DESKTOP, ContextMaker, PageProblems
from tests.support.world import World

LINK = re.compile(r"http\S+/invitations/\S+")
STRONG_PASSWORD = "whistle-and-flag-2031"


def invitation_link_for(email: str) -> str:
    mail = Email.objects.filter(to=email).latest("created")
    found = LINK.search(mail.message)
    assert found, mail.message
    return found[0]


def test_invited_person_joins_with_the_link_in_the_mail(
    world: World, signed_in: SignedIn, new_context: ContextMaker, page_problems: PageProblems
) -> None:
    """R4: the link works once; R2: a general member sees no way to buy."""
    arlo = signed_in(world.assignor)
    arlo.opens("/o/lakeside/users/add/")
    arlo.fills_in_user("Nora New", "nora@new.example")
    arlo.clicks("Add and invite")
    arlo.sees("The invitation is on its way to nora@new.example.")
    link = invitation_link_for("nora@new.example")

    nora = Person(new_context().new_page())
    nora.opens(link)
    nora.is_at("Join Lakeside Officials Association")
    nora.sees("Your role will be General member.", "nora@new.example")
    nora.is_accessible()
    nora.field("Password").fill(STRONG_PASSWORD)
    nora.field("Confirm password").fill(STRONG_PASSWORD)
    nora.clicks("Set password and join")

    nora.is_at("Lakeside Officials Association")
    nora.sees("Welcome to Lakeside", "Your role here is General member.", "Ada Admin")
    nora.sees_no_way_to_buy()
    nora.is_accessible()

    page_problems.expect("GET 410 .*/invitations/")
    nora.opens(link)
    nora.is_at("This link no longer works")
    nora.sees("Ask your organization to send it again.")
    nora.is_accessible()


def test_new_invitation_expires_the_old_link(
    world: World, signed_in: SignedIn, new_context: ContextMaker, page_problems: PageProblems
) -> None:
    """R4: resending from the list of users."""
    arlo = signed_in(world.assignor)
    arlo.opens("/o/lakeside/users/add/")
    arlo.fills_in_user("Nora New", "nora@new.example")
    arlo.clicks("Add and invite")
    arlo.sees("Nora New has been added")
    old_link = invitation_link_for("nora@new.example")
    arlo.row_of("Nora New").get_by_role("button", name="Resend").click()
    arlo.sees("A new invitation is on its way to nora@new.example.")

    page_problems.expect("GET 410 .*/invitations/")
    nora = Person(new_context(DESKTOP).new_page())
    nora.opens(old_link)
    nora.is_at("This link no longer works")
    nora.opens(invitation_link_for("nora@new.example"))
    nora.is_at("Join Lakeside Officials Association")


def test_existing_account_joins_by_signing_in(
    world: World, signed_in: SignedIn, new_context: ContextMaker
) -> None:
    """R1, R3: one account for several organizations."""
    arlo = signed_in(world.assignor)
    arlo.opens("/o/lakeside/users/add/")
    arlo.fills_in_user("Harry H.", world.stranger.user.email)
    arlo.clicks("Add and invite")
    arlo.sees("has been added with license 5.")

    harry = Person(new_context(DESKTOP).new_page())
    harry.opens(invitation_link_for(world.stranger.user.email))
    harry.is_at("Join Lakeside Officials Association")
    harry.is_accessible()
    harry.clicks("Sign in")
    harry.signs_in(world.stranger)
    harry.clicks("Join")
    harry.sees("Welcome to Lakeside Officials Association.")

    harry.chooses_from_menu("My organizations")
    harry.sees("Harbor Umpires", "Lakeside Officials Association")
    harry.is_accessible()
