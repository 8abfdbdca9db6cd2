"""The users list, in pages by ranges of license numbers."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from subscriptions.members import listing
from subscriptions.members.listing import Page, found_page, page_of
from subscriptions.models import Membership
from subscriptions.models.members import Role
from tests.support.factories import MembershipFactory, UserFactory
from tests.support.pages import text_of
from tests.support.world import World

USERS = "/o/lakeside/users/"


def numbers(page: Page) -> list[int]:
    return [one.license_number or 0 for one in page.members]


@pytest.fixture
def many(world: World) -> World:
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


def free(world: World, first: int, last: int) -> None:
    world.lakeside.memberships.filter(license_number__range=(first, last)).update(
        state="removed", license_number=None
    )


def test_pages_follow_the_license_numbers(many: World) -> None:
    pages = [page_of(many.lakeside, str(number)) for number in (1, 2, 3)]

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
    ("asked", "number"), [("", 1), ("0", 1), ("-3", 1), ("x", 1), ("٣", 1), ("4", 3), ("9" * 40, 3)]
)
def test_invalid_page_leads_to_the_first_or_last(many: World, asked: str, number: int) -> None:
    assert page_of(many.lakeside, asked).number == number


def test_gap_makes_a_page_shorter(many: World) -> None:
    free(many, 60, 69)

    page = page_of(many.lakeside, "2")

    assert numbers(page) == [*range(51, 60), *range(70, 101)]
    assert page.next == 3


def test_empty_pages_are_skipped(many: World) -> None:
    free(many, 41, 110)

    first, last = page_of(many.lakeside, "1"), page_of(many.lakeside, "3")

    assert (numbers(first), first.next) == (list(range(1, 41)), 3)
    assert (numbers(last), last.previous) == (list(range(111, 121)), 1)
    assert page_of(many.lakeside, "2") == last


def test_every_user_is_on_exactly_one_page(many: World) -> None:
    free(many, 30, 75)
    seen: list[int] = []
    number: int | None = 1
    while number is not None:
        page = page_of(many.lakeside, str(number))
        seen += numbers(page)
        number = page.next

    assert seen == [*range(1, 30), *range(76, 121)]


def test_page_links_to_the_next(many: World) -> None:
    response = many.client(many.assignor).get(f"{USERS}?page=2")

    assert "Previous Page 2 of 3 Next" in text_of(response)
    assert 'href="?page=3"' in response.content.decode()


def test_search_results_link_to_the_next_page_too(many: World) -> None:
    client = many.client(many.assignor)

    page = text_of(client.get(f"{USERS}?q=person"))
    second = text_of(client.get(f"{USERS}?q=person&page=2"))

    assert "Page 1 Next" in page
    assert "Previous Page 2" in second


class TestSearch:
    @pytest.fixture(params=[500, 0], ids=["keys first", "too many of that name"], autouse=True)
    def _few(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(listing, "_FEW", request.param)

    def found(self, world: World, search: str) -> list[str]:
        return [one.user.name for one in found_page(world.lakeside, search, "1").members]

    def test_by_prefix_of_name_or_address(self, world: World) -> None:
        assert self.found(world, "ol") == ["Olive Observer"]
        assert self.found(world, "OFFICIAL@lake") == ["Otto Official"]
        assert self.found(world, "Official") == ["Otto Official"]
        assert self.found(world, "harry") == []

    def test_by_license_number(self, world: World) -> None:
        assert self.found(world, "3") == ["Olive Observer"]

    def test_not_by_the_account_name_of_an_invited_person(self, world: World) -> None:
        """A match would disclose that there is an account."""
        hidden = UserFactory.create(name="Secret Name", email="shown@people.example")
        MembershipFactory.create(
            organization=world.lakeside, user=hidden, state="invited", invited_as="Typed Name"
        )

        assert self.found(world, "Secret") == []
        assert self.found(world, "typed") == ["Secret Name"]
        assert self.found(world, "shown@") == ["Secret Name"]


def test_page_in_the_middle_takes_three_queries(many: World) -> None:
    with CaptureQueriesContext(connection) as captured:
        page_of(many.lakeside, "2")

    assert len(captured) == 3
