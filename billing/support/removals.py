"""Remove licenses from a renewal while no one is paying for it (R17, R27).

``licenses.removals`` writes the removal; an open checkout of the renewal is expired here first,
because its number of licenses is frozen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.db import transaction

from billing.checkout.closing import close_checkout
from billing.checkout.renewals import find_open_renewal_checkout, refuse_if_under_review
from billing.models.locks import retry_until_done
from subscriptions import clock
from subscriptions.licenses import removals, renewals
from subscriptions.licenses.removals import NewRemoval
from subscriptions.licenses.renewals import RenewalNeed
from subscriptions.licenses.status import SubscriptionStatus, get_status
from subscriptions.models import LicenseRemoval, Organization, Package, Term, User
from subscriptions.models.organizations import lock_organization
from subscriptions.policy.refusal import Reason, Refusal, Refused, require
from subscriptions.policy.renewals import max_removable, may_remove

T = TypeVar("T")


@dataclass(frozen=True)
class RemovalPlan:
    """A preview of a removal. Totals in minor units of ``currency``.

    ``package`` is the current one; with another one the renewal costs a different amount.
    """

    need: RenewalNeed
    package: Package
    maximum: int
    quantity: int
    renewal_before: int
    renewal_after: int
    currency: str

    @property
    def total_before(self) -> int:
        """The renewal at today's price, without any discount or fee."""
        return self.renewal_before * self.package.unit_amount

    @property
    def total_after(self) -> int:
        """The same after the removal."""
        return self.renewal_after * self.package.unit_amount

    @property
    def left(self) -> int:
        """Licenses left in the renewal, before members and the package's minimum are considered."""
        return self.need.licenses - self.need.removed - self.quantity


def plan_removal(subscription: SubscriptionStatus, quantity: int) -> RemovalPlan:
    """Return a preview of removing ``quantity`` licenses.

    Raises Refused if renewal is not open, support is reviewing its payment, or ``quantity`` is too
    large.
    """
    term = _require_renewable_term(subscription)
    need = renewals.get_need(term, in_use=subscription.licenses.in_use)
    counts = {"licenses": need.licenses, "removed": need.removed, "in_use": need.in_use}
    if quantity:
        require(may_remove(quantity, **counts))
    after = RenewalNeed(need.licenses, need.removed + quantity, need.in_use)
    return RemovalPlan(
        need=need,
        package=term.package,
        maximum=max_removable(**counts),
        quantity=quantity,
        renewal_before=need.quantity(term.package).quantity,
        renewal_after=after.quantity(term.package).quantity,
        currency=term.package.currency,
    )


def remove_licenses(organization: Organization, new: NewRemoval, *, actor: User) -> LicenseRemoval:
    """Remove licenses from the renewal, once per ``new.submission``.

    Raises Refused if renewal is not open or has just been paid, support is reviewing its payment,
    or fewer licenses than members would be left. Raises ProcessorUnavailable, with nothing removed,
    if an open checkout could not be closed.
    """
    existing = LicenseRemoval.objects.filter(submission=new.submission).first()
    if existing is not None:
        return existing

    def remove(subscription: SubscriptionStatus) -> LicenseRemoval:
        existing = LicenseRemoval.objects.filter(submission=new.submission).first()
        return existing or removals.remove(subscription, new, actor=actor)

    return _act_without_open_checkout(organization, remove)


def undo_removal(removal: LicenseRemoval, *, actor: User) -> LicenseRemoval:
    """Undo a removal. Raises the same errors as ``remove_licenses``."""
    return _act_without_open_checkout(
        removal.term.organization,
        lambda subscription: removals.undo(subscription, removal, actor=actor),
    )


def _act_without_open_checkout(
    organization: Organization, act: Callable[[SubscriptionStatus], T]
) -> T:
    """Close the renewal's open checkout, then act under the lock."""
    _require_renewable_term(get_status(organization, clock.now()))

    def close_and_act() -> T | None:
        checkout = find_open_renewal_checkout(organization)
        if checkout is not None:
            close_checkout(checkout)
        with transaction.atomic():
            # Keeps members from being added, and the renewal from being started or paid, in
            # between.
            locked = lock_organization(organization)
            if find_open_renewal_checkout(locked):
                return None
            subscription = get_status(locked, clock.now())
            _refuse_if_paid(subscription)
            _require_renewable_term(subscription)
            return act(subscription)

    return retry_until_done(close_and_act, otherwise=Refused(Refusal(Reason.RENEWAL_BEING_PAID)))


def _refuse_if_paid(subscription: SubscriptionStatus) -> None:
    """Refuse if renewal is no longer open; it was a moment ago, so it has just been paid."""
    if isinstance(subscription.may_renew, Refusal):
        facts = {"renewal_opens_on": subscription.renewal_opens_on}
        raise Refused(Refusal(Reason.RENEWAL_PAID, facts))


def _require_renewable_term(subscription: SubscriptionStatus) -> Term:
    require(subscription.may_renew)
    if subscription.latest is None:
        raise Refused(Refusal(Reason.NO_TERM))
    refuse_if_under_review(subscription.latest)
    return subscription.latest
