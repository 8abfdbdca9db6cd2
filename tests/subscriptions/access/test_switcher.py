"""The organization switcher, with the user's role in each organization (R1)."""

from subscriptions.models.members import Role
from tests.support.factories import MembershipFactory
from tests.support.pages import text_of
from tests.support.world import World


def test_navigation_lists_other_organizations(world: World) -> None:
    MembershipFactory.create(
        organization=world.stranger.organization, user=world.assignor.user, role=Role.OBSERVER
    )

    page = world.client(world.assignor).get("/o/lakeside/")

    assert 'href="/o/harbor/"' in page.content.decode()
    assert "Other organizations Harbor Umpires Observer" in text_of(page)


def test_single_organization_shows_no_switcher(world: World) -> None:
    page = world.client(world.assignor).get("/o/lakeside/").content.decode()

    assert "Other organizations" not in page


def test_organization_the_user_left_is_not_listed(world: World) -> None:
    MembershipFactory.create(
        organization=world.stranger.organization,
        user=world.assignor.user,
        state="removed",
        license_number=None,
    )

    page = world.client(world.assignor).get("/o/lakeside/").content.decode()
    assert "/o/harbor/" not in page
