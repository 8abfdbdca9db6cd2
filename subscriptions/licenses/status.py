"""The subscription status of an organization: terms, licenses, and what is allowed.

Pages, forms and use cases all rely on it, so they show the same numbers and decide alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Min, Q, Sum

from subscriptions import clock
from subscriptions.licenses import ledger
from subscriptions.licenses.terms import get_last_term, get_phase
from subscriptions.models import Organization, Renewal, Term
from subscriptions.models.members import LICENSE_HOLDER_STATES
from subscriptions.models.terms import RenewalState
from subscriptions.policy import add_ons, calendar, expiration, licenses, renewals
from subscriptions.policy.calendar import LastTerm, is_canceled
from subscriptions.policy.expiration import RENEWAL_PHASES, Phase
from subscriptions.policy.refusal import Allowed, Refusal


@dataclass(frozen=True)
class SubscriptionStatus:
    """The status of an organization's subscription at ``now``.

    ``terms`` are the ones that are not canceled, oldest first. ``term`` is the running one, and
    ``latest`` the last one paid; they are the same until the subscription is renewed. If all terms
    are canceled, ``latest`` is the first one, which a renewal renews (R30).
    """

    organization: Organization
    now: datetime
    today: date
    terms: tuple[Term, ...]
    term: Term | None
    latest: Term | None
    last: LastTerm | None
    licenses: licenses.LicenseCount
    phase: Phase
    may_add_licenses: Allowed | Refusal
    may_renew: Allowed | Refusal

    @property
    def sells_add_ons(self) -> bool:
        """Whether add-ons are sold now."""
        return isinstance(self.may_add_licenses, Allowed)

    def may_take(self, number: int) -> Allowed | Refusal:
        """Whether ``number`` more members may be added now (R5)."""
        if self.is_late and isinstance(self.may_add_licenses, Refusal):
            # After expiration no licenses are held, so say that it expired, not how many (R22).
            return self.may_add_licenses
        return licenses.may_take(self.licenses, number)

    @property
    def renewal_is_open(self) -> bool:
        """Whether renewal is open: from its window until it is paid, even if expired (R19)."""
        return self.phase in RENEWAL_PHASES

    @property
    def is_late(self) -> bool:
        """Whether the subscription has expired without being renewed (R22)."""
        return self.phase in (Phase.EXPIRED, Phase.CLOSED)

    @property
    def canceled_on(self) -> date | None:
        """The day a cancellation, rather than expiration, ended the subscription (R30)."""
        if self.last is None or self.last.ended_at is None:
            return None
        return calendar.local_date(self.last.ended_at, clock.zone())

    @property
    def ended_on(self) -> date | None:
        """The last day of the latest term, or the day of its cancellation."""
        return self.canceled_on or (self.latest.expires_on if self.latest else None)

    @property
    def days_left_to_add(self) -> int | None:
        """Days left to add licenses; None except in the last weeks."""
        if self.latest is None or self.canceled_on:
            return None
        return renewals.days_left_to_add(self.latest.expires_on, self.today)

    @property
    def next_term(self) -> Term | None:
        """The next term, if it is paid but has not started."""
        later = [term for term in self.terms if term.starts_on > self.today]
        return later[0] if later else None

    @property
    def days_remaining(self) -> int | None:
        """Days until the running term expires, or else the latest one (R19)."""
        if self.term is not None:
            return calendar.days_remaining(self.term.expires_on, self.today)
        return calendar.days_remaining(self.ended_on, self.today) if self.ended_on else None

    @property
    def renewal_opens_on(self) -> date | None:
        """The first day of the latest term's renewal window (R19)."""
        return calendar.renewal_opens_on(self.latest.expires_on) if self.latest else None

    @property
    def last_day_to_add(self) -> date | None:
        """The last day to add licenses to the latest term (R19)."""
        return calendar.last_day_to_add(self.latest.expires_on) if self.latest else None


def get_status(organization: Organization, now: datetime) -> SubscriptionStatus:
    """Return the subscription status of ``organization`` at the aware instant ``now``.

    Makes three queries, and one more if a paid term has not started. Callers that base decisions on
    the result must already hold the organization's lock.
    """
    zone = clock.zone()
    today = calendar.local_date(now, zone)
    paid = {term.pk: term for term in _paid_terms(organization, now)}
    terms = tuple(term for term in paid.values() if not is_canceled(term.canceled_at, now=now))
    running = [term for term in terms if term.starts_on <= today <= term.expires_on]
    last = get_last_term(paid.values(), now)
    return SubscriptionStatus(
        organization=organization,
        now=now,
        today=today,
        terms=terms,
        term=running[0] if running else None,
        latest=paid[last.key] if last else None,
        last=last,
        licenses=_count(organization, today, terms, in_use=_count_members(organization)),
        phase=get_phase(last, now),
        may_add_licenses=add_ons.may_add_licenses(last, now=now, zone=zone),
        may_renew=renewals.may_renew(last, now=now, zone=zone),
    )


def _paid_terms(organization: Organization, now: datetime) -> list[Term]:
    """Return all terms in order of their start, each with the licenses ``granted`` by ``now``."""
    granted = Sum(
        "license_entries__quantity", filter=Q(license_entries__effective_at__lte=now), default=0
    )
    return list(organization.terms.annotate(granted=granted).order_by("starts_on", "pk"))


def _count(
    organization: Organization, today: date, terms: Sequence[Any], *, in_use: int
) -> licenses.LicenseCount:
    """Count licenses; ``terms`` are from ``_paid_terms``, without canceled ones."""
    later = [term for term in terms if term.starts_on > today]
    held_later = _held_at_start(organization, later)
    return licenses.count_licenses(
        held=sum(term.granted for term in terms if expiration.still_counts(term.expires_on, today)),
        in_use=in_use,
        later_terms=[
            licenses.LaterTerm(term.starts_on, number)
            for term, number in zip(later, held_later, strict=True)
        ],
        renewal_checkout_quantity=_open_checkout_quantity(organization),
    )


def _open_checkout_quantity(organization: Organization) -> int | None:
    """Return the quantity of a renewal being paid, which limits the members (R5)."""
    paying = Renewal.objects.filter(term__organization=organization, state=RenewalState.PAYING)
    quantity: int | None = paying.aggregate(fewest=Min("quantity"))["fewest"]
    return quantity


def _held_at_start(organization: Organization, later: Sequence[Term]) -> list[int]:
    starts = [calendar.midnight(term.starts_on, clock.zone()) for term in later]
    return ledger.held_at(organization, starts) if starts else []


def _count_members(organization: Organization) -> int:
    """Count the members who hold a license (R4)."""
    # COUNT(*) reads an index only; with a column, PostgreSQL would read every row.
    return organization.memberships.filter(state__in=LICENSE_HOLDER_STATES).count()
