"""Builders of list filters."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from subscriptions.models import Organization
from subscriptions.text.ids import read_number


def yes_filter(
    name: str, label: Any, choice: Any, condition: Callable[[], Q]
) -> type[admin.SimpleListFilter]:
    """Return a filter with one ``choice``: rows that meet ``condition`` now.

    ``name`` is the URL parameter. ``label`` and ``choice`` are lazy translations.
    """

    class YesFilter(admin.SimpleListFilter):
        title = label
        parameter_name = name

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
            return [("yes", choice)]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset.filter(condition()) if self.value() == "yes" else queryset

    return YesFilter


def organization_filter(field: str) -> type[admin.SimpleListFilter]:
    """Return a filter by organization, shown only if a link has selected one."""

    class OrganizationFilter(admin.SimpleListFilter):
        title = _("organization")
        parameter_name = "organization"

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
            selected = self.value()
            if not selected:
                return []
            if read_number(selected) is None:
                raise IncorrectLookupParameters
            names = Organization.objects.filter(pk=selected).values_list("name", flat=True)
            return [(selected, name) for name in names] or [(selected, "–")]

        def value(self) -> str | None:
            selected = self.used_parameters.get(self.parameter_name)
            return str(selected) if selected else None

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset.filter(**{field: self.value()}) if self.value() else queryset

    return OrganizationFilter
