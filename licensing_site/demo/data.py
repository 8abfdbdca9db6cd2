"""The demo's organizations, with several months of history.

Past rows are written the way the use cases would have written them, with the clock set to that day;
the ledger's own functions write the ledger. For ``manage.py load_demo`` only.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from billing.models import Purchase
from billing.states import PurchaseKind, PurchaseStatus
from licensing_site.demo import threads
from subscriptions import clock
from subscriptions.licenses import ledger
from subscriptions.models import Membership, Organization, Package, Renewal, Term, User
from subscriptions.models.members import MembershipState, Role
from subscriptions.models.terms import RenewalState
from subscriptions.notifications import activity
from subscriptions.policy import calendar

PASSWORD = "demo"  # noqa: S105  (the demo's, shown on its start page)
YEAR = 1
FIRST_NAMES = (
    "Alma Ben Carla Dev Elena Frank Grace Hugo Ines Jack Kira Leo Maya Noah Olga Pete Quinn Rosa "
    "Sam Tess"
).split()
LAST_NAMES = (
    "Abbott Brandt Castillo Dawson Ellis Fischer Greene Hart Ibarra Jensen Keller Lopez Moreau "
    "Novak Ortiz Price Quigley Reyes Stone Turner"
).split()
ROLES = {
    "administrator": ("Ada Admin", Role.ADMINISTRATOR),
    "assignor": ("Arlo Assignor", Role.ASSIGNOR),
    "observer": ("Olive Observer", Role.OBSERVER),
    "official": ("Otto Official", Role.GENERAL_MEMBER),
}


class DemoLoader:
    """Creates the demo's data, with all dates relative to ``today``."""

    def __init__(self, today: date) -> None:
        self.today = today
        self._password = make_password(PASSWORD)
        self._names = (f"{first} {last}" for last in LAST_NAMES for first in FIRST_NAMES)
        self._payments = itertools.count(1)

    def load(self) -> None:
        """Create all organizations, packages and people."""
        self._packages()
        lakeside = self._lakeside()
        harbor = self._organization("Harbor Umpires", "harbor")
        self._year(harbor, ends_in=12, licenses=40, package=self.association)
        self._people(harbor, total=31)
        self._summit()
        valley = self._organization("Valley Soccer Referees", "valley")
        self._year(valley, ends_in=-3, licenses=20, package=self.club)
        self._people(valley, total=17)
        both = self._user("both@lakeside.example", "Bea Both")
        self._member(lakeside, both, Role.ASSIGNOR, 5)
        self._member(harbor, both, Role.GENERAL_MEMBER, 32)
        self._staff()
        threads.load(clock.now())

    def _packages(self) -> None:
        entries = [
            ("Club", 900, 5),
            ("Association", 500, 15),
            ("Conference", 400, 100),
        ]
        self.club, self.association, self.conference = (
            Package.objects.create(
                name=name,
                unit_amount=unit_amount,
                currency="usd",
                term_years=YEAR,
                minimum_licenses=minimum,
                position=position,
            )
            for position, (name, unit_amount, minimum) in enumerate(entries)
        )

    def _lakeside(self) -> Organization:
        lakeside = self._organization("Lakeside Officials Association", "lakeside")
        start = self.today - timedelta(days=150)
        term = self._term(lakeside, self.association, start, licenses=15)
        # License 5 is reserved for both@.
        self._people(lakeside, total=22, skip=5)
        buyer = User.objects.get(email="assignor@lakeside.example")
        for days_ago, quantity in ((118, 5), (41, 5)):
            self._add_on(term, buyer, quantity, self._noon(self.today - timedelta(days=days_ago)))
        return lakeside

    def _summit(self) -> None:
        summit = self._organization("Summit Referees", "summit")
        term = self._year(summit, ends_in=12, licenses=30, package=self.association)
        self._people(summit, total=26)
        paid_at = self._noon(self.today - timedelta(days=6))
        self._term(
            summit,
            self.association,
            term.expires_on + timedelta(days=1),
            licenses=35,
            paid_at=paid_at,
            renews=term,
        )

    def _organization(self, name: str, slug: str) -> Organization:
        return Organization.objects.create(
            name=name,
            slug=slug,
            currency="usd",
            billing_name="Tracy Treasurer",
            billing_email=f"treasurer@{slug}.example",
            billing_address="12 Main Street\nSpringfield",
            created_at=self._noon(self.today - timedelta(days=400)),
        )

    def _year(
        self, organization: Organization, *, ends_in: int, licenses: int, package: Package
    ) -> Term:
        """Create a term of one year that ends ``ends_in`` days from today."""
        after = self.today + timedelta(days=ends_in + 1)
        is_leap_day = (after.month, after.day) == (2, 29)
        start = after.replace(year=after.year - YEAR, day=28 if is_leap_day else after.day)
        return self._term(organization, package, start, licenses=licenses)

    def _term(
        self,
        organization: Organization,
        package: Package,
        starts_on: date,
        *,
        licenses: int,
        paid_at: datetime | None = None,
        renews: Term | None = None,
    ) -> Term:
        paid_at = paid_at or self._noon(starts_on)
        buyer = self._user(f"administrator@{organization.slug}.example", ROLES["administrator"][0])
        with self._at(paid_at):
            term = Term.objects.create(
                organization=organization,
                package=package,
                package_name=package.name,
                unit_amount=package.unit_amount,
                currency=package.currency,
                starts_on=starts_on,
                expires_on=calendar.expiration_date(starts_on, YEAR),
                renews=renews,
                created_at=paid_at,
            )
            renewal = self._paid_renewal(renews, term, licenses) if renews else None
            kind = PurchaseKind.RENEWAL if renewal else PurchaseKind.ORIGINAL
            purchase = self._purchase(kind, term, buyer, licenses, paid_at, renewal)
            ledger.grant_included(
                term,
                licenses,
                effective_at=max(paid_at, calendar.midnight(starts_on, clock.zone())),
                reference=purchase.reference,
            )
        return term

    def _paid_renewal(self, renews: Term, term: Term, licenses: int) -> Renewal:
        return Renewal.objects.create(
            term=renews,
            package=term.package,
            state=RenewalState.PAID,
            quantity=licenses,
            next_term=term,
            created_at=clock.now(),
        )

    def _add_on(self, term: Term, buyer: User, quantity: int, paid_at: datetime) -> None:
        with self._at(paid_at):
            purchase = self._purchase(PurchaseKind.ADD_ON, term, buyer, quantity, paid_at)
            ledger.grant_add_on(
                term,
                quantity,
                effective_at=paid_at,
                reference=purchase.reference,
                actor=buyer,
            )
            activity.record(
                term.organization,
                "licenses_bought",
                actor=buyer,
                data={"purchase": str(purchase.pk), "quantity": quantity},
            )

    def _purchase(
        self,
        kind: PurchaseKind,
        term: Term,
        buyer: User,
        quantity: int,
        paid_at: datetime,
        renewal: Renewal | None = None,
    ) -> Purchase:
        organization = term.organization
        number = next(self._payments)
        purchase = Purchase(
            kind=kind,
            organization=organization,
            buyer=buyer,
            term=term,
            renewal=renewal,
            quantity=quantity,
            unit_amount=term.unit_amount,
            total_amount=quantity * term.unit_amount,
            currency=term.currency,
            organization_name=organization.name,
            billing_name=organization.billing_name,
            billing_address=organization.billing_address,
            package_name=term.package_name,
            buyer_name=buyer.name,
            buyer_email=buyer.email,
            term_years=None if kind == PurchaseKind.ADD_ON else YEAR,
            term_starts_on=term.starts_on,
            term_expires_on=term.expires_on,
            created_at=paid_at - timedelta(minutes=3),
            status=PurchaseStatus.SETTLED,
            session_id=f"cs_test_demo{number:06d}",
            payment_intent_id=f"pi_demo{number:06d}",
            card_brand="visa",
            card_last4="4242",
            card_funding="credit",
            paid_at=paid_at,
            settled_at=paid_at,
            receipt_number=organization.purchases.count() + 1,
        )
        purchase.idempotency_key = purchase.reference
        purchase.save(force_insert=True)
        return purchase

    def _people(self, organization: Organization, *, total: int, skip: int = 0) -> None:
        """Create a user for each role in ROLES, then officials, two of whom are only invited."""
        numbers = (number for number in itertools.count(1) if number != skip)
        for local, (name, role) in ROLES.items():
            user = self._user(f"{local}@{organization.slug}.example", name)
            self._member(organization, user, role, next(numbers))
        for index in range(total - len(ROLES)):
            name = next(self._names)
            email = f"{name.lower().replace(' ', '.')}@{organization.slug}.example"
            state = MembershipState.INVITED if index < 2 else MembershipState.ACTIVE
            has_joined = state == MembershipState.ACTIVE
            user = self._user(email, name, has_joined=has_joined)
            self._member(organization, user, Role.GENERAL_MEMBER, next(numbers), state)

    def _member(
        self,
        organization: Organization,
        user: User,
        role: Role,
        number: int,
        state: MembershipState = MembershipState.ACTIVE,
    ) -> None:
        # One of the two invited officials has a recent invitation, the other an expired one.
        days_ago = 60 + number * 3 if state == MembershipState.ACTIVE else 3 + (number % 2) * 30
        invited_at = self._noon(self.today - timedelta(days=days_ago))
        is_active = state == MembershipState.ACTIVE
        Membership.objects.create(
            organization=organization,
            user=user,
            role=role,
            state=state,
            license_number=number,
            invited_as=user.name,
            invited_at=invited_at,
            invitation_number=1,
            joined_at=invited_at + timedelta(hours=5) if is_active else None,
            last_seen_at=user.last_login if is_active else None,
            created_at=invited_at,
        )

    def _user(self, email: str, name: str, *, has_joined: bool = True) -> User:
        user = User.objects.filter(email=email).first()
        if user:
            return user
        password = self._password if has_joined else make_password(None)
        last_login = clock.now() - timedelta(days=2) if has_joined else None
        user = User.objects.create(email=email, name=name, password=password, last_login=last_login)
        EmailAddress.objects.create(user=user, email=email, verified=has_joined, primary=True)
        return user

    def _staff(self) -> None:
        support = self._user("support@licensing.example", "Sunny Support")
        support.is_staff = True
        support.save(update_fields=["is_staff"])
        support.groups.add(Group.objects.get(name="Support"))
        root = self._user("root@licensing.example", "Rory Root")
        root.is_staff = root.is_superuser = True
        root.save(update_fields=["is_staff", "is_superuser"])

    def _noon(self, day: date) -> datetime:
        return calendar.midnight(day, clock.zone()) + timedelta(hours=12)

    @contextmanager
    def _at(self, instant: datetime) -> Iterator[None]:
        clock.freeze(instant)
        try:
            yield
        finally:
            clock.freeze(None)
