"""Realistic rows: families, reversed names, hidden and inactive people (R8)."""

from typing import Any

import pytest

from subscriptions.policy import roster_import
from subscriptions.policy.members import Role
from subscriptions.policy.refusal import Reason, Refusal
from subscriptions.policy.roster_import import RowState
from tests.policy.test_roster_import import MEMBER, checked, row

pytestmark = pytest.mark.one_database


class TestRows:
    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("Official, Otto", Reason.ALREADY_A_MEMBER),
            ("Otto A. Official", Reason.ALREADY_A_MEMBER),
            ("", Reason.ALREADY_A_MEMBER),
            ("Olga Official", Reason.MEMBER_SHARES_EMAIL),
        ],
    )
    def test_address_of_a_user_can_belong_to_another_person(
        self, name: str, reason: Reason
    ) -> None:
        [result] = checked(row(name=name), nora=MEMBER)

        assert result.reason == Refusal(reason, {"name": "Otto Official"})

    @pytest.mark.parametrize(
        ("email", "reason"),
        [
            ("nora@new.example, nils@new.example", Reason.EMAIL_SEVERAL),
            ('=b2&"@new.example"', Reason.EMAIL_IS_A_FORMULA),
            ("nora at new", Reason.EMAIL_NOT_AN_ADDRESS),
        ],
    )
    def test_row_needs_exactly_one_address(self, email: str, reason: Reason) -> None:
        [result] = checked(row(email=email, has_valid_email=False))

        assert result.reason == Refusal(reason)

    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("Lee, Ann", "Ann Lee"),
            ("Lee,Ann M.", "Ann M. Lee"),
            ("van der Berg, Ann", "Ann van der Berg"),
            ("Lee Jr., Sam", "Sam Lee Jr."),
            ("Lee, Sam Jr.", "Sam Lee Jr."),
            ("Lee, Sam, III", "Sam Lee III"),
            ("Lee,", "Lee"),
            (" ,Lee, Max, ", "Max Lee"),
            ("Xi Lex,", "Xi Lex"),
            ("Xi, Lex", "Lex Xi"),
            ("Lee, Sam Kim Jr", "Sam Kim Lee Jr"),
            # It is not clear that the family name comes first.
            ("Lee, Jr", "Lee, Jr"),
            ("Sam Lee, Jr.", "Sam Lee, Jr."),
            ("Ann Lee, MD", "Ann Lee, MD"),
            ("Lee, Ann, Bea", "Lee, Ann, Bea"),
            ("Ann Lee", "Ann Lee"),
            ("", ""),
        ],
    )
    def test_family_name_first_is_reversed(self, text: str, name: str) -> None:
        assert roster_import.reorder_name(text) == name

    @pytest.mark.parametrize(
        ("fields", "choices", "reason"),
        [
            ({"is_hidden": True}, {}, Reason.ROW_HIDDEN),
            ({"is_hidden": True}, {"includes_inactive": True}, Reason.ROW_HIDDEN),
            ({"is_hidden": True}, {"includes_hidden": True}, None),
            ({"status": "Active: no"}, {}, Reason.ROW_INACTIVE),
            ({"status": "Active: no"}, {"includes_hidden": True}, Reason.ROW_INACTIVE),
            ({"status": "Active: no"}, {"includes_inactive": True}, None),
            ({"is_hidden": True, "status": "x"}, {"includes_hidden": True}, Reason.ROW_INACTIVE),
            ({"is_hidden": True, "status": "x", "is_left_out": False}, {}, None),
        ],
    )
    def test_hidden_and_inactive_people_are_added_only_on_request(
        self, fields: dict[str, Any], choices: dict[str, bool], reason: Reason | None
    ) -> None:
        """R8"""
        [result] = roster_import.check(
            [row(**fields)],
            known={},
            roles={"": Role.GENERAL_MEMBER},
            actor_role=Role.ASSIGNOR,
            **choices,
        )

        assert result.state == (RowState.LEFT_OUT if reason else RowState.INVITED)
        assert (result.reason.reason if result.reason else None) == reason


def test_skipped_row_shows_why() -> None:
    hidden, inactive = row(is_hidden=True), row(status="Active: no")

    assert roster_import.why_left_out(hidden) == Refusal(Reason.ROW_HIDDEN)
    assert roster_import.why_left_out(inactive) == Refusal(
        Reason.ROW_INACTIVE, {"status": "Active: no"}
    )
