"""From the mail to Members Home."""

import re

from post_office.models import Email

from tests.journeys.conftest import SignedIn
from tests.journeys.people import Person
from tests.support.browser import DESKTOP, ContextMaker, PageProblems
from tests.support.world import World

LINK = re.compile(r"http\S+/invitations/\S+")
A_GOOD_PASSWORD = "whistle-and-flag-2031"


def link_in_the_mail_to(email: str) -> str:
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
    arlo.types_user("Nora New", "nora@new.example")
    arlo.clicks("Add and invite")
    arlo.reads("The invitation is on its way to nora@new.example.")
    link = link_in_the_mail_to("nora@new.example")

    nora = Person(new_context().new_page())
    nora.opens(link)
    nora.is_at("Join Lakeside Officials Association")
    nora.reads("Your role will be General member.", "nora@new.example")
    nora.is_accessible()
    nora.field("Password").fill(A_GOOD_PASSWORD)
    nora.field("Confirm password").fill(A_GOOD_PASSWORD)
    nora.clicks("Set password and join")

    nora.is_at("Lakeside Officials Association")
    nora.reads("Welcome to Lakeside", "Your role here is General member.", "Ada Admin")
    nora.sees_no_way_to_buy()
    nora.is_accessible()

    page_problems.expect("GET 410 .*/invitations/")
    nora.opens(link)
    nora.is_at("This link no longer works")
    nora.reads("Ask your organization to send it again.")
    nora.is_accessible()


def test_new_invitation_expires_the_old_link(
    world: World, signed_in: SignedIn, new_context: ContextMaker, page_problems: PageProblems
) -> None:
    """R4: Resend, from the list of users."""
    arlo = signed_in(world.assignor)
    arlo.opens("/o/lakeside/users/add/")
    arlo.types_user("Nora New", "nora@new.example")
    arlo.clicks("Add and invite")
    arlo.reads("Nora New has been added")
    old_link = link_in_the_mail_to("nora@new.example")
    arlo.row_of("Nora New").get_by_role("button", name="Resend").click()
    arlo.reads("A new invitation is on its way to nora@new.example.")

    page_problems.expect("GET 410 .*/invitations/")
    nora = Person(new_context(DESKTOP).new_page())
    nora.opens(old_link)
    nora.is_at("This link no longer works")
    nora.opens(link_in_the_mail_to("nora@new.example"))
    nora.is_at("Join Lakeside Officials Association")


def test_existing_account_joins_by_signing_in(
    world: World, signed_in: SignedIn, new_context: ContextMaker
) -> None:
    """R1, R3: one account for several organizations."""
    arlo = signed_in(world.assignor)
    arlo.opens("/o/lakeside/users/add/")
    arlo.types_user("Harry H.", world.stranger.user.email)
    arlo.clicks("Add and invite")
    arlo.reads("has been added with license 5.")

    harry = Person(new_context(DESKTOP).new_page())
    harry.opens(link_in_the_mail_to(world.stranger.user.email))
    harry.is_at("Join Lakeside Officials Association")
    harry.is_accessible()
    harry.clicks("Sign in")
    harry.signs_in(world.stranger)
    harry.clicks("Join")
    harry.reads("Welcome to Lakeside Officials Association.")

    harry.chooses_from_menu("My organizations")
    harry.reads("Harbor Umpires", "Lakeside Officials Association")
    harry.is_accessible()
