"""Read-only records in the Django admin: never added, changed or deleted (R24, R29)."""

from functools import cached_property
from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from subscriptions.admin.parts import log
from subscriptions.admin.parts.display import Tool

# Counting millions of rows is slow, and no one pages that far.
MAX_COUNTED = 2000


class CappedPaginator(Paginator):  # type: ignore[type-arg]  # not generic at run time
    """A paginator that counts up to a maximum; older rows are found by search."""

    @cached_property
    def count(self) -> int:
        """The number of rows, at most MAX_COUNTED."""
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        return rows.order_by()[:MAX_COUNTED].count()

    @property
    def is_capped(self) -> bool:
        """Whether there may be more rows than were counted."""
        return self.count == MAX_COUNTED


class ClockLogAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """An admin whose log entries use our clock, like all other records."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        """Log with our clock."""
        return log.set_time_from_clock(super().log_change(request, obj, message))

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        """Log with our clock."""
        return log.set_time_from_clock(super().log_addition(request, obj, message))


class ReadOnly:
    """A mixin for a ModelAdmin or inline that allows only viewing, even for superusers."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, ClockLogAdmin):
    """The admin of a model that support may view."""

    actions = None
    change_form_template = "admin/record.html"
    list_per_page = 50
    # Never list everything on one page.
    list_max_show_all = 0
    paginator = CappedPaginator
    show_facets = admin.ShowFacets.NEVER
    show_full_result_count = False
    view_on_site = False

    class Media:
        css = {"all": ["css/admin/pages.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Load related objects, both for the list and for the page of one object."""
        rows: QuerySet[Any] = super().get_queryset(request)
        related = self.list_select_related
        return rows.select_related(*related) if isinstance(related, tuple) else rows

    def name_of(self, obj: Any) -> str:
        """Return a title if the object's own name is too long."""
        return ""

    def tools(self, request: HttpRequest, obj: Any) -> list[Tool]:
        """Return the actions on this object."""
        return []

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show the object and its actions."""
        looks = request.method == "GET" and self.has_view_permission(request)
        obj = self.get_object(request, object_id) if looks else None
        context: dict[str, Any] = {} if obj is None else {"tools": self.tools(request, obj)}
        if obj is not None and (name := self.name_of(obj)):
            context["subtitle"] = name
        context |= extra_context or {}
        return super().change_view(request, object_id, form_url, context)


class RecordAdmin(ReadOnlyAdmin):
    """The admin of a model with millions of rows: newest first, by primary key."""

    ordering = ("-pk",)
    sortable_by = ()


class NoDeleteAdmin(ClockLogAdmin):
    """The admin of a model whose rows are part of history: they are disabled, never deleted."""

    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """Return the changes, with the values before and after."""
        if add:
            return super().construct_change_message(request, form, formsets, add)
        return "\n".join(
            _("%(field)s: %(before)s → %(after)s.")
            % {
                "field": form.fields[name].label,
                "before": form.initial.get(name),
                "after": form.cleaned_data.get(name),
            }
            for name in form.changed_data
        )
