"""The people and organizations of the tests.

Ada is Administrator of Lakeside, Arlo its Assignor, Olive an Observer, Otto a general member. Harry
administers Harbor, an unrelated organization. Sunny is support staff and not a member. It is noon
on Monday, June 16, 2031 in New York, and terms run through December 31.
"""

import time
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from allauth.account.internal.flows import login
from django.contrib.auth.models import Group
from django.test import Client

from billing.checkout import add_ons
from billing.checkout.add_ons import Order
from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from billing.settlement import settle
from billing.support.removals import remove_licenses
from subscriptions import clock
from subscriptions.licenses import ledger
from subscriptions.licenses.removals import NewRemoval
from subscriptions.models import LicenseRemoval, Membership, Organization, Term, User
from subscriptions.models.members import Role
from subscriptions.policy import calendar
from tests.support.factories import MembershipFactory, OrganizationFactory, TermFactory, UserFactory

TODAY = date(2031, 6, 16)
TERM_START = date(2031, 1, 1)
TERM_END = date(2031, 12, 31)

GOOD_CARD = "4242424242424242"
DEBIT_CARD = "4000056655665556"
PREPAID_CARD = "5105105105105100"
DECLINED_CARD = "4000000000000002"
THREE_D_SECURE_CARD = "4000000000003220"


def local(day: date, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """Return an instant by local time in the subscription time zone."""
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=clock.zone())


def sign_in(
    client: Client, user: User, *, seconds_ago: float = 0, method: str = "password"
) -> None:
    """Sign in, with a password or second factor entered ``seconds_ago``."""
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    session[login._AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(user.pk)
    typed_at = time.time() - seconds_ago
    session[login.AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": method, "at": typed_at}]
    session.save()


@dataclass
class World:
    """Lakeside, its people, a stranger and support, with the clock stopped."""

    lakeside: Organization
    term: Term
    administrator: Membership
    assignor: Membership
    observer: Membership
    official: Membership
    stranger: Membership
    support: User
    stripe: SandboxControl | None = None

    def at(self, instant: datetime) -> None:
        """Set the clock; the local Stripe follows."""
        clock.freeze(instant)
        if self.stripe is not None:
            self.stripe.set_clock(instant, frozen=True)

    def later(self, **duration: float) -> None:
        """Advance the clock by a ``timedelta``."""
        self.at(clock.now() + timedelta(**duration))

    def client(self, person: Membership | User) -> Client:
        """Return a client signed in as the person."""
        client = Client()
        user = person.user if isinstance(person, Membership) else person
        sign_in(client, user)
        return client

    def fill(self, members: int) -> None:
        """Add general members until this many licenses are in use."""
        while self.lakeside.memberships.exclude(license_number=None).count() < members:
            MembershipFactory.create(organization=self.lakeside)

    def buy(self, quantity: int = 10, *, buyer: Membership | None = None, **order: Any) -> Purchase:
        """Start a purchase, as the form does."""
        order.setdefault("submission", uuid.uuid4())
        return add_ons.start_purchase(buyer or self.assignor, Order(quantity, **order))

    def pay(self, purchase: Purchase, card: str = GOOD_CARD, **options: Any) -> dict[str, Any]:
        """Pay on the payment page; no webhook is delivered."""
        assert self.stripe is not None
        assert purchase.session_id is not None
        return self.stripe.pay(purchase.session_id, card=card, **options)

    def buy_and_settle(self, quantity: int = 10, **order: Any) -> Purchase:
        """Start, pay, and settle a purchase."""
        return self.pay_and_settle(self.buy(quantity, **order))

    def pay_and_settle(self, purchase: Purchase) -> Purchase:
        """Pay and settle a purchase; return it reloaded."""
        self.pay(purchase)
        settled = settle.settle(purchase.session_id or "")
        assert settled is not None
        return settled

    def held(self) -> int:
        """Return the licenses that Lakeside holds now."""
        return ledger.held_at(self.lakeside, [clock.now()])[0]


def build_world(licenses: int = 25, stripe: SandboxControl | None = None) -> World:
    """Create Lakeside in the middle of its term, with ``licenses`` included and four members."""
    clock.freeze(local(TODAY, 12))
    lakeside = OrganizationFactory.create(name="Lakeside Officials Association", slug="lakeside")
    harbor = OrganizationFactory.create(name="Harbor Umpires", slug="harbor")
    term = build_term(lakeside, licenses=licenses)
    build_term(harbor, licenses=10)

    def member(local_part: str, name: str, role: Role, organization: Organization) -> Membership:
        user = UserFactory.create(email=f"{local_part}@{organization.slug}.example", name=name)
        membership: Membership = MembershipFactory.create(
            organization=organization, user=user, role=role
        )
        return membership

    world = World(
        lakeside=lakeside,
        term=term,
        administrator=member("administrator", "Ada Admin", Role.ADMINISTRATOR, lakeside),
        assignor=member("assignor", "Arlo Assignor", Role.ASSIGNOR, lakeside),
        observer=member("observer", "Olive Observer", Role.OBSERVER, lakeside),
        official=member("official", "Otto Official", Role.GENERAL_MEMBER, lakeside),
        stranger=member("administrator", "Harry Harbor", Role.ADMINISTRATOR, harbor),
        support=UserFactory.create(
            email="support@licensing.example", name="Sunny Support", is_staff=True
        ),
        stripe=stripe,
    )
    world.support.groups.add(Group.objects.get(name="Support"))
    world.at(clock.now())
    return world


def count_members(organization: Organization) -> int:
    """Count the members that hold a license."""
    return organization.memberships.filter(license_number__isnull=False).count()


def build_term(
    organization: Organization, *, licenses: int, starts_on: date = TERM_START, **fields: Any
) -> Term:
    """Create a paid term with its included licenses in the ledger."""
    start = calendar.midnight(starts_on, clock.zone())
    fields.setdefault("created_at", min(clock.now(), start))
    term = TermFactory.create(organization=organization, starts_on=starts_on, **fields)
    ledger.grant_included(
        term,
        licenses,
        effective_at=calendar.midnight(starts_on, clock.zone()),
        reference=f"built:{uuid.uuid4()}",
    )
    return term


def remove(world: World, quantity: int, **changes: Any) -> LicenseRemoval:
    """Remove licenses as support does from Lakeside's renewal; renewal must be open."""
    actor = changes.pop("actor", world.support)
    order: dict[str, Any] = {
        "reason": "fewer games",
        "requested_by": "Ada",
        "submission": uuid.uuid4(),
    }
    order |= changes
    return remove_licenses(world.lakeside, NewRemoval(quantity, **order), actor=actor)
