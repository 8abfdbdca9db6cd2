"""Roster imports that compete for licenses (R5)."""

import pytest

from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import Activity, Membership, Notification, RosterImport, User
from subscriptions.policy.members import Role
from subscriptions.policy.refusal import Reason, Refused
from subscriptions.policy.roster_import import RowState
from subscriptions.roster_import import rosters
from tests.support.concurrency import concurrently
from tests.support.rosters import line, uploaded_roster
from tests.support.world import World, build_world

pytestmark = pytest.mark.usefixtures("committed_db")


def licenses_in_use(world: World) -> list[int]:
    numbers = world.lakeside.memberships.exclude(license_number=None)
    return sorted(number or 0 for number in numbers.values_list("license_number", flat=True))


def roster_of(author: Membership, numbers: range) -> RosterImport:
    return uploaded_roster(author, [line(number) for number in numbers])


@pytest.mark.parametrize("attempt", range(3))
def test_one_of_two_imports_succeeds_if_licenses_suffice_for_one(attempt: int) -> None:
    world = build_world(licenses=64)
    first = roster_of(world.assignor, range(1, 51))
    second = roster_of(world.administrator, range(51, 101))

    outcomes = concurrently(
        lambda: rosters.add_all(first, world.assignor),
        lambda: rosters.add_all(second, world.administrator),
    )

    [refused] = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert refused.refusal.reason == Reason.NO_LICENSE_FREE
    assert refused.refusal.facts["missing"] == 40
    assert 50 in outcomes
    assert licenses_in_use(world) == list(range(1, 55))
    assert User.objects.filter(email__endswith="@new.example").count() == 50
    assert Notification.objects.filter(kind="invitation").count() == 50
    assert Activity.objects.filter(verb="members_imported").count() == 1


@pytest.mark.parametrize("attempt", range(3))
def test_import_and_add_user_compete_for_the_last_license(attempt: int) -> None:
    world = build_world(licenses=25)
    roster = roster_of(world.assignor, range(1, 22))
    zoe = NewMember("Zoe", "zoe@new.example", Role.OBSERVER)

    outcomes = concurrently(
        lambda: rosters.add_all(roster, world.assignor),
        lambda: members.add(world.administrator, zoe),
    )

    [refused] = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert refused.refusal.reason == Reason.NO_LICENSE_FREE
    imported = 21 in outcomes
    assert licenses_in_use(world) == (list(range(1, 26)) if imported else list(range(1, 6)))
    assert User.objects.filter(
        email__startswith="person", email__endswith="@new.example"
    ).count() == (21 if imported else 0)


def test_double_click_adds_everyone_once(world: World) -> None:
    roster = roster_of(world.assignor, range(1, 11))

    outcomes = concurrently(*[lambda: rosters.add_all(roster, world.assignor)] * 4)

    assert outcomes == [10] * 4
    assert licenses_in_use(world) == list(range(1, 15))
    assert Notification.objects.filter(kind="invitation").count() == 10


@pytest.mark.parametrize("attempt", range(3))
def test_two_organizations_import_the_same_new_people(world: World, attempt: int) -> None:
    """R1: each person gets one account, whatever the order of the rows."""
    first = roster_of(world.assignor, range(1, 7))
    second = uploaded_roster(world.stranger, [line(number) for number in range(6, 0, -1)])

    outcomes = concurrently(
        lambda: rosters.add_all(first, world.assignor),
        lambda: rosters.add_all(second, world.stranger),
    )

    assert outcomes == [6, 6]
    people = User.objects.filter(email__startswith="person", email__endswith="@new.example")
    assert people.count() == 6
    assert all(person.memberships.count() == 2 for person in people)


def test_row_changed_during_the_import_is_added_or_left_out(world: World) -> None:
    roster = roster_of(world.assignor, range(1, 11))
    row = roster.rows.get(position=2)

    concurrently(
        lambda: rosters.add_all(roster, world.assignor),
        lambda: rosters.change(roster, {row.pk: rosters.Change(is_left_out=True)}),
    )

    checked = rosters.check(roster, world.assignor)
    is_member = world.lakeside.memberships.filter(user__email="person1@new.example").exists()
    state = checked.rows[0].result.state
    assert state == (RowState.ADDED if is_member else RowState.LEFT_OUT)
    assert checked.counts[RowState.ADDED] == (10 if is_member else 9)
