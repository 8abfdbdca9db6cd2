"""Lists that support works from."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from subscriptions import clock
from subscriptions.policy import calendar
from subscriptions.policy.renewal import Phase


class PhaseFilter(admin.SimpleListFilter):
    """Organizations by phase: what the rules say of a single one, as date ranges (R19, R22)."""

    title = _("phase")
    parameter_name = "phase"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The phases worth looking at."""
        return [
            (Phase.RUNNING.value, _("Running")),
            (Phase.WINDOW.value, _("In the window, not renewed")),
            (Phase.EXPIRED.value, _("Late")),
            (Phase.CLOSED.value, _("Closed")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those in the chosen phase today."""
        today = clock.today()
        closed_before = today - timedelta(days=settings.CLOSE_AFTER_DAYS)
        # The last expiration date whose window has opened.
        opened = today + timedelta(days=calendar.RENEWAL_WINDOW_DAYS - 1)
        ranges: dict[str | None, dict[str, Any]] = {
            Phase.RUNNING.value: {"latest_expires_on__gt": opened},
            Phase.WINDOW.value: {
                "latest_expires_on__gte": today,
                "latest_expires_on__lte": opened,
            },
            Phase.EXPIRED.value: {
                "latest_expires_on__lt": today,
                "latest_expires_on__gte": closed_before,
            },
            Phase.CLOSED.value: {"latest_expires_on__lt": closed_before},
        }
        return queryset.filter(**ranges.get(self.value(), {}))
