"""Test rows (factory-boy). Scenarios use ``world.py``, which builds on these."""

from datetime import timedelta

from allauth.account.models import EmailAddress
from factory.declarations import LazyAttribute, LazyFunction, SelfAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory, Password
from factory.faker import Faker
from factory.helpers import post_generation

from subscriptions import clock
from subscriptions.models import Membership, Organization, Package, Term, User
from subscriptions.models.members import MembershipState, Role
from subscriptions.policy import calendar

PASSWORD = "correct horse battery staple"


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    name = Faker("name")
    email = Sequence(lambda number: f"person{number}@people.example")
    password = Password(PASSWORD)
    last_login = LazyFunction(clock.now)

    @post_generation
    def address(user: User, create: bool, extracted: object, **kwargs: object) -> None:
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)


class OrganizationFactory(DjangoModelFactory[Organization]):
    class Meta:
        model = Organization

    name = Sequence(lambda number: f"Officials {number}")
    slug = Sequence(lambda number: f"officials-{number}")
    currency = "usd"
    billing_name = "Tracy Treasurer"
    billing_address = "12 Main Street\nSpringfield"
    created_at = LazyFunction(clock.now)


class PackageFactory(DjangoModelFactory[Package]):
    class Meta:
        model = Package

    name = "Association"
    unit_amount = 500
    currency = "usd"
    term_years = 1
    minimum_licenses = 5


class TermFactory(DjangoModelFactory[Term]):
    class Meta:
        model = Term

    package = SubFactory(PackageFactory)
    package_name = SelfAttribute("package.name")
    unit_amount = SelfAttribute("package.unit_amount")
    currency = SelfAttribute("package.currency")
    expires_on = LazyAttribute(lambda term: calendar.expiration_date(term.starts_on, 1))
    created_at = LazyFunction(clock.now)


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    user = SubFactory(UserFactory)
    role = Role.GENERAL_MEMBER
    state = MembershipState.ACTIVE
    invited_as = SelfAttribute("user.name")
    invited_at = LazyFunction(lambda: clock.now() - timedelta(days=30))
    invitation_number = 1
    joined_at = LazyFunction(lambda: clock.now() - timedelta(days=29))
    last_seen_at = LazyFunction(clock.now)
    created_at = LazyFunction(lambda: clock.now() - timedelta(days=30))
    license_number = LazyAttribute(
        lambda member: member.organization.memberships.exclude(license_number=None).count() + 1
    )
