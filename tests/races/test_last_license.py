"""Several people compete for the last license at once (R3-R5)."""

from http import HTTPStatus

import pytest
from django.db import IntegrityError, connection

from subscriptions import clock
from subscriptions.licenses import license_numbers
from subscriptions.licenses.status import status_of
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import Membership, Organization, User
from subscriptions.models.members import Role
from subscriptions.policy.refusal import Reason, Refused
from tests.support.checks import refuses
from tests.support.concurrency import concurrently
from tests.support.factories import MembershipFactory
from tests.support.world import World, members_of

pytestmark = pytest.mark.usefixtures("committed_db")

EIGHT = range(8)


def newcomer(number: int) -> NewMember:
    return NewMember(f"Person {number}", f"person{number}@new.example", Role.GENERAL_MEMBER)


def seated(world: World) -> list[int]:
    """Return the numbers of the licenses in use, sorted."""
    numbers = world.lakeside.memberships.exclude(license_number=None)
    return sorted(number or 0 for number in numbers.values_list("license_number", flat=True))


@pytest.mark.parametrize("free", [1, 3])
def test_as_many_succeed_as_there_are_licenses(world: World, free: int) -> None:
    """R5"""
    world.fill(25 - free)

    outcomes = concurrently(
        *(lambda n=n: members.add(world.administrator, newcomer(n)) for n in EIGHT)
    )

    won = [outcome for outcome in outcomes if isinstance(outcome, Membership)]
    lost = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert (len(won), len(lost)) == (free, 8 - free)
    assert {refused.refusal.reason for refused in lost} == {Reason.NO_LICENSE_FREE}
    assert seated(world) == list(range(1, 26))
    assert User.objects.filter(email__endswith="@new.example").count() == free


def test_one_of_eight_browsers_succeeds(world: World) -> None:
    world.fill(24)
    clients = [world.client(world.administrator) for _ in EIGHT]

    def send(number: int) -> int:
        new = newcomer(number)
        fields = {"name": new.name, "email": new.email, "role": new.role}
        response = clients[number].post("/o/lakeside/users/add/", fields)
        return response.status_code

    responses = concurrently(*(lambda n=n: send(n) for n in EIGHT))

    assert sorted(responses, key=str) == [HTTPStatus.FOUND, *[HTTPStatus.CONFLICT] * 7]
    assert seated(world) == list(range(1, 26))


def test_gap_is_filled_once(world: World) -> None:
    """The last free license is in the middle, where a user was just removed."""
    world.fill(25)
    members.remove(world.administrator, world.official)

    outcomes = concurrently(
        *(lambda n=n: members.add(world.administrator, newcomer(n)) for n in EIGHT)
    )

    assert sum(isinstance(outcome, Membership) for outcome in outcomes) == 1
    assert seated(world) == list(range(1, 26))


def test_unique_index_holds_without_the_lock(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control test: the other tests race indeed, and there is a second defense."""

    def plain(organization: Organization) -> Organization:
        return Organization.objects.get(pk=organization.pk)

    monkeypatch.setattr(members, "lock_organization", plain)
    world.fill(24)

    outcomes = concurrently(
        *(lambda n=n: members.add(world.administrator, newcomer(n)) for n in EIGHT)
    )

    assert sum(isinstance(outcome, Membership) for outcome in outcomes) == 1
    assert all(isinstance(o, (Membership, Refused, IntegrityError)) for o in outcomes)
    assert seated(world) == list(range(1, 26))
    if connection.vendor == "postgresql":
        # SQLite allows one write transaction at a time, so the lock is never missing there.
        collided = [str(o) for o in outcomes if isinstance(o, IntegrityError)]
        assert collided
        assert all("membership_license_is_held_once" in text for text in collided)


def test_outdated_count_adds_no_one_above_the_limit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the lock, step by step: count, then someone else takes the last license."""
    world.fill(24)
    counted = status_of(world.lakeside, clock.now())
    members.add(world.administrator, newcomer(1))
    monkeypatch.setattr(license_numbers, "status_of", lambda organization, now: counted)

    with refuses(Reason.NO_LICENSE_FREE):
        members.add(world.administrator, newcomer(2))
    assert seated(world) == list(range(1, 26))


def test_same_person_is_added_once(world: World) -> None:
    outcomes = concurrently(*(lambda: members.add(world.administrator, newcomer(1)) for _ in EIGHT))

    lost = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert len(lost) == 7
    assert {refused.refusal.reason for refused in lost} == {Reason.ALREADY_A_MEMBER}
    assert len(seated(world)) == 5


@pytest.mark.parametrize("turn", range(3))
def test_two_organizations_add_the_same_new_person(world: World, turn: int) -> None:
    """R1: one account, a membership in each organization."""
    outcomes = concurrently(
        lambda: members.add(world.administrator, newcomer(1)),
        lambda: members.add(world.stranger, newcomer(1)),
    )

    assert all(isinstance(outcome, Membership) for outcome in outcomes)
    person = User.objects.get(email="person1@new.example")
    assert {m.organization.slug for m in person.memberships.all()} == {"lakeside", "harbor"}


@pytest.mark.parametrize("turn", range(3))
def test_two_administrators_demote_each_other_and_one_remains(world: World, turn: int) -> None:
    """R3"""
    ada, other = world.administrator, second_administrator(world)

    outcomes = concurrently(
        lambda: members.change_role(ada, other, Role.OBSERVER),
        lambda: members.change_role(other, ada, Role.OBSERVER),
    )

    [refused] = [outcome for outcome in outcomes if outcome is not None]
    assert isinstance(refused, Refused)
    # By then the slower one is no longer an Administrator.
    assert refused.refusal.reason == Reason.ABOVE_OWN_ROLE
    assert world.lakeside.memberships.filter(role=Role.ADMINISTRATOR).count() == 1


def test_two_administrators_remove_each_other_and_one_remains(world: World) -> None:
    """R3"""
    ada, other = world.administrator, second_administrator(world)

    outcomes = concurrently(lambda: members.remove(ada, other), lambda: members.remove(other, ada))

    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 1
    left = world.lakeside.memberships.filter(role=Role.ADMINISTRATOR, state="active")
    assert left.count() == 1


def second_administrator(world: World) -> Membership:
    built: Membership = MembershipFactory.create(
        organization=world.lakeside, role=Role.ADMINISTRATOR
    )
    return built


@pytest.mark.parametrize("turn", range(2))
def test_concurrent_adding_and_removing(world: World, turn: int) -> None:
    """R4, R5"""
    new = [newcomer(n) for n in range(8)]

    concurrently(
        *(lambda n=n: members.add(world.administrator, new[n]) for n in range(8)),
        lambda: members.remove(world.administrator, world.official),
        lambda: members.remove(world.administrator, world.observer),
    )

    assert members_of(world.lakeside) == 10
