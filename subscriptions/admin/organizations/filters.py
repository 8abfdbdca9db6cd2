"""Organizations by phase and by licenses, as lists and figures ask for them."""

from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, TruncDate
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from subscriptions import clock
from subscriptions.admin.parts.filters import yes_filter
from subscriptions.models import LicenseEntry, Organization, Term
from subscriptions.models.members import HOLDS_LICENSE
from subscriptions.policy import calendar
from subscriptions.policy.expiration import Phase

PHASES = {
    Phase.RUNNING: _("Running"),
    Phase.WINDOW: _("In the window, not renewed"),
    Phase.EXPIRED: _("Late"),
    Phase.CLOSED: _("Closed"),
    Phase.NONE: _("Never paid"),
}


def in_phase(phase: Phase) -> Q:
    """Organizations in a phase today: what the rules say of a single one, as dates (R19-R22, R30).

    A canceled term counts for nothing, but for how long the subscription had lasted.
    """
    # By the clock on the wall, as the rule counts the days.
    now, today = clock.now().astimezone(clock.zone()), clock.today()
    closing = timedelta(days=settings.CLOSE_AFTER_DAYS)
    # The last expiration date whose window has opened.
    opened = today + timedelta(days=calendar.RENEWAL_WINDOW_DAYS - 1)
    terms = Term.objects.filter(organization=OuterRef("pk"))
    live = terms.filter(canceled_at=None)
    canceled = terms.annotate(canceled_on=TruncDate("canceled_at", tzinfo=clock.zone()))
    # Canceled while it ran, it lasted until then; canceled afterwards, to its end.
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


def over_their_licenses() -> Q:
    """Organizations with a term that runs and more members than licenses: after reversals (R30).

    Only a reversal brings that about, so that only those few organizations are looked at.
    """
    today = clock.today()
    reversed_once = LicenseEntry.objects.filter(reverses__isnull=False)
    entries = LicenseEntry.objects.filter(
        term__organization=OuterRef("pk"),
        term__canceled_at=None,
        term__expires_on__gte=today,
        effective_at__lte=clock.now(),
    )
    held = entries.order_by().values("term__organization").annotate(sum=Sum("quantity"))
    over = (
        Organization.objects.filter(pk__in=reversed_once.values("term__organization"))
        .filter(Exists(Term.objects.filter(running_on(today), organization=OuterRef("pk"))))
        .annotate(held=Coalesce(Subquery(held.values("sum")), 0, output_field=IntegerField()))
        .alias(members=Count("memberships", filter=Q(memberships__state__in=HOLDS_LICENSE)))
        .filter(members__gt=F("held"))
    )
    return Q(pk__in=over.values("pk"))


def running_on(today: date) -> Q:
    """Terms that count and have not ended on this day."""
    return Q(canceled_at=None, expires_on__gte=today)


class PhaseFilter(admin.SimpleListFilter):
    """Organizations by phase."""

    title = _("phase")
    parameter_name = "phase"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The phases."""
        return [(phase.value, words) for phase, words in PHASES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those in the chosen phase today."""
        chosen = self.value()
        return queryset.filter(in_phase(Phase(chosen))) if chosen in set(Phase) else queryset


# Organizations that have lost licenses that are in use.
OverFilter = yes_filter("over", _("licenses"), _("More members than licenses"), over_their_licenses)
