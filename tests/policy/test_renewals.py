"""Subscription phases and renewal quantities (R19-R22, R25)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.policy import calendar, expiration, renewals
from subscriptions.policy.calendar import LastTerm
from subscriptions.policy.expiration import Phase
from subscriptions.policy.refusal import ALLOWED, Reason, Refusal
from subscriptions.policy.renewals import Bound, max_removable, may_remove
from tests.support.checks import reason_of

pytestmark = pytest.mark.one_database

NEW_YORK = ZoneInfo("America/New_York")
END = date(2026, 12, 31)
OPENS = datetime(2026, 12, 2, 5, tzinfo=UTC)
ENDS = datetime(2027, 1, 1, 5, tzinfo=UTC)
CLOSES = datetime(2027, 1, 15, 5, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("now", "phase"),
    [
        (OPENS - SECOND, Phase.RUNNING),
        (OPENS, Phase.WINDOW),
        (ENDS - SECOND, Phase.WINDOW),
        (ENDS, Phase.EXPIRED),
        (CLOSES - SECOND, Phase.EXPIRED),
        (CLOSES, Phase.CLOSED),
        (CLOSES + timedelta(days=400), Phase.CLOSED),
    ],
)
def test_phases_change_at_local_midnight(now: datetime, phase: Phase) -> None:
    assert (
        expiration.get_phase(LastTerm(END), now=now, zone=NEW_YORK, close_after=timedelta(days=14))
        == phase
    )


def test_no_term_means_no_phase() -> None:
    phase = expiration.get_phase(None, now=OPENS, zone=NEW_YORK, close_after=timedelta(days=14))

    assert phase == Phase.NONE


@pytest.mark.parametrize(
    ("licenses", "removed", "in_use", "minimum", "quantity", "bound"),
    [
        (25, 0, 23, 15, 25, Bound.LICENSES),
        (25, 5, 18, 15, 20, Bound.LICENSES),
        # Users added after a removal raise the renewal again.
        (25, 5, 23, 15, 23, Bound.MEMBERS),
        (25, 15, 8, 15, 15, Bound.MINIMUM),
        (0, 0, 4, 5, 5, Bound.MINIMUM),
        (0, 0, 9, 5, 9, Bound.MEMBERS),
        # The licenses take precedence if bounds are equal.
        (20, 0, 20, 20, 20, Bound.LICENSES),
    ],
)
def test_renewal_quantity_is_the_largest_bound(
    licenses: int, removed: int, in_use: int, minimum: int, quantity: int, bound: Bound
) -> None:
    renewal = renewals.renewal_quantity(
        licenses=licenses, removed=removed, in_use=in_use, minimum=minimum
    )

    assert (renewal.quantity, renewal.bound) == (quantity, bound)


@given(
    licenses=st.integers(0, 500),
    removed=st.integers(0, 500),
    in_use=st.integers(0, 500),
    minimum=st.integers(1, 500),
)
def test_renewal_covers_every_member(
    licenses: int, removed: int, in_use: int, minimum: int
) -> None:
    renewal = renewals.renewal_quantity(
        licenses=licenses, removed=removed, in_use=in_use, minimum=minimum
    )

    assert renewal.quantity >= max(in_use, minimum)
    assert renewal.quantity <= max(licenses, in_use, minimum)


# 25 licenses, 5 of them removed, 12 members.
COUNTS = {"licenses": 25, "removed": 5, "in_use": 12}


def test_removable_licenses_are_unused_and_not_yet_removed() -> None:
    assert max_removable(**COUNTS) == 8
    assert max_removable(licenses=10, removed=0, in_use=12) == 0


@pytest.mark.parametrize(
    ("quantity", "reason"),
    [
        *[(-5, Reason.REMOVAL_TOO_FEW), (-1, Reason.REMOVAL_TOO_FEW), (0, Reason.REMOVAL_TOO_FEW)],
        *[(1, None), (7, None), (8, None), (9, Reason.REMOVAL_BELOW_MEMBERS)],
        *[(20, Reason.REMOVAL_BELOW_MEMBERS), (21, Reason.REMOVAL_ABOVE_RENEWAL)],
    ],
)
def test_removal_is_limited_by_licenses_in_use(quantity: int, reason: Reason | None) -> None:
    decision = may_remove(quantity, **COUNTS)

    assert reason_of(decision) == reason
    assert (decision == ALLOWED) == (reason is None)


@pytest.mark.parametrize(("quantity", "users"), [(9, 1), (13, 5), (20, 12)])
def test_refusal_says_how_many_users_to_remove(quantity: int, users: int) -> None:
    decision = may_remove(quantity, **COUNTS)

    assert isinstance(decision, Refusal)
    assert decision.reason == Reason.REMOVAL_BELOW_MEMBERS
    assert (decision.facts["most"], decision.facts["users_to_remove"]) == (8, users)


class TestTermEnd:
    EXPIRES_ON = date(2031, 12, 31)
    END = datetime(2032, 1, 1, 5, tzinfo=UTC)  # midnight in New York

    @pytest.mark.parametrize(
        ("at", "is_late"),
        [(END - timedelta(microseconds=1), False), (END, True), (END + timedelta(days=9), True)],
    )
    def test_renewal_is_late_from_the_end_of_the_term(self, at: datetime, is_late: bool) -> None:
        assert renewals.is_late(LastTerm(self.EXPIRES_ON), at=at, zone=NEW_YORK) == is_late

    @pytest.mark.parametrize(
        ("charged_at", "starts_on"),
        [
            (datetime(2031, 12, 5, 12, tzinfo=UTC), date(2032, 1, 1)),
            (END - timedelta(seconds=1), date(2032, 1, 1)),
            (END, date(2032, 1, 1)),
            # It is still January 8 in New York.
            (datetime(2032, 1, 9, 4, tzinfo=UTC), date(2032, 1, 8)),
        ],
    )
    def test_start_of_the_next_term_depends_on_the_charge(
        self, charged_at: datetime, starts_on: date
    ) -> None:
        start = renewals.next_term_starts_on(
            LastTerm(self.EXPIRES_ON), charged_at=charged_at, zone=NEW_YORK
        )

        assert start == starts_on

    def test_renewal_opens_with_the_window(self) -> None:
        opens = calendar.renewal_opens_at(self.EXPIRES_ON, NEW_YORK)

        assert renewals.may_renew(LastTerm(self.EXPIRES_ON), now=opens, zone=NEW_YORK) == ALLOWED
        before = renewals.may_renew(
            LastTerm(self.EXPIRES_ON), now=opens - timedelta(seconds=1), zone=NEW_YORK
        )
        assert isinstance(before, Refusal)

    @pytest.mark.parametrize(
        ("today", "left"),
        [
            (date(2031, 11, 15), None),
            (date(2031, 11, 16), 15),
            (date(2031, 11, 30), 1),
            (date(2031, 12, 1), 0),
            (date(2031, 12, 2), None),
        ],
    )
    def test_days_left_to_add_are_counted_down(self, today: date, left: int | None) -> None:
        assert renewals.days_left_to_add(self.EXPIRES_ON, today) == left
