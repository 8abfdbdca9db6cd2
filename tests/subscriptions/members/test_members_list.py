"""The users list, paginated by license number."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from subscriptions.members import listing
from subscriptions.members.listing import Page, get_page, search_page
from subscriptions.models import Membership
from subscriptions.models.members import Role
from tests.support.factories import MembershipFactory, UserFactory
from tests.support.pages import text_of
from tests.support.world import World

USERS = "/o/lakeside/users/"


def numbers(page: Page) -> list[int]:
    return [one.license_number or 0 for one in page.members]


@pytest.fixture
def large_world(world: World) -> World:
    """Create 120 members on licenses 1 to 120."""
    world.fill(4)
    rows = [
        Membership(
            organization=world.lakeside,
            user=UserFactory.create(),
            role=Role.GENERAL_MEMBER,
            state="active",
            license_number=number,
            joined_at=world.official.joined_at,
            created_at=world.official.created_at,
        )
        for number in range(5, 121)
    ]
    Membership.objects.bulk_create(rows)
    return world


def free_licenses(world: World, first: int, last: int) -> None:
    world.lakeside.memberships.filter(license_number__range=(first, last)).update(
        state="removed", license_number=None
    )


def test_pages_are_ranges_of_license_numbers(large_world: World) -> None:
    pages = [get_page(large_world.lakeside, str(number)) for number in (1, 2, 3)]

    assert [numbers(page) for page in pages] == [
        list(range(1, 51)),
        list(range(51, 101)),
        list(range(101, 121)),
    ]
    assert [(page.previous, page.number, page.of, page.next) for page in pages] == [
        (None, 1, 3, 2),
        (1, 2, 3, 3),
        (2, 3, 3, None),
    ]


@pytest.mark.parametrize(
    ("requested", "number"),
    [("", 1), ("0", 1), ("-3", 1), ("x", 1), ("٣", 1), ("4", 3), ("9" * 40, 3)],
)
def test_invalid_page_shows_the_first_or_last(
    large_world: World, requested: str, number: int
) -> None:
    assert get_page(large_world.lakeside, requested).number == number


def test_gap_makes_a_page_shorter(large_world: World) -> None:
    free_licenses(large_world, 60, 69)

    page = get_page(large_world.lakeside, "2")

    assert numbers(page) == [*range(51, 60), *range(70, 101)]
    assert page.next == 3


def test_empty_pages_are_skipped(large_world: World) -> None:
    free_licenses(large_world, 41, 110)

    first, last = get_page(large_world.lakeside, "1"), get_page(large_world.lakeside, "3")

    assert (numbers(first), first.next) == (list(range(1, 41)), 3)
    assert (numbers(last), last.previous) == (list(range(111, 121)), 1)
    assert get_page(large_world.lakeside, "2") == last


def test_every_user_is_on_exactly_one_page(large_world: World) -> None:
    free_licenses(large_world, 30, 75)
    seen: list[int] = []
    number: int | None = 1
    while number is not None:
        page = get_page(large_world.lakeside, str(number))
        seen += numbers(page)
        number = page.next

    assert seen == [*range(1, 30), *range(76, 121)]


def test_page_links_to_the_next(large_world: World) -> None:
    response = large_world.client(large_world.assignor).get(f"{USERS}?page=2")

    assert "Previous Page 2 of 3 Next" in text_of(response)
    assert 'href="?page=3"' in response.content.decode()


def test_search_results_link_to_the_next_page_too(large_world: World) -> None:
    client = large_world.client(large_world.assignor)

    shown = client.get(f"{USERS}?q=person")
    page = text_of(shown)
    second = text_of(client.get(f"{USERS}?q=person&page=2"))

    assert "Page 1 Next" in page
    assert 'href="?page=2&amp;q=person"' in shown.content.decode()
    assert "Previous Page 2" in second


def test_page_of_a_user_selects_the_current_role(world: World) -> None:
    page = world.client(world.assignor).get(f"{USERS}{world.observer.key}/").content.decode()

    assert '<option value="observer" selected>' in page


class TestSearch:
    @pytest.fixture(params=[500, 0], ids=["few matches", "many matches"], autouse=True)
    def _limit_for_few_matches(
        self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(listing, "_MAX_MATCHES", request.param)

    def found(self, world: World, search: str) -> list[str]:
        return [one.user.name for one in search_page(world.lakeside, search, "1").members]

    def test_search_by_prefix_of_name_or_address(self, world: World) -> None:
        assert self.found(world, "ol") == ["Olive Observer"]
        assert self.found(world, "OFFICIAL@lake") == ["Otto Official"]
        assert self.found(world, "Official") == ["Otto Official"]
        assert self.found(world, "harry") == []

    def test_search_by_license_number(self, world: World) -> None:
        assert self.found(world, "3") == ["Olive Observer"]

    def test_account_name_of_an_invited_person_is_not_searched(self, world: World) -> None:
        """A match would disclose that there is an account."""
        hidden = UserFactory.create(name="Secret Name", email="shown@people.example")
        MembershipFactory.create(
            organization=world.lakeside, user=hidden, state="invited", invited_as="Typed Name"
        )

        assert self.found(world, "Secret") == []
        assert self.found(world, "typed") == ["Secret Name"]
        assert self.found(world, "shown@") == ["Secret Name"]


def test_middle_page_takes_three_queries(large_world: World) -> None:
    with CaptureQueriesContext(connection) as captured:
        get_page(large_world.lakeside, "2")

    assert len(captured) == 3
