"""Queries about terms, of one organization or of many."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate

from subscriptions import clock
from subscriptions.models import Organization, Term
from subscriptions.policy import calendar, expiration
from subscriptions.policy.calendar import LastTerm
from subscriptions.policy.expiration import Phase


def get_last_term(terms: Iterable[Term], now: datetime) -> LastTerm | None:
    """Return the term that counts at ``now``, from terms in order of their start."""
    return calendar.last_term(list(terms), now=now, zone=clock.zone())


def get_phase(last: LastTerm | None, now: datetime) -> Phase:
    """Return the phase at ``now`` (R22); ``in_phase`` is the same rule in SQL."""
    close_after = timedelta(days=settings.CLOSE_AFTER_DAYS)
    return expiration.get_phase(last, now=now, zone=clock.zone(), close_after=close_after)


def in_phase(phase: Phase) -> Q:
    """Return a filter for organizations in a phase today: ``get_phase`` in SQL (R19-R22, R30).

    A canceled term counts only toward how long the subscription lasted.
    """
    # In local time, because the rule counts local days.
    now, today = clock.now().astimezone(clock.zone()), clock.today()
    closing = timedelta(days=settings.CLOSE_AFTER_DAYS)
    # Renewal is open for terms that expire on or before this date.
    opened = today + timedelta(days=calendar.RENEWAL_WINDOW_DAYS - 1)
    terms = Term.objects.filter(organization=OuterRef("pk"))
    live = terms.filter(canceled_at=None)
    canceled = terms.annotate(canceled_on=TruncDate("canceled_at", tzinfo=clock.zone()))
    # A term canceled while running lasted until then; one canceled later lasted to its end.
    lasted_lately = Q(canceled_at=None) | Q(canceled_on__gt=F("expires_on"))
    in_time = Exists(
        canceled.filter(
            Q(lasted_lately, expires_on__gte=today - closing)
            | Q(canceled_on__lte=F("expires_on"), canceled_at__gt=now - closing)
        )
    )
    late = Exists(terms) & ~Exists(live.filter(expires_on__gte=today))
    conditions: dict[Phase, Any] = {
        Phase.RUNNING: Q(Exists(live.filter(expires_on__gt=opened))),
        Phase.WINDOW: Exists(live.filter(expires_on__gte=today))
        & ~Exists(live.filter(expires_on__gt=opened)),
        Phase.EXPIRED: late & in_time,
        Phase.CLOSED: late & ~in_time,
        Phase.NONE: ~Exists(terms),
    }
    return Q(conditions[phase])


def live_terms(organization: Organization) -> QuerySet[Term]:
    """Return the terms that are paid and not canceled, in order of their start."""
    return organization.terms.filter(canceled_at=None).order_by("starts_on")


def running_on(today: date) -> Q:
    """Return a filter for terms that are not canceled and have not ended on this day."""
    return Q(canceled_at=None, expires_on__gte=today)
