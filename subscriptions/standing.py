"""How an organization stands at a moment: its terms, licenses, and what may be done.

Pages, forms and use cases ask here, so that all of them see the same numbers and get the same
answer from the rules.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import Min

from subscriptions import clock, ledger
from subscriptions.models import Membership, Organization, Renewal, Term
from subscriptions.models.people import HOLDS_LICENSE
from subscriptions.models.terms import RenewalState
from subscriptions.policy import buying, calendar, licenses, renewal
from subscriptions.policy.decisions import Allowed, Refusal
from subscriptions.policy.renewal import RENEWAL_OPEN, Phase
from subscriptions.policy.terms import LastTerm, is_canceled
from subscriptions.terms import last_term_of


@dataclass(frozen=True)
class Standing:
    """An organization at ``now``.

    ``terms`` are those not canceled, oldest first. ``term`` is the running one, ``latest`` the
    last one paid: the same until the subscription is renewed. Where all are canceled, ``latest`` is
    the first one, which a renewal is of (R30).
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
        """Whether Add Licenses sells at this moment."""
        return isinstance(self.may_add_licenses, Allowed)

    def may_take(self, number: int) -> Allowed | Refusal:
        """Whether ``number`` more members may be added now (R5)."""
        if self.is_late and isinstance(self.may_add_licenses, Refusal):
            # No license is held any more; that is the reason, not their number (R22).
            return self.may_add_licenses
        return licenses.may_take(self.licenses, number)

    @property
    def renewal_is_open(self) -> bool:
        """From the opening of the window until the renewal is paid, after expiration too (R19)."""
        return self.phase in RENEWAL_OPEN

    @property
    def is_late(self) -> bool:
        """Expired and not renewed (R22)."""
        return self.phase in (Phase.EXPIRED, Phase.CLOSED)

    @property
    def canceled_on(self) -> date | None:
        """The day a cancellation ended the subscription, rather than its expiration (R30)."""
        if self.last is None or self.last.ended_at is None:
            return None
        return calendar.local_date(self.last.ended_at, clock.zone())

    @property
    def ended_on(self) -> date | None:
        """The last day of the latest term, or the day it was canceled on."""
        return self.canceled_on or (self.latest.expires_on if self.latest else None)

    @property
    def days_left_to_add(self) -> int | None:
        """The countdown to the last day to add licenses, in its last weeks."""
        if self.latest is None or self.canceled_on:
            return None
        return renewal.days_left_to_add(self.latest.expires_on, self.today)

    @property
    def next_term(self) -> Term | None:
        """The renewed term that is paid and has not begun yet."""
        later = [term for term in self.terms if term.starts_on > self.today]
        return later[0] if later else None

    @property
    def days_remaining(self) -> int | None:
        """Days to the expiration date of the running, else the latest, term (R19)."""
        if self.term is not None:
            return calendar.days_remaining(self.term.expires_on, self.today)
        return calendar.days_remaining(self.ended_on, self.today) if self.ended_on else None

    @property
    def renewal_opens_on(self) -> date | None:
        """The first day of the renewal window of the latest term (R19)."""
        return calendar.renewal_opens_on(self.latest.expires_on) if self.latest else None

    @property
    def last_day_to_add(self) -> date | None:
        """The last day on which add-ons of the latest term are sold (R19)."""
        return calendar.last_day_to_add(self.latest.expires_on) if self.latest else None


def standing_of(organization: Organization, now: datetime) -> Standing:
    """The standing of ``organization`` at the aware instant ``now``: four queries."""
    zone = clock.zone()
    today = calendar.local_date(now, zone)
    paid = {term.pk: term for term in organization.terms.order_by("starts_on", "pk")}
    terms = tuple(term for term in paid.values() if not is_canceled(term.canceled_at, now=now))
    running = [term for term in terms if term.starts_on <= today <= term.expires_on]
    last = last_term_of(paid.values(), now)
    return Standing(
        organization=organization,
        now=now,
        today=today,
        terms=terms,
        term=running[0] if running else None,
        latest=paid[last.key] if last else None,
        last=last,
        licenses=_count(organization, now, [term for term in terms if term.starts_on > today]),
        phase=_phase(last, now),
        may_add_licenses=buying.may_add_licenses(last, now=now, zone=zone),
        may_renew=renewal.may_renew(last, now=now, zone=zone),
    )


def phase_by_dates(
    latest_expires_on: date | None,
    latest_canceled_at: datetime | None,
    latest_outlived_on: date | None,
    now: datetime,
) -> Phase:
    """The phase from the three columns that ``subscriptions.terms`` adds to a query."""
    last = None
    if latest_outlived_on is not None:
        outlived_at = calendar.expires_at(latest_outlived_on, clock.zone())
        latest_canceled_at = max(filter(None, (latest_canceled_at, outlived_at)))
    if latest_expires_on is not None:
        ended = latest_canceled_at
        expires_at = calendar.expires_at(latest_expires_on, clock.zone())
        last = LastTerm(latest_expires_on, ended if ended and ended > expires_at else None)
    elif latest_canceled_at is not None:
        canceled_on = calendar.local_date(latest_canceled_at, clock.zone())
        last = LastTerm(canceled_on, latest_canceled_at)
    return _phase(last, now)


def _phase(last: LastTerm | None, now: datetime) -> Phase:
    close_after = timedelta(days=settings.CLOSE_AFTER_DAYS)
    return renewal.phase_of(last, now=now, zone=clock.zone(), close_after=close_after)


def _count(
    organization: Organization, now: datetime, later_terms: list[Term]
) -> licenses.LicenseCount:
    zone = clock.zone()
    starts = [calendar.midnight(term.starts_on, zone) for term in later_terms]
    held, *held_later = ledger.held_at(organization, [now, *starts])
    return licenses.count_licenses(
        held=held,
        in_use=Membership.objects.filter(
            organization=organization, state__in=HOLDS_LICENSE
        ).count(),
        later_terms=[
            licenses.LaterTerm(term.starts_on, number)
            for term, number in zip(later_terms, held_later, strict=True)
        ],
        renewal_checkout_quantity=(
            Renewal.objects.filter(
                term__organization=organization, state=RenewalState.PAYING
            ).aggregate(least=Min("quantity"))["least"]
        ),
    )
