"""The license ledger: append-only entries, reversals and sums (R29)."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from subscriptions import clock
from subscriptions.licenses import ledger
from subscriptions.models import LicenseEntry, Term
from subscriptions.models.licenses import Cause
from tests.support.factories import TermFactory
from tests.support.world import TERM_END, World, build_term, local


def grant(world: World, quantity: int = 10, reference: str = "purchase:1", **more: object) -> None:
    ledger.grant_add_on(
        world.term, quantity, effective_at=clock.now(), reference=reference, actor=None
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE subscriptions_licenseentry SET quantity = quantity + 1",
        "UPDATE subscriptions_licenseentry SET note = 'changed'",
        "DELETE FROM subscriptions_licenseentry",
    ],
)
def test_entries_cannot_be_updated_or_deleted(world: World, statement: str) -> None:
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    assert world.held() == 25


@pytest.mark.sqlite
def test_entries_cannot_be_replaced(world: World) -> None:
    """SQLite skips the delete trigger unless configured (``settings.DATABASES``)."""
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "REPLACE INTO subscriptions_licenseentry SELECT * FROM subscriptions_licenseentry"
        )


def test_orm_cannot_change_entries(world: World) -> None:
    entry = LicenseEntry.objects.first()
    assert entry is not None
    entry.quantity = 1000

    with pytest.raises(DatabaseError), transaction.atomic():
        entry.save()
    with pytest.raises(DatabaseError), transaction.atomic():
        entry.delete()


@pytest.mark.postgres
def test_truncate_is_refused(world: World) -> None:
    with connection.cursor() as cursor:
        # Otherwise the rows inserted by this test would block TRUNCATE.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute("TRUNCATE subscriptions_licenseentry CASCADE")


def test_reference_cannot_be_used_twice(world: World) -> None:
    grant(world)

    with pytest.raises(IntegrityError), transaction.atomic():
        grant(world)

    assert world.held() == 35


@pytest.mark.parametrize("quantity", [0, -5, 1, 7])
def test_add_ons_come_in_groups_of_five(world: World, quantity: int) -> None:
    with pytest.raises(ValueError, match="groups of 5"):
        grant(world, quantity)


@pytest.mark.parametrize(
    ("quantity", "cause"), [(7, Cause.ADD_ON), (-5, Cause.ADD_ON), (0, Cause.INCLUDED)]
)
def test_database_rejects_invalid_entries(world: World, quantity: int, cause: Cause) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        LicenseEntry.objects.bulk_create(
            [
                LicenseEntry(
                    term=world.term,
                    quantity=quantity,
                    cause=cause,
                    effective_at=clock.now(),
                    reference="crafted",
                    created_at=clock.now(),
                )
            ]
        )


def test_licenses_count_from_the_instant_they_take_effect(world: World) -> None:
    now = clock.now()
    grant(world)

    assert ledger.held_at(world.lakeside, [now - timedelta(microseconds=1), now]) == [25, 35]


def test_licenses_count_until_the_midnight_after_the_last_day(world: World) -> None:
    last = local(TERM_END, 23, 59, 59)

    assert ledger.held_at(world.lakeside, [last, last + timedelta(seconds=1)]) == [25, 0]


def test_entries_record_their_actor_and_note(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    actor, now = world.support, clock.now()
    term = TermFactory.create(organization=world.lakeside, starts_on=date(2032, 1, 1))
    with caplog.at_level("INFO"):
        ledger.grant_included(term, 20, effective_at=now, reference="term:1", actor=actor)
        entry = ledger.grant_add_on(
            world.term, 10, effective_at=now, reference="purchase:1", actor=actor
        )
        assert ledger.reversed_quantity("purchase:1") == 0
        ledger.reverse(entry, 5, note="disputed", actor=actor)

    expected = [
        ("term:1", 20, "included", ""),
        ("purchase:1", 10, "add_on", ""),
        ("purchase:1:reversal:1", -5, "reversal", "disputed"),
    ]
    entries = LicenseEntry.objects.filter(actor=actor).order_by("pk")
    assert [*entries.values_list("reference", "quantity", "cause", "note")] == expected
    logged = [(row.reference, row.quantity, row.cause) for row in entry_logs(caplog)]
    assert logged == [row[:3] for row in expected]
    assert ledger.reversed_quantity("purchase:1") == 5


def entry_logs(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [record for record in caplog.records if record.getMessage() == "license entry"]


@pytest.mark.parametrize("number", [-1, 11])
def test_out_of_range_reversal_is_refused(world: World, number: int) -> None:
    entry = ledger.grant_add_on(
        world.term, 10, effective_at=clock.now(), reference="purchase:1", actor=None
    )

    with pytest.raises(ValueError, match=f"{number} of 10 licenses cannot be reversed"):
        ledger.reverse(entry, number, note="", actor=None)


def test_add_on_of_the_next_term_counts_now_and_in_that_term(world: World) -> None:
    """R21: an add-on bought after renewal belongs to the next term, effective immediately."""
    next_term = build_term(world.lakeside, licenses=30, starts_on=date(2032, 1, 1))
    ledger.grant_add_on(
        next_term, 5, effective_at=clock.now(), reference="purchase:next", actor=None
    )

    held = ledger.held_at(
        world.lakeside,
        [
            clock.now(),
            local(date(2031, 12, 31), 23),
            local(date(2032, 1, 1)),
            local(date(2033, 1, 1)),
        ],
    )

    assert held == [30, 30, 35, 0]


def test_canceled_term_counts_until_its_cancellation(world: World) -> None:
    canceled_at = clock.now()
    Term.objects.filter(pk=world.term.pk).update(canceled_at=canceled_at)

    held = ledger.held_at(world.lakeside, [canceled_at - timedelta(seconds=1), canceled_at])

    assert held == [25, 0]


def test_other_organizations_do_not_count(world: World) -> None:
    assert ledger.held_at(world.stranger.organization, [clock.now()]) == [10]


@pytest.mark.postgres
@pytest.mark.parametrize("starts_on", [date(2031, 12, 31), date(2030, 1, 2), date(2031, 6, 1)])
def test_terms_never_overlap(world: World, starts_on: date) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        TermFactory.create(organization=world.lakeside, starts_on=starts_on)


def test_terms_may_be_adjacent(world: World) -> None:
    TermFactory.create(organization=world.lakeside, starts_on=date(2032, 1, 1))
    TermFactory.create(organization=world.lakeside, starts_on=date(2030, 1, 1))
