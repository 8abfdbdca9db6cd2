"""The home page shows pending tasks, upcoming dates and contacts (R2, R4, R19)."""

import re
from datetime import date, timedelta

import pytest

from subscriptions.members import join_requests
from subscriptions.members.join_requests import JoinApplicant
from subscriptions.models.members import MembershipState
from tests.support.factories import MembershipFactory
from tests.support.pages import queries_of, text_of
from tests.support.world import TERM_END, World, build_term, local

HOME = "/o/lakeside/"
INVITED = "/o/lakeside/users/?state=invited"


def home(world: World) -> str:
    return text_of(world.client(world.assignor).get(HOME))


def links(world: World) -> list[str]:
    html = world.client(world.assignor).get(HOME).content.decode()
    return re.findall(r'<a [^>]*href="([^"]+)"', html.split("<main")[1].split("</main>")[0])


def invite(world: World, number: int) -> None:
    for _ in range(number):
        MembershipFactory.create(organization=world.lakeside, state=MembershipState.INVITED)


class TestForBuyers:
    def test_shows_licenses_and_the_term(self, world: World) -> None:
        page = home(world)

        assert "Held 25 In use 4 Available 21" in page
        assert "Your license number is 2" in page
        assert "Current term expires Wednesday, December 31, 2031 Days remaining 198" in page
        assert "/o/lakeside/licenses/add/" in links(world)

    def test_says_when_nothing_needs_attention(self, world: World) -> None:
        page = home(world)

        assert "Nothing right now: everyone has accepted their invitation" in page
        assert INVITED not in links(world)

    @pytest.mark.parametrize(
        ("number", "text"), [(1, "1 invitation not accepted"), (2, "2 invitations not accepted")]
    )
    def test_shows_invitations_not_accepted(self, world: World, number: int, text: str) -> None:
        invite(world, number)

        assert text in home(world)
        assert INVITED in links(world)
        assert f"In use {4 + number}" in home(world)

    def test_link_lists_only_invited_users(self, world: World) -> None:
        invited = MembershipFactory.create(
            organization=world.lakeside, state=MembershipState.INVITED, invited_as="Nora New"
        )

        page = text_of(world.client(world.assignor).get(INVITED))

        assert str(invited.user.email) in page.replace(" ", "")
        assert "official@lakeside.example" not in page.replace(" ", "")
        assert "Showing only users who have not accepted their invitation." in page

    def test_shows_requests_to_join(self, world: World) -> None:
        world.lakeside.join_code = "LAKE"
        world.lakeside.save()
        join_requests.ask(world.lakeside, JoinApplicant(name="Nora", email="nora@people.example"))

        assert "1 request to join: approve or deny it" in home(world)
        assert "/o/lakeside/users/requests/" in links(world)

    def test_before_the_window_it_shows_the_last_day_for_add_ons(self, world: World) -> None:
        page = home(world)

        assert "Last day to add licenses Monday, December 1, 2031" in page
        assert "Renewal opens Tuesday, December 2, 2031" in page
        assert "/o/lakeside/renewal/" not in links(world)

    @pytest.mark.parametrize(
        ("day", "sells_add_ons"), [(date(2031, 12, 1), True), (date(2031, 12, 2), False)]
    )
    def test_during_the_window_it_links_to_the_renewal(
        self, world: World, day: date, sells_add_ons: bool
    ) -> None:
        world.at(local(day, 12))

        found = links(world)

        assert ("/o/lakeside/licenses/add/" in found) == sells_add_ons
        assert ("/o/lakeside/renewal/" in found) == (not sells_add_ons)

    def test_renewed_organization_sees_the_start_of_the_next_term(self, world: World) -> None:
        world.at(local(TERM_END, 12) - timedelta(days=5))
        build_term(world.lakeside, licenses=30, starts_on=date(2032, 1, 1), renews=world.term)

        assert "Renewed term starts Thursday, January 1, 2032" in home(world)

    def test_last_day_is_shown_as_today(self, world: World) -> None:
        world.at(local(TERM_END, 23, 59))

        page = home(world)

        assert "The subscription expires today, Wednesday, December 31, 2031." in page
        assert "in 0 days" not in page

    @pytest.mark.usefixtures("stripe")
    def test_shows_the_latest_purchases(self, world: World) -> None:
        assert "No purchases yet" in home(world)

        purchase = world.buy_and_settle(10)

        assert "$50.00" in home(world)
        assert f"/o/lakeside/purchases/{purchase.pk}/" in links(world)

    def test_query_count_is_constant(self, world: World) -> None:
        world.lakeside.join_code = "LAKE"
        world.lakeside.save()
        client = world.client(world.assignor)
        before = len(queries_of(client, HOME))
        invite(world, 15)
        for number in range(15):
            asking = JoinApplicant(name="Nora", email=f"nora{number}@people.example")
            join_requests.ask(world.lakeside, asking)

        assert len(queries_of(client, HOME)) == before

    def test_after_expiration_it_does_not_offer_adding_users(self, world: World) -> None:
        """R22"""
        assert "/o/lakeside/users/add/" in links(world)

        world.at(local(TERM_END, 12) + timedelta(days=1))

        assert "/o/lakeside/users/add/" not in links(world)
        assert "4 more users than licenses: see who can be removed" in home(world)


class TestForOtherRoles:
    def test_shows_role_administrators_and_buyers(self, world: World) -> None:
        page = text_of(world.client(world.official).get(HOME))

        assert "Your role here is General member" in page
        assert "Ada Admin administrator@lakeside.example" in page
        assert "These people can buy licenses: Ada Admin, Arlo Assignor" in page
        for word in ("Your license number is", "In use", "Needs your attention", "Purchases"):
            assert word not in page

    def test_shows_how_long_access_lasts(self, world: World) -> None:
        page = text_of(world.client(world.official).get(HOME))

        assert "the subscription, which runs through Wednesday, December 31, 2031." in page

    def test_after_expiration_it_says_access_is_read_only(self, world: World) -> None:
        world.at(local(TERM_END, 12) + timedelta(days=1))

        page = text_of(world.client(world.official).get(HOME))

        assert "The subscription expired on Wednesday, December 31, 2031." in page
        assert "You still have read-only access." in page
