"""Filters for organizations, by phase and by licenses."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from subscriptions import clock
from subscriptions.admin.parts.filters import yes_filter
from subscriptions.licenses.terms import in_phase, running_on
from subscriptions.models import LicenseEntry, Organization, Term
from subscriptions.models.members import LICENSE_HOLDER_STATES
from subscriptions.policy.expiration import Phase

PHASES = {
    Phase.RUNNING: _("Running"),
    Phase.WINDOW: _("In the renewal window, not renewed"),
    Phase.EXPIRED: _("Expired, not renewed"),
    Phase.CLOSED: _("Closed"),
    Phase.NONE: _("Never paid"),
}


def exceeds_licenses() -> Q:
    """Return the condition for organizations with more members than licenses during a term (R30).

    Only a reversal can cause that, so only organizations with a reversal are examined.
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
        .alias(members=Count("memberships", filter=Q(memberships__state__in=LICENSE_HOLDER_STATES)))
        .filter(members__gt=F("held"))
    )
    return Q(pk__in=over.values("pk"))


class PhaseFilter(admin.SimpleListFilter):
    """Filters organizations by phase."""

    title = _("phase")
    parameter_name = "phase"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the phases."""
        return [(phase.value, label) for phase, label in PHASES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Select organizations in the chosen phase today."""
        selected = self.value()
        return queryset.filter(in_phase(Phase(selected))) if selected in set(Phase) else queryset


# Organizations that lost licenses in use.
OverFilter = yes_filter("over", _("licenses"), _("More users than licenses"), exceeds_licenses)
