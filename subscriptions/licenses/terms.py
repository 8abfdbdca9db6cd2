"""Questions about terms: of one organization, and of many at once."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from subscriptions import clock
from subscriptions.models import Organization, Term
from subscriptions.policy import calendar
from subscriptions.policy.calendar import LastTerm


def last_term_of(terms: Iterable[Term], now: datetime) -> LastTerm | None:
    """Which of an organization's terms, given in the order of their start, counts at ``now``."""
    return calendar.last_term(list(terms), now=now, zone=clock.zone())


def live_terms(organization: Organization) -> QuerySet[Term]:
    """The terms that are paid and not canceled, in the order of their start."""
    return organization.terms.filter(canceled_at=None).order_by("starts_on")
