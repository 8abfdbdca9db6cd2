"""Concurrent requests compete for the last license (R3-R5)."""

from http import HTTPStatus

import pytest
from django.db import IntegrityError, connection

from subscriptions import clock
from subscriptions.licenses import license_numbers
from subscriptions.licenses.status import get_status
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import Membership, Organization, User
from subscriptions.models.members import Role
from subscriptions.policy.refusal import Reason, Refused
from tests.support.checks import refuses
from tests.support.concurrency import concurrently
from tests.support.factories import MembershipFactory
from tests.support.world import World, count_members

pytestmark = pytest.mark.usefixtures("committed_db")

EIGHT = range(8)


def newcomer(number: int) -> NewMember:
    return NewMember(f"Person {number}", f"person{number}@new.example", Role.GENERAL_MEMBER)


def licenses_in_use(world: World) -> list[int]:
    """Return the numbers of the licenses in use, sorted."""
    numbers = world.lakeside.memberships.exclude(license_number=None)
    return sorted(number or 0 for number in numbers.values_list("license_number", flat=True))


@pytest.mark.parametrize("free", [1, 3])
def test_users_are_added_until_no_license_is_free(world: World, free: int) -> None:
    """R5"""
    world.fill(25 - free)

    outcomes = concurrently(
        *(lambda n=n: members.add(world.administrator, newcomer(n)) for n in EIGHT)
    )

    added = [outcome for outcome in outcomes if isinstance(outcome, Membership)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert (len(added), len(refused)) == (free, 8 - free)
    assert {outcome.refusal.reason for outcome in refused} == {Reason.NO_LICENSE_FREE}
    assert licenses_in_use(world) == list(range(1, 26))
    assert User.objects.filter(email__endswith="@new.example").count() == free


def test_one_of_eight_form_submissions_succeeds(world: World) -> None:
    world.fill(24)
    clients = [world.client(world.administrator) for _ in EIGHT]

    def submit(number: int) -> int:
        new = newcomer(number)
        fields = {"name": new.name, "email": new.email, "role": new.role}
        response = clients[number].post("/o/lakeside/users/add/", fields)
        return response.status_code

    responses = concurrently(*(lambda n=n: submit(n) for n in EIGHT))

    assert sorted(responses, key=str) == [HTTPStatus.FOUND, *[HTTPStatus.CONFLICT] * 7]
    assert licenses_in_use(world) == list(range(1, 26))


def test_gap_is_filled_once(world: World) -> None:
    """The free license number is in the middle, because a user was just removed."""
    world.fill(25)
    members.remove(world.administrator, world.official)

    outcomes = concurrently(
        *(lambda n=n: members.add(world.administrator, newcomer(n)) for n in EIGHT)
    )

    assert sum(isinstance(outcome, Membership) for outcome in outcomes) == 1
    assert licenses_in_use(world) == list(range(1, 26))


def test_unique_index_holds_without_the_lock(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prove that the other tests do race, and that the database is a second defense."""

    def get_without_lock(organization: Organization) -> Organization:
        return Organization.objects.get(pk=organization.pk)

    monkeypatch.setattr(members, "lock_organization", get_without_lock)
    world.fill(24)

    outcomes = concurrently(
        *(lambda n=n: members.add(world.administrator, newcomer(n)) for n in EIGHT)
    )

    assert sum(isinstance(outcome, Membership) for outcome in outcomes) == 1
    assert all(isinstance(o, (Membership, Refused, IntegrityError)) for o in outcomes)
    assert licenses_in_use(world) == list(range(1, 26))
    if connection.vendor == "postgresql":
        # SQLite allows one write transaction at a time, so requests never race there.
        errors = [str(o) for o in outcomes if isinstance(o, IntegrityError)]
        assert errors
        assert all("membership_license_is_held_once" in text for text in errors)


def test_outdated_count_adds_no_user_above_the_limit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if there were no lock: the last license is taken after the licenses were counted."""
    world.fill(24)
    counted = get_status(world.lakeside, clock.now())
    members.add(world.administrator, newcomer(1))
    monkeypatch.setattr(license_numbers, "get_status", lambda organization, now: counted)

    with refuses(Reason.NO_LICENSE_FREE):
        members.add(world.administrator, newcomer(2))
    assert licenses_in_use(world) == list(range(1, 26))


def test_same_person_is_added_once(world: World) -> None:
    outcomes = concurrently(*(lambda: members.add(world.administrator, newcomer(1)) for _ in EIGHT))

    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert len(refused) == 7
    assert {outcome.refusal.reason for outcome in refused} == {Reason.ALREADY_A_MEMBER}
    assert len(licenses_in_use(world)) == 5


@pytest.mark.parametrize("attempt", range(3))
def test_two_organizations_add_the_same_new_person(world: World, attempt: int) -> None:
    """R1: one account, a membership in each organization."""
    outcomes = concurrently(
        lambda: members.add(world.administrator, newcomer(1)),
        lambda: members.add(world.stranger, newcomer(1)),
    )

    assert all(isinstance(outcome, Membership) for outcome in outcomes)
    person = User.objects.get(email="person1@new.example")
    assert {m.organization.slug for m in person.memberships.all()} == {"lakeside", "harbor"}


@pytest.mark.parametrize("attempt", range(3))
def test_two_administrators_demote_each_other_and_one_remains(world: World, attempt: int) -> None:
    """R3"""
    ada, other = world.administrator, second_administrator(world)

    outcomes = concurrently(
        lambda: members.change_role(ada, other, Role.OBSERVER),
        lambda: members.change_role(other, ada, Role.OBSERVER),
    )

    [refused] = [outcome for outcome in outcomes if outcome is not None]
    assert isinstance(refused, Refused)
    # The second one is no longer an Administrator by then.
    assert refused.refusal.reason == Reason.ABOVE_OWN_ROLE
    assert world.lakeside.memberships.filter(role=Role.ADMINISTRATOR).count() == 1


def test_two_administrators_remove_each_other_and_one_remains(world: World) -> None:
    """R3"""
    ada, other = world.administrator, second_administrator(world)

    outcomes = concurrently(lambda: members.remove(ada, other), lambda: members.remove(other, ada))

    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 1
    remaining = world.lakeside.memberships.filter(role=Role.ADMINISTRATOR, state="active")
    assert remaining.count() == 1


def second_administrator(world: World) -> Membership:
    member: Membership = MembershipFactory.create(
        organization=world.lakeside, role=Role.ADMINISTRATOR
    )
    return member


@pytest.mark.parametrize("attempt", range(2))
def test_users_are_added_and_removed_concurrently(world: World, attempt: int) -> None:
    """R4, R5"""
    new = [newcomer(n) for n in range(8)]

    concurrently(
        *(lambda n=n: members.add(world.administrator, new[n]) for n in range(8)),
        lambda: members.remove(world.administrator, world.official),
        lambda: members.remove(world.administrator, world.observer),
    )

    assert count_members(world.lakeside) == 10
