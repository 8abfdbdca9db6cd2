"""The phase and licenses of many organizations, with no more queries than for one."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Sum

from subscriptions import clock
from subscriptions.licenses.terms import get_last_term, get_phase
from subscriptions.models import LicenseEntry, Membership, Organization, Term
from subscriptions.models.members import LICENSE_HOLDER_STATES
from subscriptions.policy import calendar
from subscriptions.policy.expiration import Phase


@dataclass(frozen=True)
class Figures:
    """What the list shows about an organization."""

    phase: Phase
    ended_on: date | None
    held: int
    in_use: int


def get_figures(organizations: Iterable[Organization]) -> dict[int, Figures]:
    """Return figures by organization ID, in three queries."""
    keys = [organization.pk for organization in organizations]
    now = clock.now()
    terms: dict[int, list[Term]] = defaultdict(list)
    for term in Term.objects.filter(organization__in=keys).order_by("starts_on", "pk"):
        terms[term.organization_id].append(term)
    held = LicenseEntry.objects.filter(
        term__organization__in=keys,
        term__canceled_at=None,
        term__expires_on__gte=clock.today(),
        effective_at__lte=now,
    )
    sums = dict(held.order_by().values_list("term__organization").annotate(Sum("quantity")))
    holders = Membership.objects.filter(organization__in=keys, state__in=LICENSE_HOLDER_STATES)
    counts = dict(holders.order_by().values_list("organization").annotate(number=Count("*")))
    found = {}
    for key in keys:
        last = get_last_term(terms[key], now)
        ended_at = last.ended_at if last else None
        canceled_on = calendar.local_date(ended_at, clock.zone()) if ended_at else None
        found[key] = Figures(
            phase=get_phase(last, now),
            ended_on=canceled_on or (last.expires_on if last else None),
            held=sums.get(key, 0),
            in_use=counts.get(key, 0),
        )
    return found
