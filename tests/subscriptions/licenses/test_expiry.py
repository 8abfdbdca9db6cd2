"""Access after expiration: read-only, closed, and reopened (R22)."""

from datetime import date, datetime, timedelta
from http import HTTPStatus

import pytest

from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import Term
from subscriptions.models.members import Role
from subscriptions.policy.refusal import Refused
from tests.support.factories import MembershipFactory
from tests.support.pages import text_of
from tests.support.world import World, build_term, local

EXPIRED = local(date(2032, 1, 1))
CLOSED = local(date(2032, 1, 15))
SECOND = timedelta(seconds=1)

OPEN_WHEN_CLOSED = ["renewal/", "purchases/", "purchases.csv", "users/"]
CLOSED_TO_ALL = ["", "settings/subscription/", "users/add/", "licenses/add/"]


def test_after_expiration_members_can_read_but_no_one_can_be_added(world: World) -> None:
    world.at(EXPIRED)

    page = world.client(world.official).get("/o/lakeside/")

    assert page.status_code == HTTPStatus.OK
    with pytest.raises(Refused):
        members.add(world.assignor, NewMember("N", "n@lakeside.example", Role.OBSERVER))


@pytest.mark.parametrize(("instant", "is_offered"), [(EXPIRED - SECOND, True), (EXPIRED, False)])
def test_users_page_offers_to_add_users_until_expiration(
    world: World, instant: datetime, is_offered: bool
) -> None:
    world.at(instant)

    users = world.client(world.assignor).get("/o/lakeside/users/").content.decode()

    assert ("/users/add/" in users) == ("/users/import/" in users) == is_offered
    assert (" licenses are in use" in users) == is_offered


def test_users_can_be_removed_while_closed(world: World) -> None:
    world.at(CLOSED)
    path = f"/o/lakeside/users/{world.official.key}/remove/"

    response = world.client(world.assignor).post(path)

    assert response.status_code == HTTPStatus.FOUND
    assert world.lakeside.memberships.filter(state="removed").count() == 1


@pytest.mark.parametrize(
    ("instant", "status"), [(CLOSED - SECOND, HTTPStatus.OK), (CLOSED, HTTPStatus.FORBIDDEN)]
)
def test_pages_close_after_fourteen_days(world: World, instant: object, status: HTTPStatus) -> None:
    world.at(instant)  # type: ignore[arg-type]

    for person in (world.official, world.administrator):
        assert world.client(person).get("/o/lakeside/").status_code == status


@pytest.mark.parametrize("path", OPEN_WHEN_CLOSED)
def test_buyers_can_still_renew_and_see_the_history(world: World, path: str) -> None:
    world.at(CLOSED)

    for person in (world.assignor, world.administrator):
        assert world.client(person).get(f"/o/lakeside/{path}").status_code == HTTPStatus.OK
    refused = world.client(world.official).get(f"/o/lakeside/{path}")
    assert refused.status_code == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("path", CLOSED_TO_ALL)
@pytest.mark.parametrize("method", ["get", "post"])
def test_all_other_pages_say_they_are_closed(world: World, path: str, method: str) -> None:
    world.at(CLOSED)

    response = getattr(world.client(world.administrator), method)(f"/o/lakeside/{path}")

    assert response.status_code == HTTPStatus.FORBIDDEN
    assert "Access to Lakeside Officials Association is closed" in text_of(response)
    assert "Renew now" in text_of(response)


def test_closed_page_names_who_can_renew(world: World) -> None:
    world.at(CLOSED)

    page = text_of(world.client(world.official).get("/o/lakeside/"))

    assert "These people can renew it: Ada Admin, Arlo Assignor" in page
    assert "Renew now" not in page


def test_renewal_reopens_everything(world: World) -> None:
    world.at(CLOSED)
    build_term(world.lakeside, licenses=30, starts_on=CLOSED.date())

    assert world.client(world.official).get("/o/lakeside/").status_code == HTTPStatus.OK
    members.add(world.assignor, NewMember("N", "n@lakeside.example", Role.OBSERVER))


def test_other_organizations_of_a_user_are_not_affected(world: World) -> None:
    harbor = world.stranger.organization
    build_term(harbor, licenses=10, starts_on=date(2032, 1, 1))
    MembershipFactory.create(organization=harbor, user=world.official.user)
    world.at(CLOSED)

    client = world.client(world.official)

    assert client.get("/o/harbor/").status_code == HTTPStatus.OK
    assert client.get("/").status_code == HTTPStatus.OK


def test_number_of_days_is_a_setting(world: World, settings: object) -> None:
    settings.CLOSE_AFTER_DAYS = 3  # type: ignore[attr-defined]
    world.at(local(date(2032, 1, 4)))

    response = world.client(world.official).get("/o/lakeside/")

    assert response.status_code == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize(
    ("day", "ago"), [(date(2032, 1, 1), "1 day ago"), (date(2032, 1, 4), "4 days ago")]
)
def test_subscription_tab_still_shows_the_last_term(world: World, day: date, ago: str) -> None:
    world.at(local(day))

    page = text_of(world.client(world.assignor).get("/o/lakeside/settings/subscription/"))

    assert "Package Association Price per license $5.00 for the whole term" in page
    assert "Started Wednesday, January 1, 2031" in page
    assert f"Expired Wednesday, December 31, 2031, 11:59 PM Eastern Time, {ago}" in page
    assert "Days remaining 0" in page


@pytest.mark.parametrize(("instant", "is_open"), [(CLOSED - SECOND, True), (CLOSED, False)])
def test_closed_users_list_only_offers_removal(
    world: World, instant: datetime, is_open: bool
) -> None:
    members.add(world.assignor, NewMember("Nora", "nora@lakeside.example", Role.OBSERVER))
    world.at(instant)

    page = world.client(world.assignor).get("/o/lakeside/users/").content.decode()

    assert ("Resend" in page) == is_open
    assert (f'href="/o/lakeside/users/{world.observer.key}/"' in page) == is_open
    assert f'href="/o/lakeside/users/{world.observer.key}/remove/"' in page
    assert "Olive Observer" in page


@pytest.mark.parametrize("canceled", [False, True])
def test_later_term_keeps_pages_open_unless_canceled(world: World, canceled: bool) -> None:
    """R30: a canceled term counts for no rule."""
    later = build_term(world.lakeside, licenses=30, starts_on=date(2032, 1, 1))
    if canceled:
        Term.objects.filter(pk=later.pk).update(canceled_at=EXPIRED)
    world.at(CLOSED)

    status = world.client(world.official).get("/o/lakeside/").status_code

    assert status == (HTTPStatus.FORBIDDEN if canceled else HTTPStatus.OK)
