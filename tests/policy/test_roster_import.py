"""The result on each row of a roster, and the licenses needed (R3-R5, R10)."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.policy import roster_import
from subscriptions.policy.licenses import LaterTerm, LicenseCount, count_licenses, may_take
from subscriptions.policy.members import Role
from subscriptions.policy.refusal import ALLOWED, Allowed, Money, Reason, Refusal
from subscriptions.policy.roster_import import KnownPerson, Need, Row, RowResult, RowState
from subscriptions.roster_import.words import Column, read_heading, read_role

pytestmark = pytest.mark.one_database

MEMBER = KnownPerson("Otto Official", Role.GENERAL_MEMBER, is_member=True)
FORMER_ADMINISTRATOR = KnownPerson("Ada Before", Role.ADMINISTRATOR, is_member=False)
RENEWAL_IS_OPEN = Refusal(Reason.RENEWAL_OPEN)
EXPIRED = Refusal(Reason.EXPIRED)


def row(position: int = 2, **fields: Any) -> Row:
    defaults: dict[str, Any] = {
        "name": "Nora New",
        "email": "nora@new.example",
        "has_valid_email": True,
        "role": "",
    }
    return Row(position, **(defaults | fields))


def checked(*rows: Row, actor: Role = Role.ASSIGNOR, **known: KnownPerson) -> list[RowResult]:
    """Return the results; ``known`` are users by the local part of their e-mail address."""
    return list(
        roster_import.check(
            rows,
            known={f"{name}@new.example": user for name, user in known.items()},
            roles={text: role for text in {r.role for r in rows} if (role := read_role(text))},
            actor_role=actor,
        )
    )


def state_of(*rows: Row, actor: Role = Role.ASSIGNOR, **known: KnownPerson) -> list[RowState]:
    return [result.state for result in checked(*rows, actor=actor, **known)]


class TestRows:
    def test_new_person_is_invited_as_a_general_member(self) -> None:
        assert checked(row()) == [RowResult(RowState.INVITED, Role.GENERAL_MEMBER)]

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"email": ""}, Reason.EMAIL_MISSING),
            ({"has_valid_email": False}, Reason.EMAIL_NOT_AN_ADDRESS),
            ({"email": "n" * 255}, Reason.EMAIL_TOO_LONG),
            ({"name": ""}, Reason.NAME_MISSING),
            ({"name": "n" * 121}, Reason.NAME_TOO_LONG),
            ({"role": "Chief"}, Reason.ROLE_NOT_KNOWN),
            ({"role": "Administrator"}, Reason.ROLE_ABOVE_OWN),
        ],
    )
    def test_invalid_rows_have_a_reason(self, fields: dict[str, Any], reason: Reason) -> None:
        [result] = checked(row(**fields))

        assert result.state == RowState.INVALID
        assert result.reason is not None
        assert result.reason.reason == reason

    def test_administrator_may_assign_every_role(self) -> None:
        rows = [row(n, email=f"{n}@new.example", role=role) for n, role in enumerate(Role)]

        assert set(state_of(*rows, actor=Role.ADMINISTRATOR)) == {RowState.INVITED}

    @pytest.mark.parametrize(
        "fields", [{}, {"role": "Administrator"}, {"role": "Chief"}, {"name": ""}]
    )
    def test_row_of_an_existing_user_changes_nothing(self, fields: dict[str, Any]) -> None:
        [result] = checked(row(**fields), nora=MEMBER)

        assert result.state == RowState.MEMBER
        assert result.role == Role.GENERAL_MEMBER
        assert result.reason is not None
        assert result.reason.facts == {"name": "Otto Official"}

    def test_only_administrators_restore_a_removed_administrator(self) -> None:
        assert state_of(row(), nora=FORMER_ADMINISTRATOR) == [RowState.INVALID]
        assert state_of(row(), actor=Role.ADMINISTRATOR, nora=FORMER_ADMINISTRATOR) == [
            RowState.INVITED
        ]

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("Nora New", Refusal(Reason.ROW_REPEATED, {"row": 2})),
            ("NEW Nora B.", Refusal(Reason.ROW_REPEATED, {"row": 2})),
            ("Nils New", Refusal(Reason.ROW_SHARES_EMAIL, {"row": 2, "name": "Nora New"})),
        ],
    )
    def test_repeated_address_names_the_first_row(self, name: str, reason: Refusal) -> None:
        """A family that shares an address is told why each member needs their own."""
        first, second = checked(row(2), row(7, email="Nora@New.example", name=name))

        assert first.state == RowState.INVITED
        assert second == RowResult(RowState.REPEATED, Role.GENERAL_MEMBER, reason)

    def test_addresses_with_different_letters_are_different_people(self) -> None:
        rows = [row(2, email="nora@straße.example"), row(3, email="nora@strasse.example")]

        assert state_of(*rows) == [RowState.INVITED, RowState.INVITED]

    @pytest.mark.parametrize("fields", [{"is_left_out": True}, {"name": ""}])
    def test_row_that_adds_no_one_does_not_make_others_duplicates(
        self, fields: dict[str, Any]
    ) -> None:
        assert state_of(row(2, **fields), row(3))[1] == RowState.INVITED

    def test_skipped_and_added_rows_keep_their_state(self) -> None:
        rows = [row(2, is_left_out=True, email=""), row(3, is_added=True, is_left_out=True)]

        assert state_of(*rows, nora=MEMBER) == [RowState.LEFT_OUT, RowState.ADDED]

    @pytest.mark.parametrize(
        "fields", [{}, {"is_left_out": True}, {"is_added": True}, {"name": ""}]
    )
    def test_every_row_has_its_role(self, fields: dict[str, Any]) -> None:
        [result] = checked(row(role="Observer", **fields))

        assert result.role == Role.OBSERVER

    def test_rows_are_counted_by_state(self) -> None:
        counts = roster_import.count_by_state(checked(row(2), row(3), row(4, name="")))

        assert set(counts) == set(RowState)
        assert counts[RowState.INVITED] == counts[RowState.INVALID] + counts[RowState.REPEATED] - 1
        assert sum(counts.values()) == 3


def need(
    new: int,
    count: LicenseCount,
    may_add: Allowed | Refusal = ALLOWED,
    unit: int = 500,
    currency: str = "usd",
) -> Need:
    return roster_import.compute_need(
        new,
        count,
        may_take=may_take(count, new),
        may_add_licenses=may_add,
        unit_amount=unit,
        currency=currency,
    )


def held(number: int, in_use: int, **limits: Any) -> LicenseCount:
    return count_licenses(held=number, in_use=in_use, **limits)


class TestNeed:
    def test_enough_licenses_are_free(self) -> None:
        result = need(4, held(25, 21))

        assert result.can_be_added
        assert (result.new, result.free, result.missing) == (4, 4, 0)

    def test_missing_licenses_are_offered_in_groups(self) -> None:
        """23 new users, 4 licenses available: buy 20 more (4 groups of 5, $100.00)."""
        result = need(23, held(25, 21))

        assert result.offer is not None
        assert not result.can_be_added
        assert (result.missing, result.offer.quantity, result.offer.groups) == (19, 20, 4)
        assert result.offer.total == 10_000

    def test_offer_includes_its_price(self) -> None:
        result = need(12, held(25, 20), currency="cad")

        assert result == Need(12, 5, (), roster_import.Offer(10, 500, "cad"))

    def test_roster_without_new_people_adds_no_one(self) -> None:
        assert not need(0, held(25, 21)).can_be_added

    @given(
        st.integers(1, 5_000), st.integers(0, 6_000), st.integers(0, 6_000), st.integers(1, 5_000)
    )
    def test_offer_is_the_smallest_sufficient_number_of_groups(
        self, new: int, licenses: int, in_use: int, unit: int
    ) -> None:
        offer = need(new, held(licenses, in_use), unit=unit).offer
        free = max(0, licenses - in_use)

        if offer is None:
            assert free >= new
        else:
            assert offer.quantity % 5 == 0
            assert free + offer.quantity - 5 < new <= free + offer.quantity
            assert offer.total == offer.quantity * unit

    def test_add_ons_are_offered_if_the_next_term_is_the_limit(self) -> None:
        """Add-ons bought after a renewal are for the next term but usable immediately (R21)."""
        result = need(3, held(25, 5, later_terms=[LaterTerm(date(2032, 1, 1), 5)]))

        assert result.offer is not None
        assert result.offer.quantity == 5

    def test_nothing_is_sold_while_renewal_is_open(self) -> None:
        result = need(23, held(25, 21), RENEWAL_IS_OPEN)

        assert (result.new, result.free, result.missing, result.offer) == (23, 4, 19, None)
        assert [refusal.reason for refusal in result.refusals] == [
            Reason.NO_LICENSE_FREE,
            Reason.RENEWAL_OPEN,
        ]
        assert result.refusals[1] == RENEWAL_IS_OPEN

    def test_free_licenses_can_be_used_while_renewal_is_open(self) -> None:
        assert need(4, held(25, 21), RENEWAL_IS_OPEN).can_be_added

    def test_expiration_is_named_once(self) -> None:
        count = held(0, 21)
        result = roster_import.compute_need(
            3, count, may_take=EXPIRED, may_add_licenses=EXPIRED, unit_amount=500, currency="usd"
        )

        assert result.refusals == (EXPIRED,)
        assert not result.can_be_added

    @pytest.mark.parametrize("may_add", [ALLOWED, RENEWAL_IS_OPEN])
    def test_smaller_renewal_being_paid_limits_the_import(self, may_add: Allowed | Refusal) -> None:
        result = need(4, held(25, 20, renewal_checkout_quantity=22), may_add)

        assert (result.new, result.free, result.limited_by_checkout) == (4, 2, True)
        assert result.offer is None
        assert result.refusals[0].reason == Reason.LIMITED_BY_RENEWAL_CHECKOUT

    def test_need_above_one_payment_names_the_maximum(self) -> None:
        """R10: 999,999.99 per payment."""
        result = need(5_000, held(25, 20), unit=50_000, currency="cad")

        assert (result.new, result.free) == (5_000, 5)
        assert result.offer == roster_import.Offer(1_995, 50_000, "cad")
        assert not result.can_be_added
        assert result.refusals[1:] == (
            Refusal(Reason.ABOVE_MAXIMUM, {"most": 1_995, "maximum": Money(99_999_999, "cad")}),
        )


class TestSpellings:
    @pytest.mark.parametrize(
        ("heading", "column"),
        [
            ("Name", Column.NAME),
            ("FULL NAME", Column.NAME),
            ("first name", Column.FIRST_NAME),
            ("First_Name", Column.FIRST_NAME),
            ("Last Name *", Column.LAST_NAME),
            ("E-mail", Column.EMAIL),
            ("e mail", Column.EMAIL),
            (" Email Address ", Column.EMAIL),
            ("mail", Column.EMAIL),
            ("Role", Column.ROLE),
            ("Correo electrónico", Column.EMAIL),
            ("Prénom", Column.FIRST_NAME),
            ("Vorname", Column.FIRST_NAME),
            ("Apellidos", Column.LAST_NAME),
            ("Rôle", None),
            ("Phone", None),
            ("", None),
        ],
    )
    def test_common_spellings_of_headings_are_recognized(
        self, heading: str, column: Column | None
    ) -> None:
        found = read_heading(heading)

        assert (found[0] if found else None) == (Column.ROLE if heading == "Rôle" else column)

    @pytest.mark.parametrize(
        ("text", "role"),
        [
            ("", Role.GENERAL_MEMBER),
            (" - ", Role.GENERAL_MEMBER),
            ("general member", Role.GENERAL_MEMBER),
            ("Official", Role.GENERAL_MEMBER),
            ("OBSERVER", Role.OBSERVER),
            ("Observer (Finance)", Role.OBSERVER_WITH_FINANCE),
            ("observer_with_finance", Role.OBSERVER_WITH_FINANCE),
            ("Assigner", Role.ASSIGNOR),
            ("admin", Role.ADMINISTRATOR),
            ("Chief", None),
        ],
    )
    def test_common_spellings_of_roles_are_recognized(self, text: str, role: Role | None) -> None:
        assert read_role(text) == role

    def test_names_become_single_lines(self) -> None:
        assert roster_import.one_line(" No\x00ra \r\n\t New\x7f ") == "Nora New"
