"""When a user was last seen: joining or the last sign-in, whichever is later (R4)."""

from datetime import datetime

from subscriptions import clock
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import Membership
from subscriptions.models.members import Role
from tests.support.world import World


def last_seen(membership: Membership) -> datetime | None:
    membership.refresh_from_db()
    return membership.last_seen_at


def test_sign_in_updates_last_seen(world: World) -> None:
    world.later(days=3)

    world.client(world.official)

    assert last_seen(world.official) == clock.now()


def test_sign_in_does_not_affect_other_users(world: World) -> None:
    before = last_seen(world.observer)
    world.later(days=3)

    world.client(world.official)

    assert last_seen(world.observer) == before


def test_joining_updates_last_seen(world: World) -> None:
    added = invited(world)
    world.later(days=2)

    members.join(added)

    assert last_seen(added) == clock.now()


def test_invited_person_has_not_been_seen(world: World) -> None:
    added = invited(world)

    # Sign in with an existing account.
    world.client(added)

    assert last_seen(added) is None


def test_new_invitation_after_removal_clears_last_seen(world: World) -> None:
    members.remove(world.administrator, world.official)

    members.add(
        world.administrator,
        NewMember("Otto Official", world.official.user.email, Role.GENERAL_MEMBER),
    )

    assert last_seen(world.official) is None


def invited(world: World) -> Membership:
    return members.add(world.administrator, NewMember("N 1", "n1@new.example", Role.GENERAL_MEMBER))
