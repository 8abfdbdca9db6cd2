"""What the e-mails about members say, and about which organization they are (R3-R5)."""

import pytest
from post_office.models import Email

from subscriptions.members import inactive, join_requests, members
from subscriptions.members.join_requests import JoinApplicant
from subscriptions.members.members import NewMember
from subscriptions.models import JoinRequest, Membership, Notification
from subscriptions.models.members import Role
from subscriptions.notifications import notify
from subscriptions.text import links
from tests.support.checks import fresh
from tests.support.world import World

NORA = NewMember("Nora New", "nora@lakeside.example", Role.OBSERVER)
LAKESIDE = "Lakeside Officials Association"


def emails(kind: str) -> list[Email]:
    """Send what is waiting, all of this kind and about Lakeside; return the e-mails."""
    sent = [(one.kind, str(one.organization)) for one in Notification.objects.all()]
    assert set(sent) == {(kind, LAKESIDE)}
    notify.deliver_waiting()
    return list(Email.objects.order_by("pk"))


@pytest.mark.parametrize("imported", [False, True], ids=["one", "many"])
def test_invitation_says_who_invites_to_what(world: World, imported: bool) -> None:
    if imported:
        [invited] = members.add_all(world.assignor, [NORA])
    else:
        invited = members.add(world.assignor, NORA)

    [email] = emails("invitation")
    assert email.to == ["nora@lakeside.example"]
    assert email.subject == f"Arlo Assignor invited you to join {LAKESIDE}"
    assert email.message.startswith(
        "Hello Nora New,\n\n"
        f"Arlo Assignor has invited you to join {LAKESIDE}. Your role is Observer.\n\n"
        "Open this link to join. The link expires in 14 days and can be used only once:\n\n"
        f"{links.invitation_link(fresh(invited))}\n\n"
    )


def test_each_new_invitation_is_mailed(world: World) -> None:
    invited = members.add(world.assignor, NORA)

    for _ in range(2):
        members.reinvite(world.administrator, invited)

    subjects = [email.subject for email in emails("invitation")]
    assert subjects == [
        f"Arlo Assignor invited you to join {LAKESIDE}",
        f"Ada Admin invited you to join {LAKESIDE}",
        f"Ada Admin invited you to join {LAKESIDE}",
    ]


def test_restored_member_learns_it_each_time(world: World) -> None:
    for _ in range(2):
        members.remove(world.assignor, world.official)
        inactive.restore(world.assignor, fresh(world.official))
        world.later(seconds=1)

    first, second = emails("member_restored")
    assert first.to == second.to == ["official@lakeside.example"]
    assert first.subject == f"Your access to {LAKESIDE} has been restored"
    assert first.message.startswith(
        "Hello Otto Official,\n\n"
        f"Your access to {LAKESIDE} has been restored. Sign in with your existing account:\n\n"
        "http://localhost\n"
    )


class TestJoinRequests:
    @pytest.fixture
    def join_request(self, world: World) -> JoinRequest:
        join_requests.ask(world.lakeside, JoinApplicant("Nina New", "nina@new.example"))
        return JoinRequest.objects.get()

    @pytest.mark.usefixtures("join_request")
    def test_approvers_learn_who_asked_and_where_to_answer(self, world: World) -> None:
        found = {email.to[0]: email for email in emails("join_requested")}

        assert set(found) == {"administrator@lakeside.example", "assignor@lakeside.example"}
        email = found["assignor@lakeside.example"]
        assert email.subject == f"Nina New asked to join {LAKESIDE}"
        assert email.message.startswith(
            "Hello Arlo Assignor,\n\n"
            f"Nina New (nina@new.example) asked to join {LAKESIDE}. You can approve or deny the "
            "request. A request does not use a license until it is approved.\n\n"
            "http://localhost/o/lakeside/users/requests/\n"
        )

    def test_denied_person_learns_by_whom(self, world: World, join_request: JoinRequest) -> None:
        Notification.objects.all().delete()

        join_requests.deny(world.assignor, join_request)

        [email] = emails("join_denied")
        assert email.to == ["nina@new.example"]
        assert email.subject == f"Your request to join {LAKESIDE}"
        assert email.message.startswith(
            f"Hello Nina New,\n\n{LAKESIDE} denied your request to join. If you think this is a "
            "mistake, contact the organization.\n\nhttp://localhost\n"
        )


def test_buyer_is_invited_by_the_organization(world: World) -> None:
    """To the first license, as Administrator (R4)."""
    Membership.objects.filter(organization=world.lakeside).delete()

    first = members.add_first_administrator(world.lakeside, "Mia", " Mia@Lakeside.example ")

    first = fresh(first)
    assert (first.role, first.license_number, first.state) == (Role.ADMINISTRATOR, 1, "invited")
    assert first.display_name == "Mia"
    [email] = emails("invitation")
    assert email.to == ["mia@lakeside.example"]
    assert email.subject == f"{LAKESIDE} invited you to join {LAKESIDE}"
    assert "Your role is Administrator." in email.message
