"""A simple model of a subscription over several terms.

It uses only days and numbers, and is derived from the rules alone.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

ONE_DAY = timedelta(days=1)


@dataclass
class ModelTerm:
    """A paid term: its dates, its price, and the licenses fulfilled on each day."""

    first_day: date
    last_day: date
    unit_amount: int
    fulfillments: list[tuple[date, int]] = field(default_factory=list)

    def licenses(self) -> int:
        return sum(number for _, number in self.fulfillments)


@dataclass
class Model:
    """The expected state of Lakeside."""

    today: date
    terms: list[ModelTerm]
    members: int
    removed: int = 0
    # Licenses of a renewal being paid.
    paying: int | None = None
    receipts: list[tuple[str, int, int, int]] = field(default_factory=list)

    @property
    def latest(self) -> ModelTerm:
        return self.terms[-1]

    def held_on(self, day: date) -> int:
        """Return the licenses held on a day: entries count until their term ends (R16, R21)."""
        return sum(
            number
            for term in self.terms
            if day <= term.last_day
            for first, number in term.fulfillments
            if first <= day
        )

    def days_remaining(self) -> int:
        return (self.latest.last_day - self.today).days

    def sells_add_ons(self) -> bool:
        """R19: true with 30 days remaining, false with 29."""
        return self.days_remaining() >= 30

    def renewal_is_open(self) -> bool:
        return not self.sells_add_ons()

    def member_limit(self) -> int:
        """R5"""
        later = [self.held_on(term.first_day) for term in self.terms if term.first_day > self.today]
        paying = [self.paying] if self.paying is not None else []
        return min([self.held_on(self.today), *later, *paying])

    def renewal_number(self, minimum: int) -> int:
        """R25"""
        return max(self.latest.licenses() - self.removed, self.members, minimum)

    def buy_add_ons(self, number: int) -> None:
        self.latest.fulfillments.append((self.today, number))
        self.receipts.append(
            ("add_on", number, self.latest.unit_amount, number * self.latest.unit_amount)
        )

    def renew(self, number: int, unit_amount: int, years: int) -> None:
        """R23: the term starts the day after the old one, or today if that day is past."""
        first = self.latest.last_day + ONE_DAY
        if self.today >= first:
            first = self.today
        term = ModelTerm(first, same_day_years_later(first, years) - ONE_DAY, unit_amount)
        term.fulfillments.append((first, number))
        self.terms.append(term)
        self.receipts.append(("renewal", number, unit_amount, number * unit_amount))
        self.removed = 0
        self.paying = None


def same_day_years_later(day: date, years: int) -> date:
    if (day.month, day.day) == (2, 29):
        try:
            return day.replace(year=day.year + years)
        except ValueError:
            return date(day.year + years, 3, 1)
    return day.replace(year=day.year + years)
