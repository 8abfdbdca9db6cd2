"""Support resends invitations (R4)."""

from http import HTTPStatus

import pytest

from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import Activity, Membership, Notification
from subscriptions.models.members import Role
from tests.admin.client import Admin, hidden, logged
from tests.support.checks import fresh
from tests.support.pages import text_of
from tests.support.world import World


@pytest.fixture
def invited(world: World) -> Membership:
    new = NewMember("Nora New", "nora@lakeside.example", Role.ADMINISTRATOR)
    return members.add(world.administrator, new)


def test_both_pages_link_to_resending(world: World, support: Admin, invited: Membership) -> None:
    path = f"/admin/subscriptions/membership/{invited.pk}/resend/"

    for row in (world.lakeside, invited):
        assert path in support.open(row).content.decode()


def test_resending_sends_a_new_link_and_expires_the_old(
    support: Admin, invited: Membership
) -> None:
    page = support.perform(invited, "resend")

    invited.refresh_from_db()
    assert invited.invitation_number == 2
    assert "on its way to nora@lakeside.example" in text_of(page)
    assert Notification.objects.filter(kind="invitation", recipient=invited.user.email).count() == 2


def test_mail_names_the_organization_but_not_the_support_agent(
    support: Admin, invited: Membership
) -> None:
    support.perform(invited, "resend")

    notification = Notification.objects.filter(kind="invitation").latest("pk")
    assert notification.data["invited_by"] == "Lakeside Officials Association"
    assert "Sunny" not in str(notification.data)


def test_resending_is_logged_with_its_author(
    world: World, support: Admin, invited: Membership
) -> None:
    support.perform(invited, "resend")

    activity = Activity.objects.get(verb="member_reinvited")
    assert (activity.actor, activity.organization) == (world.support, world.lakeside)
    for row in (invited, world.lakeside):
        [entry] = logged(row)
        assert "invitation 1 → 2" in entry.change_message


def test_double_click_sends_one_invitation(support: Admin, invited: Membership) -> None:
    page = support.open(invited, "resend")

    responses = [support.submit(page) for _ in range(2)]

    assert [response.status_code for response in responses] == [HTTPStatus.FOUND] * 2
    assert fresh(invited).invitation_number == 2


def test_expired_invitation_can_be_resent(
    world: World, support: Admin, invited: Membership
) -> None:
    world.later(days=40)
    assert "(link expired)" in text_of(support.open(world.lakeside))

    support.perform(invited, "resend")

    assert fresh(invited).invitation_number == 2


def test_joined_member_cannot_be_invited_again(world: World, support: Admin) -> None:
    page = support.open(world.official, "resend")
    posted = support.client.post(page.request["PATH_INFO"], {"number": "1"})

    for response in (page, posted):
        assert response.status_code == HTTPStatus.CONFLICT
        assert "has already joined" in text_of(response)


@pytest.mark.parametrize(
    ("removed", "error"),
    [(True, "is no longer a user"), (False, "has already joined")],
    ids=["removed", "joined"],
)
def test_member_removed_or_joined_in_the_meantime_is_not_invited(
    world: World, support: Admin, invited: Membership, removed: bool, error: str
) -> None:
    page = support.open(invited, "resend")
    if removed:
        members.remove(world.administrator, invited)
    else:
        members.join(invited)

    response = support.submit(page)

    assert response.status_code == HTTPStatus.CONFLICT
    assert error in text_of(response)


def test_missing_permission_returns_403(world: World, support: Admin, invited: Membership) -> None:
    page = support.open(invited, "resend")
    world.support.groups.clear()

    assert support.open(invited, "resend").status_code == HTTPStatus.FORBIDDEN
    response = support.client.post(page.request["PATH_INFO"], hidden(page))
    assert response.status_code == HTTPStatus.FORBIDDEN
    assert fresh(invited).invitation_number == 1
