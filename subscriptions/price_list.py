"""The price list as support keeps it: what may be changed, and whom a change touches (R11, R24)."""

from collections.abc import Callable

from subscriptions.models import Discount, Organization, Package, Term

# Purchases stand a floor above: the site tells this one whom to ask.
_count_uses: Callable[[Discount], tuple[int, int]] | None = None


def may_withdraw(package: Package) -> bool:
    """Whether something else stays offered to the organizations that pay in its currency (R24).

    Locks the price list until the transaction ends, so that two withdrawals cannot meet.
    """
    offered = Package.objects.select_for_update().filter(is_offered=True, currency=package.currency)
    others = [other for other in offered if other.pk != package.pk]
    return bool(others) or not Organization.objects.filter(currency=package.currency).exists()


def count_untouched_terms(package: Package) -> int:
    """Paid terms of a package: they keep the name and price they were bought with (R11)."""
    return Term.objects.filter(package=package, canceled_at=None).count()


def ask_about_uses(count_uses: Callable[[Discount], tuple[int, int]]) -> None:
    """Have ``count_uses`` say how many paid purchases and open checkouts have a discount."""
    global _count_uses  # noqa: PLW0603  (set once, when the site starts)
    _count_uses = count_uses


def count_untouched_purchases(discount: Discount) -> tuple[int, int]:
    """Paid purchases and open checkouts of a discount: both keep what they were given (R26)."""
    return _count_uses(discount) if _count_uses else (0, 0)
