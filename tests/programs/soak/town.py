"""The organizations of the run: their terms end month after month, so that some always renew."""

from datetime import timedelta

from subscriptions import clock
from subscriptions.models import Membership, Organization, Package, User
from subscriptions.models.members import Role
from tests.programs.soak.crowd import UNIT_AMOUNT
from tests.support.factories import (
    PASSWORD,
    MembershipFactory,
    OrganizationFactory,
    PackageFactory,
    UserFactory,
)
from tests.support.world import build_term

LICENSES, MEMBERS = 25, 8
# Every organization has two people of the crowd, who do things at the same moment.
PEOPLE_EACH = 2


def email_of(person: int) -> str:
    """The login of one of the crowd."""
    return f"person{person}@crowd.example"


def build(organizations: int, people: int) -> dict[int, list[str]]:
    """Fill the database; which organizations each of the crowd looks after."""
    package = PackageFactory.create(unit_amount=UNIT_AMOUNT)
    crowd = [
        UserFactory.create(email=email_of(number), password=PASSWORD) for number in range(people)
    ]
    slugs: dict[int, list[str]] = {number: [] for number in range(people)}
    for number in range(organizations):
        organization = _build_one(number, package)
        for person in range(PEOPLE_EACH):
            who = (number + person) % people
            _join(organization, crowd[who], Role.ASSIGNOR)
            slugs[who].append(organization.slug)
    return slugs


def _build_one(number: int, package: Package) -> Organization:
    organization: Organization = OrganizationFactory.create()
    # The first ones are in the renewal window from the beginning.
    age = timedelta(days=350 - 30 * (number % 12))
    build_term(organization, licenses=LICENSES, starts_on=clock.today() - age, package=package)
    _join(organization, UserFactory.create(), Role.ADMINISTRATOR)
    for _ in range(MEMBERS - 1 - PEOPLE_EACH):
        _join(organization, UserFactory.create(), Role.GENERAL_MEMBER)
    return organization


def _join(organization: Organization, user: User, role: Role) -> Membership:
    member: Membership = MembershipFactory.create(organization=organization, user=user, role=role)
    return member
