"""What each role may do, and to whom (R1-R4)."""

from datetime import UTC, datetime, timedelta

import pytest

from subscriptions.policy import members
from subscriptions.policy.members import Capability, Role
from subscriptions.policy.refusal import ALLOWED, Reason
from tests.support.checks import reason_of

pytestmark = pytest.mark.one_database

BUYERS = {Role.ASSIGNOR, Role.ADMINISTRATOR}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(
    "capability",
    [
        Capability.BUY_LICENSES,
        Capability.MANAGE_USERS,
        Capability.SEE_SUBSCRIPTION,
        Capability.SEE_PURCHASES,
    ],
)
def test_only_assignors_and_administrators_buy_and_manage(
    role: Role, capability: Capability
) -> None:
    assert members.can(role, capability) == (role in BUYERS)


@pytest.mark.parametrize("role", list(Role))
def test_all_roles_can_visit_but_only_administrators_edit_settings(role: Role) -> None:
    assert members.can(role, Capability.VISIT)
    assert members.can(role, Capability.EDIT_SETTINGS) == (role == Role.ADMINISTRATOR)


@pytest.mark.parametrize("role", list(Role))
def test_assignor_can_assign_all_roles_but_administrator(role: Role) -> None:
    expected = role != Role.ADMINISTRATOR

    assert (members.may_grant(Role.ASSIGNOR, role) == ALLOWED) == expected
    assert (members.may_change(Role.ASSIGNOR, role) == ALLOWED) == expected
    assert (role in members.grantable_roles(Role.ASSIGNOR)) == expected


@pytest.mark.parametrize("role", list(Role))
def test_administrator_can_assign_all_roles(role: Role) -> None:
    assert members.may_grant(Role.ADMINISTRATOR, role) == ALLOWED
    assert members.may_change(Role.ADMINISTRATOR, role) == ALLOWED


@pytest.mark.parametrize("role", [Role.GENERAL_MEMBER, Role.OBSERVER, Role.OBSERVER_WITH_FINANCE])
def test_other_roles_cannot_assign_roles(role: Role) -> None:
    for target in BUYERS:
        assert reason_of(members.may_grant(role, target)) == Reason.ABOVE_OWN_ROLE


@pytest.mark.parametrize(
    ("role", "others", "allowed"),
    [
        *[(Role.ADMINISTRATOR, 0, False), (Role.ADMINISTRATOR, 1, True)],
        *[(Role.ADMINISTRATOR, 2, True), (Role.ASSIGNOR, 0, True)],
    ],
)
def test_only_the_last_administrator_cannot_leave(role: Role, others: int, allowed: bool) -> None:
    decision = members.may_lose_role(role, signed_in_administrators_left=others)

    assert (decision == ALLOWED) == allowed


@pytest.mark.parametrize(
    ("after", "works"),
    [
        (timedelta(0), True),
        (timedelta(days=14) - timedelta(seconds=1), True),
        (timedelta(days=14), False),
        (timedelta(days=15), False),
    ],
)
def test_invitation_is_valid_for_fourteen_days(after: timedelta, works: bool) -> None:
    invited_at = datetime(2026, 3, 1, 12, tzinfo=UTC)

    assert members.is_invitation_valid(invited_at, invited_at + after) == works


def test_assignors_and_administrators_may_buy() -> None:
    assert members.roles_with(Capability.BUY_LICENSES) == [Role.ASSIGNOR, Role.ADMINISTRATOR]
