"""What the activity says about members, and how long half-filled forms are kept (R3-R5, R8)."""

from collections.abc import Callable
from typing import Any

import pytest

from subscriptions.members import drafts, inactive, join_requests, members
from subscriptions.members.join_requests import JoinApplicant
from subscriptions.members.members import NewMember
from subscriptions.models import Activity, JoinRequest, MemberDraft, User
from subscriptions.models.members import Role
from tests.support.checks import fresh
from tests.support.world import World, build_world

NORA = NewMember("Nora New", "nora@lakeside.example", Role.OBSERVER)


def recorded(world: World, verb: str) -> tuple[User | None, Any]:
    """Return author and facts of Lakeside's only activity with this verb."""
    activity = Activity.objects.get(organization=world.lakeside, verb=verb)
    return activity.actor, activity.data


def add(world: World) -> None:
    members.add(world.assignor, NORA)


def invite_again(world: World) -> None:
    members.reinvite(world.assignor, members.add(world.administrator, NORA))


@pytest.mark.parametrize(
    ("verb", "act"),
    [("member_added", add), ("member_reinvited", invite_again)],
    ids=["added", "reinvited"],
)
def test_invitation_is_recorded(world: World, verb: str, act: Callable[[World], None]) -> None:
    act(world)

    added = world.lakeside.memberships.get(user__email=NORA.email)
    facts = {"member": str(added.key), "name": "Nora New", "role": "observer", "license": 5}
    assert recorded(world, verb) == (world.assignor.user, facts)


def test_person_who_joins_is_the_author(world: World) -> None:
    added = members.add(world.assignor, NORA)

    members.join(added)

    facts = {"member": str(added.key), "name": "Nora New", "role": "observer", "license": 5}
    assert recorded(world, "member_joined") == (added.user, facts)


def test_removal_and_restoring_are_recorded(world: World) -> None:
    official = {
        "member": str(world.official.key),
        "name": "Otto Official",
        "role": "general_member",
    }

    assert members.remove(world.assignor, world.official) == 4
    inactive.restore(world.administrator, fresh(world.official))

    removed = (world.assignor.user, official | {"license": 4})
    assert recorded(world, "member_removed") == removed
    assert recorded(world, "member_restored") == (world.administrator.user, official)


def test_new_role_is_recorded(world: World) -> None:
    members.change_role(world.assignor, world.official, Role.ASSIGNOR)

    actor, facts = recorded(world, "role_changed")
    assert (actor, facts["name"]) == (world.assignor.user, "Otto Official")
    assert (facts["role_before"], facts["role"]) == ("general_member", "assignor")


@pytest.mark.parametrize("verb", ["join_approved", "join_denied"])
def test_answer_to_a_join_request_is_recorded(world: World, verb: str) -> None:
    join_requests.ask(world.lakeside, JoinApplicant("Nina New", "nina@new.example"))
    request = JoinRequest.objects.get()
    answer = join_requests.approve if verb == "join_approved" else join_requests.deny

    assert answer(world.assignor, request)

    facts = {"name": "Nina New", "email": "nina@new.example"}
    assert recorded(world, verb) == (world.assignor.user, facts)


class TestImport:
    def test_everyone_is_named(self, world: World) -> None:
        members.add_all(
            world.assignor, [NORA, NewMember("Max", "MAX@lakeside.example", Role.ASSIGNOR)]
        )

        people = [
            "Nora New (nora@lakeside.example, observer)",
            "Max (max@lakeside.example, assignor)",
        ]
        facts = {"quantity": 2, "people": people}
        assert recorded(world, "members_imported") == (world.assignor.user, facts)

    def test_at_most_200_people_are_named(self, db: None) -> None:
        world = build_world(licenses=300)
        everyone = [NewMember(f"N {n}", f"n{n}@new.example", Role.OBSERVER) for n in range(201)]

        members.add_all(world.assignor, everyone)

        _actor, facts = recorded(world, "members_imported")
        assert (facts["quantity"], len(facts["people"])) == (201, 200)


class TestDrafts:
    def test_draft_keeps_what_was_typed_for_its_author(self, world: World) -> None:
        typed = {"name": "Nora", "email": "not yet", "role": "observer"}

        draft = drafts.save(world.assignor, typed)

        found = drafts.find(world.assignor, str(draft.pk))
        assert found is not None
        assert found.data == typed
        assert drafts.find(world.administrator, str(draft.pk)) is None

    def test_abandoned_draft_is_deleted_after_seven_days(self, world: World) -> None:
        for _ in range(2):
            drafts.save(world.assignor, {})

        world.later(days=7)
        assert drafts.drop_old() == 0
        world.later(seconds=1)
        assert drafts.drop_old() == 2
        assert not MemberDraft.objects.exists()
