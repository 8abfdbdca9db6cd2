"""The number of members that the database keeps is the number there is, whoever writes (R4, R5)."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from subscriptions import clock
from subscriptions.counting import miscounts
from subscriptions.licenses.status import members_of
from subscriptions.members import dormant, members
from subscriptions.members.members import NewMember
from subscriptions.models import MemberCount, Membership, Organization, User
from subscriptions.models.members import HOLDS_LICENSE, Role
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.world import World

TABLE = "subscriptions_membership"


def rows(organization: Organization, number: int, state: str = "active") -> list[Membership]:
    taken = organization.memberships.count() + 100
    return [
        Membership(
            organization=organization,
            user=UserFactory.create(),
            role=Role.GENERAL_MEMBER,
            state=state,
            license_number=taken + index if state in HOLDS_LICENSE else None,
            created_at=clock.now(),
        )
        for index in range(number)
    ]


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def replaced(world: World) -> None:
    """SQLite's REPLACE deletes without saying so."""
    if connection.vendor == "sqlite":
        sql(f"REPLACE INTO {TABLE} SELECT * FROM {TABLE}")
    else:
        sql(f"INSERT INTO {TABLE} SELECT * FROM {TABLE} ON CONFLICT DO NOTHING")


def upserted(world: World) -> None:
    gone = rows(world.lakeside, 1)
    gone[0].user = world.official.user
    gone[0].state, gone[0].license_number = "removed", None
    Membership.objects.bulk_create(
        gone,
        update_conflicts=True,
        unique_fields=["organization", "user"],
        update_fields=["state", "license_number"],
    )


def rolled_back(world: World) -> None:
    with transaction.atomic():
        Membership.objects.bulk_create(rows(world.lakeside, 3))
        transaction.set_rollback(True)


def refused(world: World) -> None:
    twice = rows(world.lakeside, 2)
    twice[1].license_number = twice[0].license_number
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.bulk_create(twice)


def moved(world: World) -> None:
    """Nothing in the product does it; a hand in the database might."""
    Membership.objects.filter(pk=world.official.pk).update(
        organization=world.stranger.organization, license_number=77
    )


def newcomer(number: int = 1) -> NewMember:
    return NewMember(f"N {number}", f"n{number}@new.example", Role.GENERAL_MEMBER)


# What is done, and by how much it changes the number at Lakeside.
WAYS: list[tuple[Callable[[World], Any], int]] = [
    (lambda w: members.add(w.administrator, newcomer()), 1),
    (lambda w: members.add_all(w.administrator, [newcomer(n) for n in range(5)]), 5),
    (lambda w: members.remove(w.administrator, w.official), -1),
    (lambda w: dormant.remove_all(w.administrator, [w.official, w.observer]), -2),
    (lambda w: MembershipFactory.create(organization=w.lakeside), 1),
    (lambda w: Membership.objects.bulk_create(rows(w.lakeside, 7)), 7),
    (lambda w: Membership.objects.bulk_create(rows(w.lakeside, 2, "invited")), 2),
    (lambda w: Membership.objects.bulk_create(rows(w.lakeside, 3, "removed")), 0),
    (lambda w: w.lakeside.memberships.update(state="removed", license_number=None), -4),
    (lambda w: w.lakeside.memberships.update(state="invited"), 0),
    (lambda w: w.lakeside.memberships.update(role=Role.OBSERVER), 0),
    (lambda w: w.official.delete(), -1),
    (lambda w: w.lakeside.memberships.all().delete(), -4),
    (lambda w: w.lakeside.memberships.all()._raw_delete(using="default"), -4),
    (lambda w: sql(f"DELETE FROM {TABLE} WHERE id = %s", w.official.pk), -1),
    (lambda w: sql(f"UPDATE {TABLE} SET state='removed', license_number=NULL"), -4),
    (moved, -1),
    (replaced, 0),
    (upserted, -1),
    (rolled_back, 0),
    (refused, 0),
]


@pytest.mark.parametrize(("act", "change"), WAYS)
def test_no_way_of_writing_is_missed(
    world: World, act: Callable[[World], Any], change: int
) -> None:
    before = members_of(world.lakeside)

    act(world)

    assert members_of(world.lakeside) == before + change == len(holding(world.lakeside))
    assert list(miscounts()) == []


def holding(organization: Organization) -> list[Membership]:
    return list(organization.memberships.filter(state__in=HOLDS_LICENSE))


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 3)), max_size=12))
def test_any_order_of_changes(world: World, changes: list[tuple[int, int]]) -> None:
    """States and organizations of twelve rows, set by hand in any order."""
    sid = transaction.savepoint()
    home, away = world.lakeside, world.stranger.organization
    pks = [row.pk for row in Membership.objects.bulk_create(rows(home, 12, "removed"))]
    for index, what in changes:
        found = Membership.objects.filter(pk=pks[index])
        if what == 0:
            found.delete()
        elif what == 1:
            found.update(state="removed", license_number=None)
        else:
            where = home if what == 2 else away
            found.update(state="active", license_number=500 + index, organization=where)
    assert list(miscounts()) == []
    transaction.savepoint_rollback(sid)


def test_an_organization_begins_with_none_and_goes_with_its_number(world: World) -> None:
    organization = OrganizationFactory.create()
    assert members_of(organization) == 0

    key = organization.pk
    organization.delete()

    assert not MemberCount.objects.filter(pk=key).exists()


@pytest.mark.postgres
def test_emptying_the_table_is_counted(world: World) -> None:
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql(f"TRUNCATE {TABLE} CASCADE")

    assert list(miscounts()) == []


@pytest.mark.postgres
def test_a_bulk_write_is_one_update(world: World) -> None:
    many = rows(world.lakeside, 30)
    before = updates_of_the_number()

    Membership.objects.bulk_create(many)

    assert updates_of_the_number() == before + 1


def updates_of_the_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n_tup_upd FROM pg_stat_xact_user_tables WHERE relname = %s",
            ["subscriptions_membercount"],
        )
        [updates] = cursor.fetchone()
    return int(updates)


def test_a_difference_is_said_and_left_alone(world: World) -> None:
    MemberCount.objects.filter(organization=world.lakeside).update(holding=9)
    out = StringIO()

    with pytest.raises(SystemExit):
        call_command("daily", stdout=out)

    assert "lakeside: 4 members hold a license, 9 are noted" in out.getvalue()
    assert members_of(world.lakeside) == 9


class TestLastSeen:
    """Joining and signing in, the later of the two."""

    def seen(self, membership: Membership) -> Any:
        membership.refresh_from_db()
        return membership.last_seen_at

    def test_signing_in(self, world: World) -> None:
        world.later(days=3)
        User.objects.filter(pk=world.official.user.pk).update(last_login=clock.now())

        assert self.seen(world.official) == clock.now()

    def test_who_never_signed_in_was_seen_joining(self, world: World) -> None:
        User.objects.filter(pk=world.official.user.pk).update(last_login=None)

        assert self.seen(world.official) == world.official.joined_at

    def test_who_has_not_joined_was_not_seen(self, world: World) -> None:
        added = members.add(world.administrator, newcomer())

        assert self.seen(added) is None

    def test_writing_a_whole_row_back_changes_nothing(self, world: World) -> None:
        stale = Membership.objects.get(pk=world.official.pk)
        moment = clock.now() + timedelta(days=3)
        User.objects.filter(pk=world.official.user.pk).update(last_login=moment)

        stale.save()

        assert self.seen(world.official) == moment
