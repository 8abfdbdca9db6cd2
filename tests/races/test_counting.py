"""The number of members while people are added and removed at once (R4, R5)."""

import pytest

from subscriptions.licenses.status import members_of
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models.members import Role
from tests.support.concurrency import at_once
from tests.support.world import World

EIGHT = range(8)


@pytest.mark.parametrize("turn", range(2))
def test_adding_and_removing_at_once(committed_db: str, world: World, turn: int) -> None:
    """R4, R5"""
    new = [NewMember(f"N {n}", f"n{n}@new.example", Role.GENERAL_MEMBER) for n in EIGHT]

    at_once(
        *(lambda n=n: members.add(world.administrator, new[n]) for n in EIGHT),
        lambda: members.remove(world.administrator, world.official),
        lambda: members.remove(world.administrator, world.observer),
    )

    assert members_of(world.lakeside) == 10
