"""A simple model of the rules: only sets, counters and dates, and no product code.

Lakeside's term runs through December 31, 2031 in New York; its renewal opens on December 2.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from subscriptions.policy.refusal import Refused

WINDOW = datetime(2031, 12, 2, 5, tzinfo=UTC)
END = datetime(2032, 1, 1, 5, tzinfo=UTC)

RANKS = {"administrator": 2, "assignor": 1}


def rank(role: str) -> int:
    return RANKS.get(role, 0)


def pick(names: list[str], number: int) -> str:
    """Return one of the names, picked by any number."""
    return names[number % len(names)]


@dataclass
class Person:
    """A current, former or invited member."""

    role: str
    state: str = "active"
    signed_in: bool = False
    invited_at: datetime | None = None
    invitation: int = 0

    @property
    def uses_a_license(self) -> bool:
        return self.state in ("active", "invited")


@dataclass
class Sale:
    """A purchase: its status in our database, and its actual state at the processor."""

    quantity: int
    buyer: str
    started: datetime
    status: str = "open"
    has_session: bool = True
    is_paid: bool = False
    is_accepted: bool = True
    was_expired: bool = False
    fulfilled_at: datetime | None = None

    def has_expired(self, now: datetime) -> bool:
        return not self.is_paid and (self.was_expired or now >= self.expires_at)

    @property
    def expires_at(self) -> datetime:
        return self.started + timedelta(minutes=35)

    def can_be_paid(self, now: datetime) -> bool:
        return self.has_session and not self.is_paid and not self.has_expired(now)


@dataclass
class Model:
    """The expected state of Lakeside."""

    included: int
    now: datetime
    people: dict[str, Person]
    sales: dict[str, Sale] = field(default_factory=dict)

    # Licenses

    @property
    def held(self) -> int:
        bought = sum(sale.quantity for sale in self.sales.values() if sale.status == "settled")
        return self.included + bought if self.now < END else 0

    @property
    def in_use(self) -> int:
        return sum(person.uses_a_license for person in self.people.values())

    @property
    def receipts(self) -> int:
        return sum(sale.status == "settled" for sale in self.sales.values())

    # Buying

    def is_sold(self, quantity: int) -> bool:
        return self.now < WINDOW and quantity > 0 and quantity % 5 == 0

    def page_of(self, buyer: str, quantity: int) -> str | None:
        """Return the purchase whose payment page would be shown again, if still payable."""
        matching = [
            key
            for key, sale in self.sales.items()
            if (sale.buyer, sale.quantity, sale.status) == (buyer, quantity, "open")
        ]
        return matching[-1] if matching else None

    def has_just_bought(self, buyer: str, quantity: int) -> bool:
        return any(
            sale.fulfilled_at is not None and self.now - sale.fulfilled_at < timedelta(minutes=10)
            for sale in self.sales.values()
            if (sale.buyer, sale.quantity, sale.status) == (buyer, quantity, "settled")
        )

    def sync(self, key: str) -> None:
        """Update a purchase with its state at the processor."""
        sale = self.sales[key]
        if sale.status in ("settled", "refunded"):
            return
        if sale.is_paid and sale.is_accepted:
            sale.status, sale.fulfilled_at = "settled", self.now
        elif sale.is_paid:
            sale.status = "refunded"
        elif sale.has_expired(self.now):
            sale.status = "expired"
        elif sale.status == "pending":
            sale.status = "open"

    def reconcile(self) -> None:
        """Handle unconfirmed creations first, then all open purchases."""
        for key, sale in self.sales.items():
            if sale.status != "pending":
                continue
            if self.now - sale.started < timedelta(minutes=4):
                # The same idempotency key replays the old response, which ignores later changes.
                sale.status, sale.has_session = "open", True
            elif sale.has_session:
                self.sync(key)
            else:
                sale.status = "abandoned"
        for key, sale in self.sales.items():
            if sale.status == "open":
                self.sync(key)

    # Members

    def managers(self) -> list[str]:
        return [n for n, p in self.people.items() if p.state == "active" and rank(p.role)]

    def members(self) -> list[str]:
        return [name for name, person in self.people.items() if person.uses_a_license]

    def may_add(self, actor: str, name: str, role: str) -> bool:
        person = self.people.get(name)
        above = max(rank(role), rank(person.role) if person else 0)
        is_member = person is not None and person.uses_a_license
        return rank(self.people[actor].role) >= above and not is_member and self.held > self.in_use

    def may_change(self, actor: str, name: str) -> bool:
        return rank(self.people[actor].role) >= rank(self.people[name].role)

    def may_grant(self, actor: str, role: str) -> bool:
        return rank(self.people[actor].role) >= rank(role)

    def may_lose_role(self, name: str) -> bool:
        """Require another Administrator who has signed in."""
        others = [p for other, p in self.people.items() if other != name]
        return self.people[name].role != "administrator" or any(
            p.role == "administrator" and p.state == "active" and p.signed_in for p in others
        )

    def link_works(self, name: str, number: int) -> bool:
        person = self.people[name]
        return (
            person.state == "invited"
            and person.invitation == number
            and person.invited_at is not None
            and self.now < person.invited_at + timedelta(days=14)
        )


def is_refused(action: Callable[[], object]) -> bool:
    """Return whether an action raises a refusal."""
    try:
        action()
    except Refused:
        return True
    return False
