"""The organizations of a run: one term ends each month, so that some are always in renewal."""

from datetime import timedelta

from subscriptions import clock
from subscriptions.models import Membership, Organization, Package, User
from subscriptions.models.members import Role
from tests.programs.soak.users import UNIT_AMOUNT
from tests.support.factories import (
    PASSWORD,
    MembershipFactory,
    OrganizationFactory,
    PackageFactory,
    UserFactory,
)
from tests.support.world import build_term

LICENSES, MEMBERS = 25, 8
# Every organization has two simulated users, who act at the same time.
USERS_EACH = 2


def email_of(person: int) -> str:
    """Return the email address of a simulated user."""
    return f"person{person}@users.example"


def build(organizations: int, number_of_users: int) -> dict[int, list[str]]:
    """Fill the database; return the organizations of each simulated user."""
    package = PackageFactory.create(unit_amount=UNIT_AMOUNT)
    users = [
        UserFactory.create(email=email_of(number), password=PASSWORD)
        for number in range(number_of_users)
    ]
    slugs: dict[int, list[str]] = {number: [] for number in range(number_of_users)}
    for number in range(organizations):
        organization = _build_one(number, package)
        for person in range(USERS_EACH):
            who = (number + person) % number_of_users
            _add_member(organization, users[who], Role.ASSIGNOR)
            slugs[who].append(organization.slug)
    return slugs


def _build_one(number: int, package: Package) -> Organization:
    organization: Organization = OrganizationFactory.create()
    # The first ones start in the renewal window.
    age = timedelta(days=350 - 30 * (number % 12))
    build_term(organization, licenses=LICENSES, starts_on=clock.today() - age, package=package)
    _add_member(organization, UserFactory.create(), Role.ADMINISTRATOR)
    for _ in range(MEMBERS - 1 - USERS_EACH):
        _add_member(organization, UserFactory.create(), Role.GENERAL_MEMBER)
    return organization


def _add_member(organization: Organization, user: User, role: Role) -> Membership:
    member: Membership = MembershipFactory.create(organization=organization, user=user, role=role)
    return member
