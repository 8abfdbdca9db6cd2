"""Rows for tests (factory-boy). Stories are told with ``tests/world.py``, which builds on these."""

from datetime import timedelta

import factory
from allauth.account.models import EmailAddress

from subscriptions import clock
from subscriptions.models import Membership, Organization, Package, Term, User
from subscriptions.models.people import MembershipState, Role
from subscriptions.policy import calendar

PASSWORD = "correct horse battery staple"


class UserFactory(factory.django.DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    name = factory.Faker("name")
    email = factory.Sequence(lambda number: f"person{number}@people.example")
    password = factory.django.Password(PASSWORD)
    last_login = factory.LazyFunction(clock.now)

    @factory.post_generation
    def address(user: User, create: bool, extracted: object, **kwargs: object) -> None:  # type: ignore[misc]
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)


class OrganizationFactory(factory.django.DjangoModelFactory[Organization]):
    class Meta:
        model = Organization

    name = factory.Sequence(lambda number: f"Officials {number}")
    slug = factory.Sequence(lambda number: f"officials-{number}")
    currency = "usd"
    billing_name = "Tracy Treasurer"
    billing_address = "12 Main Street\nSpringfield"
    created_at = factory.LazyFunction(clock.now)


class PackageFactory(factory.django.DjangoModelFactory[Package]):
    class Meta:
        model = Package

    name = "Association"
    unit_amount = 500
    currency = "usd"
    term_years = 1
    minimum_licenses = 5


class TermFactory(factory.django.DjangoModelFactory[Term]):
    class Meta:
        model = Term

    package = factory.SubFactory(PackageFactory)
    package_name = factory.SelfAttribute("package.name")
    unit_amount = factory.SelfAttribute("package.unit_amount")
    currency = factory.SelfAttribute("package.currency")
    expires_on = factory.LazyAttribute(lambda term: calendar.expiration_date(term.starts_on, 1))
    created_at = factory.LazyFunction(clock.now)


class MembershipFactory(factory.django.DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    role = Role.GENERAL_MEMBER
    state = MembershipState.ACTIVE
    invited_as = factory.SelfAttribute("user.name")
    invited_at = factory.LazyFunction(lambda: clock.now() - timedelta(days=30))
    invitation_number = 1
    joined_at = factory.LazyFunction(lambda: clock.now() - timedelta(days=29))
    created_at = factory.LazyFunction(lambda: clock.now() - timedelta(days=30))
    license_number = factory.LazyAttribute(
        lambda member: member.organization.memberships.exclude(license_number=None).count() + 1
    )
