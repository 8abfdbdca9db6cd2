"""Every refusal carries all facts that its text shows."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from subscriptions.policy import (
    add_ons,
    card_testing,
    licenses,
    members,
    messenger,
    prices,
    refunds,
    renewals,
    roster_import,
)
from subscriptions.policy.calendar import LastTerm
from subscriptions.policy.licenses import LaterTerm
from subscriptions.policy.refusal import ALLOWED, Money, Reason, Refusal, Refused, require
from subscriptions.text.refusals import refusal_text
from tests.policy.test_prices import Discount

pytestmark = pytest.mark.one_database

ZONE = ZoneInfo("America/New_York")
TERM = LastTerm(date(2031, 12, 31))
SUMMER = datetime(2031, 6, 16, 16, tzinfo=UTC)
TOO_EXPENSIVE = prices.Price(quantity=1, unit_amount=100_000_000, discount_amount=0, fee_amount=0)
PAID = refunds.PaidPurchase(10, 500, 5000, 0, "usd")
REFUNDED = refunds.PaidPurchase(10, 500, 5000, 5000, "usd")


def row(**fields: object) -> roster_import.Row:
    given = {"position": 2, "name": "Nora New", "email": "nora@x.example", "role": ""}
    given |= {"has_valid_email": True, "is_left_out": False, "is_added": False}
    return roster_import.Row(**(given | fields))  # type: ignore[arg-type]


def may_use(discount: Discount) -> object:
    return prices.may_use_discount(
        discount, today=SUMMER.date(), currency="usd", uses_left=None, is_for_others=False
    )


def refusal_of(candidate: roster_import.Row) -> Refusal | None:
    roles = {"": members.Role.GENERAL_MEMBER, "o": members.Role.OBSERVER}
    [result] = roster_import.check([candidate], known={}, roles=roles, actor_role="assignor")
    return result.reason


def cases() -> list[tuple[object, Reason, dict[str, object]]]:
    """Return the cases; a function, so that mutations of the rules run inside the tests."""
    return [
        (add_ons.read_quantity("x"), Reason.NOT_A_NUMBER, {"least": 5}),
        (add_ons.read_quantity("-5"), Reason.TOO_FEW, {"least": 5}),
        (add_ons.check_quantity(4, unit_amount=500, currency="usd"), Reason.TOO_FEW, {"least": 5}),
        (
            add_ons.check_quantity(200_000, unit_amount=500, currency="cad"),
            Reason.ABOVE_MAXIMUM,
            {"most": 199_995, "maximum": Money(99_999_999, "cad")},
        ),
        (
            add_ons.check_quantity(7, unit_amount=500, currency="usd"),
            Reason.NOT_IN_GROUPS,
            {"quantity": 7, "nearest": (5, 10)},
        ),
        (
            # At this price, one payment covers at most 10 licenses.
            add_ons.check_quantity(9, unit_amount=9_999_999, currency="usd"),
            Reason.NOT_IN_GROUPS,
            {"quantity": 9, "nearest": (5, 10)},
        ),
        (
            add_ons.check_quantity(8, unit_amount=12_000_000, currency="usd"),
            Reason.ABOVE_MAXIMUM,
            {"most": 5, "maximum": Money(99_999_999, "usd")},
        ),
        (
            add_ons.may_add_licenses(TERM, now=datetime(2032, 1, 1, 5, tzinfo=UTC), zone=ZONE),
            Reason.EXPIRED,
            {
                "expires_on": date(2031, 12, 31),
                "last_day_to_add": date(2031, 12, 1),
                "renewal_opens_on": date(2031, 12, 2),
            },
        ),
        (
            # Midnight in London is still the previous day in New York.
            add_ons.may_add_licenses(
                LastTerm(date(2031, 12, 31), datetime(2031, 6, 1, 0, tzinfo=UTC)),
                now=SUMMER,
                zone=ZONE,
            ),
            Reason.CANCELED,
            {
                "expires_on": date(2031, 12, 31),
                "last_day_to_add": date(2031, 12, 1),
                "renewal_opens_on": date(2031, 12, 2),
                "canceled_on": date(2031, 5, 31),
            },
        ),
        (renewals.may_renew(None, now=SUMMER, zone=ZONE), Reason.NO_TERM, {}),
        (
            renewals.may_renew(TERM, now=SUMMER, zone=ZONE),
            Reason.RENEWAL_NOT_OPEN,
            {"renewal_opens_on": date(2031, 12, 2), "expires_on": date(2031, 12, 31)},
        ),
        (
            licenses.may_take(
                licenses.count_licenses(
                    held=25,
                    in_use=19,
                    later_terms=[LaterTerm(date(2032, 1, 1), 20)],
                    renewal_checkout_quantity=22,
                ),
                3,
            ),
            Reason.LIMITED_BY_NEXT_TERM,
            {
                "held": 25,
                "in_use": 19,
                "free": 1,
                "asked": 3,
                "missing": 2,
                "usable": 20,
                "limited_from": date(2032, 1, 1),
            },
        ),
        (
            prices.may_be_priced(quantity=4_000_001, unit_amount=500),
            Reason.TOO_MANY,
            {"most": 4_000_000},
        ),
        (
            prices.may_be_charged(TOO_EXPENSIVE, currency="cad"),
            Reason.TOTAL_ABOVE_MAXIMUM,
            {"total": Money(100_000_000, "cad"), "maximum": Money(99_999_999, "cad")},
        ),
        (
            may_use(Discount(valid_from=date(2031, 6, 17))),
            Reason.DISCOUNT_NOT_YET,
            {"valid_from": date(2031, 6, 17)},
        ),
        (
            may_use(Discount(valid_until=date(2031, 6, 15))),
            Reason.DISCOUNT_OVER,
            {"valid_until": date(2031, 6, 15)},
        ),
        (
            renewals.may_remove(0, licenses=25, removed=5, in_use=10),
            Reason.REMOVAL_TOO_FEW,
            {"most": 10},
        ),
        (
            renewals.may_remove(0, licenses=25, removed=5, in_use=20),
            Reason.NO_LICENSE_TO_REMOVE,
            {"most": 0},
        ),
        (
            renewals.may_remove(20, licenses=25, removed=5, in_use=10),
            Reason.REMOVAL_BELOW_MEMBERS,
            {"quantity": 20, "most": 10, "left": 20, "in_use": 10, "users_to_remove": 10},
        ),
        (
            renewals.may_remove(21, licenses=25, removed=5, in_use=10),
            Reason.REMOVAL_ABOVE_RENEWAL,
            {"quantity": 21, "most": 10, "left": 20, "in_use": 10},
        ),
        (
            renewals.may_remove(11, licenses=25, removed=5, in_use=10),
            Reason.REMOVAL_BELOW_MEMBERS,
            {"quantity": 11, "most": 10, "left": 20, "in_use": 10, "users_to_remove": 1},
        ),
        (refunds.may_refund_add_ons(REFUNDED, 5), Reason.REFUNDED_ALREADY, {}),
        (
            # All licenses are already reversed, although less than the full price was refunded.
            refunds.may_refund_add_ons(refunds.PaidPurchase(5, 0 + 500, 2600, 2500, "usd"), 5),
            Reason.REFUNDED_ALREADY,
            {},
        ),
        (refunds.may_refund_term(REFUNDED, later_term_starts_on=None), Reason.REFUNDED_ALREADY, {}),
        (
            refunds.may_refund_term(PAID, later_term_starts_on=date(2032, 1, 1)),
            Reason.LATER_TERM_IS_PAID,
            {"starts_on": date(2032, 1, 1)},
        ),
        (
            members.may_lose_role("administrator", signed_in_administrators_left=0),
            Reason.LAST_ADMINISTRATOR,
            {},
        ),
        (
            messenger.may_write(messenger.MAX_MESSAGES),
            Reason.TOO_MANY_MESSAGES,
            {
                "most": messenger.MAX_MESSAGES,
                "minutes": messenger.RATE_LIMIT_WINDOW // timedelta(minutes=1),
            },
        ),
        (
            card_testing.may_open_checkout(
                open_checkouts=5, declines=0, last_declined_at=None, now=SUMMER
            ),
            Reason.TOO_MANY_CHECKOUTS,
            {"most": 5},
        ),
        (refusal_of(row(role="Chief")), Reason.ROLE_NOT_KNOWN, {"role": "Chief"}),
        (
            refusal_of(row(email="n" * (roster_import.MAX_EMAIL_LENGTH + 1))),
            Reason.EMAIL_TOO_LONG,
            {"most": roster_import.MAX_EMAIL_LENGTH, "length": roster_import.MAX_EMAIL_LENGTH + 1},
        ),
        (
            refusal_of(row(name="n" * (roster_import.MAX_NAME_LENGTH + 1))),
            Reason.NAME_TOO_LONG,
            {"most": roster_import.MAX_NAME_LENGTH, "length": roster_import.MAX_NAME_LENGTH + 1},
        ),
    ]


@pytest.mark.parametrize("number", range(31))
def test_refusal_carries_its_facts(number: int) -> None:
    refusal, reason, facts = cases()[number]

    assert refusal == Refusal(reason, facts)
    assert isinstance(refusal, Refusal)
    types = {name: type(value) for name, value in refusal.facts.items()}
    assert types == {name: type(value) for name, value in facts.items()}
    assert refusal_text(refusal)


def test_every_reason_has_a_case() -> None:
    assert len(cases()) == 31


def test_require_raises_the_refusal() -> None:
    refusal = Refusal(Reason.TOO_FEW, {"least": 5})

    require(ALLOWED)
    with pytest.raises(Refused, match=r"too_few: \{'least': 5\}") as refused:
        require(refusal)
    assert refused.value.refusal == refusal


def test_largest_values_are_allowed() -> None:
    most = prices.Price(quantity=1, unit_amount=99_999_999, discount_amount=0, fee_amount=0)

    assert refusal_of(row(email="n" * roster_import.MAX_EMAIL_LENGTH)) is None
    assert refusal_of(row(name="n" * roster_import.MAX_NAME_LENGTH)) is None
    assert prices.may_be_charged(most, currency="usd") == ALLOWED
    assert prices.may_be_priced(quantity=4_000_000, unit_amount=500) == ALLOWED
    assert messenger.may_reply(newest_reply=7, seen=7) == ALLOWED
    assert messenger.may_reply(newest_reply=8, seen=7) != ALLOWED
