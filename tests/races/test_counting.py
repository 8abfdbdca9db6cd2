"""The number of members under concurrent writers, with and without the organization's lock."""

import pytest
from django.db import transaction

from subscriptions import clock
from subscriptions.counting import miscounts
from subscriptions.licenses.status import members_of
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import Membership, Organization
from subscriptions.models.members import Role
from tests.concurrency import at_once
from tests.factories import UserFactory
from tests.world import World

EIGHT = range(8)


def row(organization: Organization, number: int) -> Membership:
    return Membership(
        organization=organization,
        user=UserFactory.create(),
        role=Role.GENERAL_MEMBER,
        state="active",
        license_number=number,
        created_at=clock.now(),
    )


def test_writers_without_the_lock(committed_db: str, world: World) -> None:
    """Rows of two organizations in either order, a third of them rolled back."""
    both = [world.lakeside, world.stranger.organization]
    plans = [
        [row(one, 100 + number) for one in (both if number % 2 else both[::-1])] for number in EIGHT
    ]

    def write(number: int) -> None:
        with transaction.atomic():
            Membership.objects.bulk_create(plans[number])
            transaction.set_rollback(number % 3 == 0)

    assert at_once(*(lambda n=n: write(n) for n in EIGHT)) == [None] * 8

    assert [members_of(one) for one in both] == [4 + 5, 1 + 5]
    assert list(miscounts()) == []


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
    assert list(miscounts()) == []
