"""The packages an organization may choose, and whether support may withdraw one (R11, R24)."""

from subscriptions.models import Organization, Package, Term


def offered_packages(organization: Organization) -> list[Package]:
    """Return the packages an organization may choose now: offered, in its currency (R24)."""
    return list(Package.objects.filter(is_offered=True, currency=organization.currency))


def may_withdraw(package: Package) -> bool:
    """Whether another package would still be offered to organizations with its currency (R24).

    Locks the price list until the transaction ends, so that simultaneous withdrawals cannot remove
    the last one.
    """
    offered = Package.objects.select_for_update().filter(is_offered=True, currency=package.currency)
    others = [other for other in offered if other.pk != package.pk]
    return bool(others) or not Organization.objects.filter(currency=package.currency).exists()


def count_paid_terms(package: Package) -> int:
    """Count a package's paid terms; they keep the name and price it had at the time (R11)."""
    return Term.objects.filter(package=package, canceled_at=None).count()
