"""Removals of licenses in the Django admin, read-only (R27)."""

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.admin.removals.actions import UndoRemoval, may_undo
from subscriptions.admin.organizations.list_panels import MAY_UNDO_REMOVAL
from subscriptions.admin.parts import display
from subscriptions.admin.parts.actions import action_page
from subscriptions.admin.parts.display import Tool
from subscriptions.admin.parts.filters import organization_filter, yes_filter
from subscriptions.admin.parts.read_only import RecordAdmin
from subscriptions.admin.parts.search import SearchMixin
from subscriptions.models import LicenseRemoval

UndoneFilter = yes_filter("undone", _("undone"), _("Not undone"), lambda: Q(undone_at__isnull=True))


@admin.register(LicenseRemoval)
class LicenseRemovalAdmin(SearchMixin, RecordAdmin):
    """Removals, read-only: made on the organization's page, and undone on their own pages."""

    organization_field = "term__organization"
    list_display = (
        "__str__",
        "organization",
        "requested_by",
        "reason",
        "actor",
        "created_at",
        "undone",
    )
    list_filter = (UndoneFilter, organization_filter("term__organization"))
    list_select_related = ("term__organization", "actor", "undone_by")
    fields = (
        "organization",
        "term",
        "quantity",
        "requested_by",
        "reason",
        "request",
        "actor",
        "created_at",
        "undone_by",
        "undone_at",
    )
    readonly_fields = ("organization", "request")

    @admin.display(description=_("organization"))
    def organization(self, removal: LicenseRemoval) -> str:
        return display.link(removal.term.organization)

    @admin.display(description=_("request message"))
    def request(self, removal: LicenseRemoval) -> str:
        """Return the thread with the request."""
        return display.link(removal.message.thread) if removal.message else "–"

    @admin.display(description=_("undone"))
    def undone(self, removal: LicenseRemoval) -> str:
        """Return when and by whom it was undone."""
        if removal.undone_at is None:
            return ""
        return f"{display.moment(removal.undone_at)}, {removal.undone_by}"

    def tools(self, request: HttpRequest, obj: LicenseRemoval) -> list[Tool]:
        """Offer to undo the removal."""
        if not request.user.has_perm(MAY_UNDO_REMOVAL) or obj.undone_at is not None:
            return []
        page = display.admin_url(obj, "undo")
        return [display.tool(gettext("Undo…"), page, may_undo(obj))]

    def get_urls(self) -> list[URLPattern]:
        """Add the page for undoing."""
        name = "subscriptions_licenseremoval_undo"
        return [action_page(self, "undo", name, UndoRemoval), *super().get_urls()]
