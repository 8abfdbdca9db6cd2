"""What users without access see, and which responses they get."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import SignedIn
from tests.journeys.people import Person
from tests.support.browser import ContextMaker, PageProblems
from tests.support.world import World

ADD_LICENSES = "/o/lakeside/licenses/add/"


def test_removing_a_user_asks_first_and_shows_the_freed_license(
    world: World, signed_in: SignedIn
) -> None:
    """R4"""
    arlo = signed_in(world.assignor)
    arlo.opens("/o/lakeside/users/")
    arlo.sees("4 of 25 licenses are in use, 21 available.")
    remove = arlo.row_of("Otto Official").get_by_role("link", name="Remove Otto Official")
    remove.click()
    arlo.is_at("Remove Otto Official?")
    arlo.sees("license 4 will be available for someone else")
    arlo.clicks("Cancel")
    expect(arlo.row_of("Otto Official")).to_be_visible()

    remove.click()
    arlo.clicks("Remove")
    arlo.sees(
        "Otto Official has been removed, and license 4 is available.", "3 of 25 licenses are in use"
    )
    expect(arlo.row_of("Otto Official")).to_have_count(0)


@pytest.mark.parametrize("who", ["observer", "official"])
def test_other_members_see_no_way_to_buy_and_are_told_why(
    world: World, signed_in: SignedIn, page_problems: PageProblems, who: str
) -> None:
    """R2: no link anywhere, 403 at the URL, and a link back to the home page."""
    member = signed_in(getattr(world, who))
    member.opens("/")
    member.is_at("Lakeside Officials Association")
    member.sees("Ada Admin", "Arlo Assignor")
    member.sees_no_way_to_buy()
    member.is_accessible()

    page_problems.expect("GET 403 .*/licenses/add/")
    member.opens(ADD_LICENSES)
    member.is_at("Your role does not allow this")
    member.sees_no_way_to_buy()
    member.is_accessible()
    member.clicks("Members Home")
    member.is_at("Lakeside Officials Association")


@pytest.mark.parametrize("who", ["stranger", "support"])
def test_non_member_gets_404_with_a_link_to_their_organizations(
    world: World, signed_in: SignedIn, page_problems: PageProblems, who: str
) -> None:
    """R2: support staff too."""
    member = signed_in(getattr(world, who))
    page_problems.expect("GET 404 .*/licenses/add/")
    member.opens(ADD_LICENSES)
    member.is_at("Page not found")
    member.is_accessible()

    member.clicks("My organizations")
    member.is_at("Harbor Umpires" if who == "stranger" else "My organizations")
    member.is_accessible()


def test_anonymous_visitor_signs_in_and_continues(world: World, new_context: ContextMaker) -> None:
    """R2: after a first attempt with a wrong password."""
    arlo = Person(new_context().new_page())
    arlo.opens(f"{ADD_LICENSES}?quantity=15")
    arlo.is_at("Sign in")
    arlo.signs_in(world.assignor, password="not this one")
    expect(arlo.page.get_by_role("alert")).to_be_visible()
    arlo.is_accessible()

    arlo.signs_in(world.assignor)
    arlo.is_at("Add Licenses")
    expect(arlo.number).to_have_value("15")
