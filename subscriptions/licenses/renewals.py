"""The renewal of a term: its quantity, freezing it during payment, and starting the next term.

Independent of payments. Callers hold the organization's lock (R24, R25, R27).
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet, Sum

from subscriptions import clock
from subscriptions.licenses import ledger
from subscriptions.licenses.terms import get_last_term, live_terms
from subscriptions.models import LicenseEntry, LicenseRemoval, Package, Renewal, Term, User
from subscriptions.models.terms import STATES_IN_EFFECT, RenewalState
from subscriptions.notifications import activity
from subscriptions.policy import calendar
from subscriptions.policy import renewals as rules
from subscriptions.policy.calendar import LastTerm
from subscriptions.policy.renewals import RenewalQuantity


@dataclass(frozen=True)
class RenewalNeed:
    """The basis of a renewal: the term's licenses, removals in effect, and licenses in use."""

    licenses: int
    removed: int
    in_use: int

    def quantity(self, package: Package) -> RenewalQuantity:
        """Return the number of licenses with ``package``, and the bound that applied (R25)."""
        return rules.renewal_quantity(
            licenses=self.licenses,
            removed=self.removed,
            in_use=self.in_use,
            minimum=package.minimum_licenses,
        )


@dataclass(frozen=True)
class NextTerm:
    """The next term, frozen when its payment begins; the amount is in minor units."""

    package: Package
    package_name: str
    unit_amount: int
    currency: str
    years: int
    quantity: int


def get_need(term: Term, *, in_use: int) -> RenewalNeed:
    """Return the basis for renewing ``term`` while ``in_use`` licenses are in use (R25, R27).

    A canceled original purchase has no licenses to renew, so only the members and the minimum count
    (R30).
    """
    if term.canceled_at is not None:
        return RenewalNeed(licenses=0, removed=0, in_use=in_use)
    licenses = LicenseEntry.objects.filter(term=term).aggregate(sum=Sum("quantity"))["sum"]
    removed = removals_in_effect(term).aggregate(sum=Sum("quantity"))["sum"]
    return RenewalNeed(licenses=licenses or 0, removed=removed or 0, in_use=in_use)


def removals_in_effect(term: Term) -> QuerySet[LicenseRemoval]:
    """Return the removals from a term's renewal that have not been undone (R27)."""
    return LicenseRemoval.objects.filter(term=term, undone_at=None)


def current_renewal(term: Term) -> Renewal | None:
    """Return the term's renewal that is open, being paid, or paid, if any."""
    return Renewal.objects.filter(term=term, state__in=STATES_IN_EFFECT).first()


def may_start_next_term(renewal: Renewal) -> bool:
    """Whether a payment for this renewal can still start a term (R30).

    It cannot if the old term has been canceled, or counts again after a failed refund.
    """
    paid = renewal.term.organization.terms.order_by("starts_on", "pk")
    last = get_last_term(paid, clock.now())
    is_unpaid = renewal.state in (RenewalState.OPEN, RenewalState.PAYING)
    return is_unpaid and last is not None and last.key == renewal.term_id


def freeze(term: Term, package: Package, quantity: int) -> Renewal:
    """Fix the package and quantity while a payment is open, which limits the members (R5)."""
    renewal = current_renewal(term) or Renewal(term=term, created_at=clock.now())
    if renewal.pk and renewal.state != RenewalState.OPEN:
        raise ValueError(f"renewal {renewal.pk} is {renewal.state}, not open")
    renewal.package = package
    renewal.quantity = quantity
    renewal.state = RenewalState.PAYING
    renewal.save()
    return renewal


def reopen(renewal: Renewal) -> None:
    """Release the package and quantity of a payment that was not completed."""
    if renewal.state == RenewalState.PAYING:
        renewal.state = RenewalState.OPEN
        renewal.quantity = None
        renewal.save(update_fields=["state", "quantity"])


def start_next_term(
    renewal: Renewal,
    facts: NextTerm,
    *,
    charged_at: datetime,
    reference: str,
    actor: User | None,
) -> Term:
    """Start the next term with its licenses, from frozen facts (R23, R31).

    The new term follows the old one, or starts on the charge date if ``charged_at`` is later.
    """
    old = renewal.term
    zone = clock.zone()
    ending = LastTerm(old.expires_on, old.canceled_at)
    starts_on = rules.next_term_starts_on(ending, charged_at=charged_at, zone=zone)
    term = Term.objects.create(
        organization=old.organization,
        package=facts.package,
        package_name=facts.package_name,
        unit_amount=facts.unit_amount,
        currency=facts.currency,
        starts_on=starts_on,
        expires_on=calendar.expiration_date(starts_on, facts.years),
        renews=old,
        created_at=clock.now(),
    )
    ledger.grant_included(
        term,
        facts.quantity,
        effective_at=max(clock.now(), calendar.midnight(starts_on, zone)),
        reference=reference,
        actor=actor,
    )
    renewal.state = RenewalState.PAID
    renewal.package = facts.package
    renewal.quantity = facts.quantity
    renewal.next_term = term
    renewal.save(update_fields=["state", "package", "quantity", "next_term"])
    activity.record(
        old.organization,
        "subscription_renewed",
        actor=actor,
        data={"term": term.pk, "quantity": facts.quantity, "starts_on": starts_on.isoformat()},
    )
    return term


def later_term(term: Term) -> Term | None:
    """Return a valid term that follows this one, if any; it must be refunded first (R30)."""
    return (
        live_terms(term.organization)
        .filter(starts_on__gt=term.starts_on)
        .exclude(pk=term.pk)
        .last()
    )


def was_replaced(term: Term) -> bool:
    """Whether a valid term was paid after this one was canceled (R30)."""
    return live_terms(term.organization).filter(created_at__gte=term.canceled_at).exists()


def cancel(term: Term) -> None:
    """Cancel a term whose payment was reversed, and open its renewal again (R30)."""
    term.canceled_at = clock.now()
    term.save(update_fields=["canceled_at"])
    Renewal.objects.filter(next_term=term, state=RenewalState.PAID).update(
        state=RenewalState.REFUNDED
    )
    activity.record(term.organization, "term_canceled", actor=None, data={"term": term.pk})


def lift_cancellation(term: Term) -> None:
    """Make a term valid again after its refund failed, and withdraw its new renewal (R30).

    Callers first make sure that the new renewal has not been paid and is not being paid.
    """
    # A canceled original purchase has a renewal of its own.
    renewed = term.renews or term
    Renewal.objects.filter(term=renewed, state__in=(RenewalState.OPEN, RenewalState.PAYING)).update(
        state=RenewalState.WITHDRAWN, quantity=None
    )
    Renewal.objects.filter(next_term=term, state=RenewalState.REFUNDED).update(
        state=RenewalState.PAID
    )
    term.canceled_at = None
    term.save(update_fields=["canceled_at"])
    activity.record(term.organization, "cancellation_lifted", actor=None, data={"term": term.pk})
