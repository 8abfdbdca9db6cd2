"""Questions about terms: of one organization, and of many at once."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import F, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import TruncDate

from subscriptions import clock
from subscriptions.models import Organization, Term
from subscriptions.policy import calendar
from subscriptions.policy.calendar import LastTerm, PaidTerm


def last_term_of(terms: Iterable[Term], now: datetime) -> LastTerm | None:
    """Which of an organization's terms, given in the order of their start, counts at ``now``."""
    paid = [PaidTerm(term.pk, term.expires_on, term.canceled_at) for term in terms]
    return calendar.last_term(paid, now=now, zone=clock.zone())


def live_terms(organization: Organization) -> QuerySet[Term]:
    """The terms that are paid and not canceled, in the order of their start."""
    return organization.terms.filter(canceled_at=None).order_by("starts_on")


def latest_expiration(organization: str) -> Subquery:
    """The expiration date of an organization's last paid term, as a column of a query.

    ``organization`` is the column of that query which names the organization.
    """
    terms = Term.objects.filter(organization=OuterRef(organization), canceled_at=None)
    return Subquery(terms.order_by("-starts_on").values("expires_on")[:1])


def latest_cancellation(organization: str) -> Subquery:
    """When a term of an organization was last canceled that had not ended by itself (R30)."""
    canceled = (
        Term.objects.filter(organization=OuterRef(organization))
        .annotate(canceled_on=TruncDate("canceled_at", tzinfo=clock.zone()))
        .filter(canceled_on__lte=F("expires_on"))
    )
    return Subquery(
        canceled.order_by().values("organization").annotate(at=Max("canceled_at")).values("at")
    )


def latest_outlived(organization: str) -> Subquery:
    """The last expiration date among terms that were canceled after they had ended by themselves.

    Such a term had carried the subscription until then, though it counts for nothing now (R30).
    """
    outlived = (
        Term.objects.filter(organization=OuterRef(organization))
        .annotate(canceled_on=TruncDate("canceled_at", tzinfo=clock.zone()))
        .filter(canceled_on__gt=F("expires_on"))
    )
    return Subquery(
        outlived.order_by().values("organization").annotate(on=Max("expires_on")).values("on")
    )
