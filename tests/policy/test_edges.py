"""Edges that tables of the rules do not show: the instant itself, the smallest and the largest."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from subscriptions.policy import (
    add_ons,
    calendar,
    licenses,
    members,
    messenger,
    prices,
    reminders,
    renewals,
    roster_import,
)
from subscriptions.policy.calendar import LastTerm, PaidTerm, last_term
from subscriptions.policy.decisions import ALLOWED, Money, Reason, Refusal
from subscriptions.policy.licenses import LaterTerm, Limit
from subscriptions.policy.members import Capability, Role
from subscriptions.text import search

pytestmark = pytest.mark.one_database

ZONE = ZoneInfo("America/New_York")
EXPIRES_ON = date(2031, 12, 31)
TERM = LastTerm(EXPIRES_ON)
END = datetime(2032, 1, 1, 5, tzinfo=UTC)  # midnight in New York


class TestReadingANumber:
    @pytest.mark.parametrize(
        ("text", "number"),
        [
            ("005", 5),
            ("0", 0),
            ("000", 0),
            ("X5", None),
            ("0" * 20 + "5", 5),
            ("999999999999", 999_999_999_999),
            ("1000000000000", 10**12),
            ("9" * 40, 10**12),
            ("\u22125", None),
            ("-\u0665", None),
            ("-5x", None),
        ],
    )
    def test_digits_only_and_none_is_too_long(self, text: str, number: int | None) -> None:
        answer = add_ons.read_quantity(text)

        assert (None if isinstance(answer, Refusal) else answer) == number

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("-5", Reason.TOO_FEW),
            ("\u22125", Reason.TOO_FEW),
            ("-\u0665", Reason.NOT_A_NUMBER),
            ("-5\u0665", Reason.NOT_A_NUMBER),
            ("X5", Reason.NOT_A_NUMBER),
            ("-", Reason.NOT_A_NUMBER),
        ],
    )
    def test_below_zero_is_too_few(self, text: str, reason: Reason) -> None:
        answer = add_ons.read_quantity(text)

        assert isinstance(answer, Refusal)
        assert answer.reason == reason

    @pytest.mark.parametrize(
        ("quantity", "up", "expected"),
        [
            *[(0, False, 5), (5, False, 5), (6, False, 5), (10, False, 5), (11, False, 10)],
            *[(20, False, 15), (4, True, 5), (5, True, 10), (9, True, 10), (100, True, 100)],
        ],
    )
    def test_steps_land_on_groups(self, quantity: int, up: bool, expected: int) -> None:
        stepped = add_ons.stepped(quantity, up=up, most=100)

        assert stepped == expected
        assert isinstance(stepped, int)

    def test_above_the_most_no_number_is_named(self) -> None:
        """At this price ten are the most that one payment carries."""
        answer = add_ons.check_quantity(7, unit_amount=9_999_999, currency="usd")

        assert answer == Refusal(Reason.NOT_IN_GROUPS, {"quantity": 7, "nearest": (5, 10)})


class TestTheEndOfATerm:
    @pytest.mark.parametrize(
        ("at", "is_late"),
        [(END - timedelta(microseconds=1), False), (END, True), (END + timedelta(days=9), True)],
    )
    def test_the_instant_itself_is_late(self, at: datetime, is_late: bool) -> None:
        assert renewals.is_late(TERM, at=at, zone=ZONE) == is_late

    @pytest.mark.parametrize(
        ("charged_at", "starts_on"),
        [
            (datetime(2031, 12, 5, 12, tzinfo=UTC), date(2032, 1, 1)),
            (END - timedelta(seconds=1), date(2032, 1, 1)),
            (END, date(2032, 1, 1)),
            # Still January 8 in New York.
            (datetime(2032, 1, 9, 4, tzinfo=UTC), date(2032, 1, 8)),
        ],
    )
    def test_the_next_term_follows_or_starts_on_the_day_of_the_charge(
        self, charged_at: datetime, starts_on: date
    ) -> None:
        found = renewals.next_term_starts_on(TERM, charged_at=charged_at, zone=ZONE)

        assert found == starts_on

    def test_renewal_opens_at_its_instant(self) -> None:
        opens = calendar.renewal_opens_at(EXPIRES_ON, ZONE)

        assert renewals.may_renew(TERM, now=opens, zone=ZONE) == ALLOWED
        before = renewals.may_renew(TERM, now=opens - timedelta(seconds=1), zone=ZONE)
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
    def test_the_countdown_to_the_last_day(self, today: date, left: int | None) -> None:
        assert renewals.days_left_to_add(EXPIRES_ON, today) == left

    def test_a_canceled_term_that_ended_with_the_one_left_changes_nothing(self) -> None:
        """Two that end at the same instant: the one that is left carries the subscription."""
        canceled = PaidTerm(1, EXPIRES_ON, canceled_at=END)
        left = PaidTerm(2, EXPIRES_ON)

        found = last_term([canceled, left], now=END, zone=ZONE)

        assert found == LastTerm(EXPIRES_ON, None, 2)


class TestCounting:
    def test_of_equal_bounds_the_licenses_held_are_named(self) -> None:
        later = [LaterTerm(date(2032, 1, 1), 20), LaterTerm(date(2033, 1, 1), 20)]

        count = licenses.count_licenses(held=20, in_use=3, later_terms=later)

        assert (count.limit, count.limited_from) == (Limit.HELD_NOW, None)

    def test_of_equal_later_terms_the_first_is_named(self) -> None:
        later = [LaterTerm(date(2033, 1, 1), 20), LaterTerm(date(2032, 1, 1), 20)]

        count = licenses.count_licenses(held=30, in_use=3, later_terms=later)

        assert count.limited_from == date(2033, 1, 1)

    @pytest.mark.parametrize(
        ("number", "highest", "usable", "gaps"),
        [(3, 10, 25, 0), (3, 22, 25, 0), (3, 23, 25, 1), (3, 25, 25, 3), (3, 30, 25, 3)],
    )
    def test_gaps_are_needed_beyond_the_highest(
        self, number: int, highest: int, usable: int, gaps: int
    ) -> None:
        assert licenses.gaps_needed(number, highest=highest, usable=usable) == gaps


class TestPrices:
    def test_no_fee_is_no_fee(self) -> None:
        assert prices.price_of(quantity=10, unit_amount=500).fee_amount == 0

    @pytest.mark.parametrize(
        ("amount", "taken"),
        [(440, 440), (450, 450), (451, 450), (499, 450), (500, 500)],
    )
    def test_what_remains_is_nothing_or_what_the_processor_takes(
        self, amount: int, taken: int
    ) -> None:
        discount = prices.DiscountTerms(amount=amount)

        price = prices.price_of(quantity=1, unit_amount=500, discount=discount)

        assert price.discount_amount == taken

    def test_a_small_price_is_not_raised_by_its_discount(self) -> None:
        discount = prices.DiscountTerms(amount=5)

        price = prices.price_of(quantity=1, unit_amount=30, discount=discount)

        assert price.discount_amount == 0


class TestReminding:
    def test_one_that_is_due_on_the_first_day_counts(self) -> None:
        starts_on = EXPIRES_ON - timedelta(days=28)

        assert reminders.due_dates(starts_on, EXPIRES_ON)[0] == starts_on

    def test_on_the_expiration_date_it_still_goes_out(self) -> None:
        found = reminders.reminders_to_send(
            date(2031, 1, 1), EXPIRES_ON, today=EXPIRES_ON, covered=[]
        )

        assert found.send == EXPIRES_ON

    def test_the_day_after_it_does_not(self) -> None:
        found = reminders.reminders_to_send(
            date(2031, 1, 1), EXPIRES_ON, today=EXPIRES_ON + timedelta(days=1), covered=[]
        )

        assert found.send is None
        assert EXPIRES_ON in found.skip


@pytest.mark.parametrize(
    ("before", "after", "said"), [(3, 3, None), (4, 3, 3), (4, 2, 2), (2, 2, None)]
)
def test_a_threshold_is_reached_by_coming_down_to_it(
    before: int, after: int, said: int | None
) -> None:
    assert licenses.threshold_reached([3, 2], before=before, after=after) == said


class TestSearching:
    TEXTS = [
        search.Text("body", "Other things", "a license, a renewal"),
        search.Text("title", "License prices", "nothing else"),
        search.Text("both", "Renewal", "of a license renewal"),
    ]

    def test_a_word_in_the_title_weighs_more(self) -> None:
        assert search.find("license", self.TEXTS, {})[0] == "title"

    def test_a_word_in_both_weighs_most(self) -> None:
        assert search.find("renewal", self.TEXTS, {}) == ["both", "body"]

    def test_the_body_counts_beside_the_title(self) -> None:
        texts = [*self.TEXTS, search.Text("more", "License prices", "of a license")]

        assert search.find("license", texts, {})[0] == "more"

    @pytest.mark.parametrize("word", ["seat", "seats", "Seat"])
    def test_other_words_lead_there(self, word: str) -> None:
        assert "title" in search.find(word, self.TEXTS, {"seat": "license"})

    def test_a_plural_of_its_own_wins(self) -> None:
        words = {"spots": "license", "spot": "renewal"}

        assert search.find("spots", self.TEXTS, words)[0] == "title"

    def test_the_shortest_word_counts(self) -> None:
        short = "x" * search.SHORTEST_WORD
        texts = [search.Text("one", short, "")]

        assert search.find(short, texts, {}) == ["one"]
        assert search.find(short[1:], texts, {}) == []


def test_lone_ends_of_lines_become_ends_of_lines() -> None:
    assert messenger.cleaned("one\rtwo\r\nthree") == "one\ntwo\nthree"


def test_the_roles_that_may_buy() -> None:
    assert members.roles_with(Capability.BUY_LICENSES) == [Role.ASSIGNOR, Role.ADMINISTRATOR]


class TestRosters:
    ROLES = {"": Role.GENERAL_MEMBER, "o": Role.OBSERVER}

    def row(self, position: int = 2, **fields: Any) -> roster_import.Row:
        given: dict[str, Any] = {"name": "Nora New", "email": "nora@x.example", "role": "o"}
        given |= {"email_works": True, "is_left_out": False, "is_added": False}
        return roster_import.Row(position=position, **(given | fields))

    def verdicts(self, *rows: roster_import.Row) -> list[roster_import.Verdict]:
        return list(roster_import.judge(rows, known={}, roles=self.ROLES, actor_role="assignor"))

    @pytest.mark.parametrize(
        "fields", [{}, {"is_left_out": True}, {"is_added": True}, {"name": ""}]
    )
    def test_the_role_of_a_row_is_shown_whatever_becomes_of_it(
        self, fields: dict[str, Any]
    ) -> None:
        [verdict] = self.verdicts(self.row(**fields))

        assert verdict.role == Role.OBSERVER

    def test_the_same_address_in_another_case_is_repeated(self) -> None:
        first, second = self.verdicts(self.row(), self.row(3, email="NORA@x.example"))

        assert first.state == roster_import.RowState.INVITED
        assert second == roster_import.Verdict(
            roster_import.RowState.REPEATED, Role.OBSERVER, Refusal(Reason.ROW_REPEATED, {"row": 2})
        )

    def need(self, new: int, *, unit_amount: int = 500, **count: int) -> roster_import.Need:
        counted = licenses.count_licenses(held=25, in_use=20, **count)  # type: ignore[arg-type]
        return roster_import.need_of(
            new,
            counted,
            may_take=licenses.may_take(counted, new),
            may_add_licenses=ALLOWED,
            unit_amount=unit_amount,
            currency="cad",
        )

    def test_the_offer_names_its_price(self) -> None:
        need = self.need(12)

        assert need == roster_import.Need(12, 5, (), roster_import.Offer(10, 500, "cad"))

    def test_while_a_renewal_is_paid_more_licenses_do_not_help(self) -> None:
        need = self.need(4, renewal_checkout_quantity=22)

        assert (need.new, need.free, need.held_back_by_checkout) == (4, 2, True)
        assert need.offer is None

    def test_while_renewal_is_open_nothing_is_offered(self) -> None:
        counted = licenses.count_licenses(held=25, in_use=20)
        no = Refusal(Reason.RENEWAL_OPEN)

        need = roster_import.need_of(
            7,
            counted,
            may_take=licenses.may_take(counted, 7),
            may_add_licenses=no,
            unit_amount=500,
            currency="usd",
        )

        assert (need.new, need.free, need.missing, need.offer) == (7, 5, 2, None)
        assert need.refusals[1] == no

    def test_where_one_payment_cannot_carry_it_the_most_is_offered(self) -> None:
        need = self.need(40, unit_amount=5_000_000)

        assert (need.new, need.free) == (40, 5)
        assert need.offer == roster_import.Offer(15, 5_000_000, "cad")
        assert need.refusals[1] == Refusal(
            Reason.ABOVE_CEILING, {"most": 15, "ceiling": Money(99_999_999, "cad")}
        )
