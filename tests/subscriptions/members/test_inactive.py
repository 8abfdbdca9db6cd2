"""Freeing licenses before buying: inactive users, bulk removal, restoring (R3-R5)."""

from datetime import timedelta

import pytest

from subscriptions import clock
from subscriptions.members import inactive, members
from subscriptions.members.members import NewMember
from subscriptions.models import Activity, Membership, Organization, User
from subscriptions.models.members import MembershipState, Role
from subscriptions.policy.refusal import Reason, Refused
from tests.support.checks import refuses
from tests.support.pages import text_of
from tests.support.world import World


def set_last_sign_in(member: Membership, days_ago: int) -> None:
    moment = clock.now() - timedelta(days=days_ago)
    User.objects.filter(pk=member.user_id).update(last_login=moment)
    Membership.objects.filter(user=member.user_id).update(last_seen_at=moment)


@pytest.fixture(autouse=True)
def all_joined_long_ago(world: World) -> None:
    Membership.objects.update(joined_at=clock.now() - timedelta(days=1000))
    for member in Membership.objects.all():
        set_last_sign_in(member, 1)


def inactive_names(world: World) -> list[str]:
    world.lakeside.refresh_from_db()
    found = inactive.inactive_members(world.lakeside, clock.now())
    return [str(member.user) for member in found]


class TestInactive:
    @pytest.mark.parametrize(("days", "is_inactive"), [(181, False), (182, False), (183, True)])
    def test_inactive_after_half_a_year(self, world: World, days: int, is_inactive: bool) -> None:
        set_last_sign_in(world.official, days)

        assert inactive_names(world) == (["Otto Official"] if is_inactive else [])

    def test_period_starts_at_joining_without_a_sign_in(self, world: World) -> None:
        added = members.add(
            world.administrator, NewMember("N 1", "n1@new.example", Role.GENERAL_MEMBER)
        )
        members.join(added)

        world.later(days=182)
        assert "N 1" not in inactive_names(world)

        world.later(days=1)
        assert "N 1" in inactive_names(world)

    def test_organization_chooses_the_period(self, world: World) -> None:
        set_last_sign_in(world.official, 60)
        Organization.objects.update(inactive_after_days=45)

        assert inactive_names(world) == ["Otto Official"]

    @pytest.mark.parametrize(
        "path", ["licenses/add/", "users/add/", "settings/subscription/", "users/"]
    )
    def test_inactive_users_are_shown_next_to_every_way_to_buy(
        self, world: World, path: str
    ) -> None:
        client = world.client(world.assignor)
        set_last_sign_in(world.assignor, 0)
        set_last_sign_in(world.official, 400)

        page = client.get(f"/o/lakeside/{path}").content.decode()

        assert 'href="/o/lakeside/users/inactive/"' in page
        assert "1 user has not signed in for 182 days" in page

    def test_list_shows_only_inactive_users(self, world: World) -> None:
        set_last_sign_in(world.official, 400)

        page = text_of(world.client(world.assignor).get("/o/lakeside/users/inactive/"))

        assert "Otto Official" in page
        assert "Ada Admin" not in page


class TestBulkRemoval:
    def post(self, world: World, *chosen: Membership, confirm: bool = True) -> object:
        data = {"user": [str(member.key) for member in chosen]}
        if confirm:
            data["confirm"] = ["1"]
        return world.client(world.assignor).post("/o/lakeside/users/remove/", data)

    def test_page_asks_first_and_shows_freed_licenses(self, world: World) -> None:
        response = self.post(world, world.official, world.observer, confirm=False)

        assert "Remove 2 users?" in text_of(response)
        assert "This frees up 2 licenses" in text_of(response)
        assert world.lakeside.memberships.exclude(license_number=None).count() == 4

    def test_confirming_removes_the_users(self, world: World) -> None:
        self.post(world, world.official, world.observer)

        assert world.lakeside.memberships.exclude(license_number=None).count() == 2
        assert Activity.objects.filter(verb="member_removed").count() == 2

    def test_all_are_removed_or_none(self, world: World) -> None:
        """An Assignor cannot remove the Administrator, so the official is not removed either."""
        response = self.post(world, world.official, world.administrator)

        assert "Some of these users cannot be removed" in text_of(response)
        assert world.lakeside.memberships.exclude(license_number=None).count() == 4
        with pytest.raises(Refused):
            inactive.remove_all(world.assignor, [world.official, world.administrator])
        assert world.lakeside.memberships.exclude(license_number=None).count() == 4

    def test_last_administrator_cannot_be_removed(self, world: World) -> None:
        chosen = [world.official, world.administrator]
        with refuses(Reason.LAST_ADMINISTRATOR):
            inactive.remove_all(world.administrator, chosen)

    def test_user_already_removed_by_someone_else_is_skipped(self, world: World) -> None:
        chosen = inactive.find_selected(world.lakeside, [world.official.key, world.observer.key])
        members.remove(world.administrator, world.official)

        assert inactive.remove_all(world.assignor, chosen) == 1

    def test_empty_selection_removes_no_one(self, world: World) -> None:
        assert "Select the users" in text_of(
            world.client(world.assignor).post("/o/lakeside/users/remove/", {}, follow=True)
        )

    def test_members_of_other_organizations_cannot_be_selected(self, world: World) -> None:
        self.post(world, world.stranger)

        world.stranger.refresh_from_db()
        assert world.stranger.state == MembershipState.ACTIVE


class TestRestoring:
    def restore(self, world: World, member: Membership) -> Membership:
        member.refresh_from_db()
        return inactive.restore(world.assignor, member)

    def test_user_is_restored_in_the_former_role(self, world: World) -> None:
        members.remove(world.assignor, world.observer)

        restored = self.restore(world, world.observer)

        assert (restored.state, restored.role) == (MembershipState.ACTIVE, Role.OBSERVER)
        assert restored.license_number == 5
        assert world.client(world.observer).get("/o/lakeside/").status_code == 200

    def test_user_who_never_joined_is_invited_again(self, world: World) -> None:
        new = NewMember("Nina", "nina@new.example", Role.GENERAL_MEMBER)
        invited = members.add(world.assignor, new)
        members.remove(world.assignor, invited)

        restored = self.restore(world, invited)

        assert (restored.state, restored.invited_as) == (MembershipState.INVITED, "Nina")

    def test_restoring_needs_a_free_license(self, world: World) -> None:
        members.remove(world.assignor, world.official)
        world.fill(25)

        with refuses(Reason.NO_LICENSE_FREE):
            self.restore(world, world.official)

    def test_only_administrators_restore_administrators(self, world: World) -> None:
        """R3"""
        members.change_role(world.administrator, world.observer, Role.ADMINISTRATOR)
        User.objects.update(last_login=clock.now())
        members.remove(world.administrator, world.observer)

        with refuses(Reason.ABOVE_OWN_ROLE):
            self.restore(world, world.observer)

    def test_second_restore_is_refused(self, world: World) -> None:
        members.remove(world.assignor, world.official)
        self.restore(world, world.official)

        with refuses(Reason.ALREADY_A_MEMBER):
            self.restore(world, world.official)

    def test_removed_users_page_restores_a_user(self, world: World) -> None:
        members.remove(world.assignor, world.official)
        client = world.client(world.assignor)
        assert "Otto Official" in text_of(client.get("/o/lakeside/users/removed/"))

        page = client.post(f"/o/lakeside/users/removed/{world.official.key}/", follow=True)

        assert "Otto Official has been restored with license 4" in text_of(page)
