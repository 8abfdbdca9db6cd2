"""Several organizations: going from one to another, with the role held there (R1)."""

from subscriptions.models.members import Role
from tests.support.factories import MembershipFactory
from tests.support.pages import text_of
from tests.support.world import World


def test_the_other_organizations_stand_in_the_navigation(world: World) -> None:
    MembershipFactory.create(
        organization=world.stranger.organization, user=world.assignor.user, role=Role.OBSERVER
    )

    page = world.client(world.assignor).get("/o/lakeside/")

    assert 'href="/o/harbor/"' in page.content.decode()
    assert "Other organizations Harbor Umpires Observer" in text_of(page)


def test_with_only_one_there_is_nothing_to_switch_to(world: World) -> None:
    page = world.client(world.assignor).get("/o/lakeside/").content.decode()

    assert "Other organizations" not in page


def test_one_that_was_left_is_not_offered(world: World) -> None:
    MembershipFactory.create(
        organization=world.stranger.organization,
        user=world.assignor.user,
        state="removed",
        license_number=None,
    )

    page = world.client(world.assignor).get("/o/lakeside/").content.decode()
    assert "/o/harbor/" not in page
