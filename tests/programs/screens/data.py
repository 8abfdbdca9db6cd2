"""The demo's organizations, and more for states that the demo lacks."""

import uuid
from datetime import timedelta

from billing.checkout import add_ons
from billing.checkout.add_ons import Order
from billing.models import Purchase
from licensing_site.demo.data import DemoLoader
from subscriptions import clock
from subscriptions.messenger import threads
from subscriptions.messenger.threads import MessageDraft
from subscriptions.models import Membership, Organization, RosterImport, User
from subscriptions.models.members import MembershipState, Role
from subscriptions.organizations import settings
from tests.support.rosters import roster_with_all_row_states

LARGE = 5_000


class ScreensLoader(DemoLoader):
    """Create the demo, with additional organizations: full, closed, new, and large."""

    def load(self) -> None:
        """Create all organizations."""
        super().load()
        self._full()
        self._closed()
        self._new()
        self._large()

    def _full(self) -> None:
        full = self._organization("Prairie Umpires", "prairie")
        self._year(full, ends_in=36, licenses=15, package=self.association)
        self._people(full, total=15)

    def _closed(self) -> None:
        closed = self._organization("Ridge Referees", "ridge")
        self._year(closed, ends_in=-20, licenses=10, package=self.club)
        self._people(closed, total=9)

    def _new(self) -> None:
        """Create an organization with only its Administrator."""
        new = self._organization("Meadow Officials", "meadow")
        user = self._user("administrator@meadow.example", "Ada Admin")
        self._member(new, user, Role.ADMINISTRATOR, 1)

    def _large(self) -> None:
        large = self._organization("Metropolitan Officials Federation", "metro")
        self._year(large, ends_in=200, licenses=LARGE, package=self.conference)
        self._people(large, total=9)
        joined_at = self._noon(self.today - timedelta(days=90))
        users = User.objects.bulk_create(
            User(email=f"official{number}@metro.example", name=f"Official Number {number}")
            for number in range(10, LARGE + 1)
        )
        Membership.objects.bulk_create(
            Membership(
                organization=large,
                user=user,
                role=Role.GENERAL_MEMBER,
                state=MembershipState.ACTIVE,
                license_number=number,
                invited_as=user.name,
                invited_at=joined_at,
                invitation_number=1,
                joined_at=joined_at,
                last_seen_at=joined_at,
                created_at=joined_at,
            )
            for number, user in enumerate(users, start=10)
        )


def member(email: str, slug: str = "") -> Membership:
    """Return a person's membership in the organization with this slug."""
    slug = slug or email.partition("@")[2].removesuffix(".example")
    memberships = Membership.objects.select_related("organization", "user")
    return memberships.get(organization__slug=slug, user__email=email)


def open_purchase() -> Purchase:
    """Return an unpaid purchase of five licenses for Lakeside."""
    return add_ons.start_purchase(
        member("assignor@lakeside.example"), Order(5, submission=uuid.uuid4())
    )


def newest_purchase(slug: str, kind: str) -> Purchase:
    """Return a settled purchase with its receipt."""
    found = Purchase.objects.filter(organization__slug=slug, kind=kind, status="settled")
    return found.latest("settled_at")


def prepare() -> RosterImport:
    """Prepare the data that the screenshots show."""
    administrator = member("administrator@lakeside.example")
    settings.set_join_code(administrator, is_open=True)
    threads.write(
        administrator, MessageDraft("Thank you. Can they share one phone number, at least?")
    )
    return roster_with_all_row_states(administrator)


def organization(slug: str) -> Organization:
    """Return the organization with this slug."""
    return Organization.objects.get(slug=slug)


def load() -> None:
    """Fill an empty database."""
    ScreensLoader(clock.today()).load()
