"""How many licenses support may take off a renewal (R27)."""

import pytest

from subscriptions.policy.decisions import ALLOWED, Reason, Refusal
from subscriptions.policy.renewals import may_remove, most_removable

pytestmark = pytest.mark.one_database

# 25 licenses, 5 of them removed, 12 members.
COUNTS = {"licenses": 25, "removed": 5, "in_use": 12}


def test_what_is_neither_removed_nor_in_use_can_go() -> None:
    assert most_removable(**COUNTS) == 8
    assert most_removable(licenses=10, removed=0, in_use=12) == 0


@pytest.mark.parametrize("quantity", [1, 7, 8])
def test_down_to_the_members_in_use(quantity: int) -> None:
    assert may_remove(quantity, **COUNTS) == ALLOWED


@pytest.mark.parametrize(("quantity", "users"), [(9, 1), (13, 5), (20, 12)])
def test_below_them_it_says_how_many_users_go_first(quantity: int, users: int) -> None:
    decision = may_remove(quantity, **COUNTS)

    assert isinstance(decision, Refusal)
    assert decision.reason == Reason.REMOVAL_BELOW_MEMBERS
    assert (decision.facts["most"], decision.facts["users_to_remove"]) == (8, users)


def test_more_than_there_are_licenses_no_user_can_make_room_for() -> None:
    decision = may_remove(21, **COUNTS)

    assert isinstance(decision, Refusal)
    assert decision.facts["users_to_remove"] is None


@pytest.mark.parametrize("quantity", [0, -1, -5])
def test_none_or_less_is_refused(quantity: int) -> None:
    decision = may_remove(quantity, **COUNTS)

    assert isinstance(decision, Refusal)
    assert decision.reason == Reason.REMOVAL_TOO_FEW
