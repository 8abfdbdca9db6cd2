"""The admin of organizations: the list, and a page for each organization."""

from datetime import date
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from subscriptions import clock
from subscriptions.admin.organizations import page
from subscriptions.admin.organizations.figures import Figures, get_figures
from subscriptions.admin.organizations.filters import PHASES
from subscriptions.admin.parts import display, search
from subscriptions.admin.parts.actions import action_page
from subscriptions.admin.parts.read_only import ReadOnlyAdmin
from subscriptions.admin.parts.search import SearchMixin
from subscriptions.licenses.status import get_status
from subscriptions.models import Organization
from subscriptions.policy.expiration import RENEWAL_PHASES
from subscriptions.text import formats


class OrganizationList(ChangeList):
    """A page of the list that loads the figures for all its rows at once."""

    def get_results(self, request: HttpRequest) -> None:
        """Load the rows and their figures."""
        super().get_results(request)
        rows = list(self.result_list)
        figures = get_figures(rows)
        for row in rows:
            row.figures = figures[row.pk]
        self.result_list = rows


def _figures(organization: Organization) -> Figures:
    figures: Figures = organization.figures  # type: ignore[attr-defined]
    return figures


@admin.register(Organization)
class OrganizationAdmin(SearchMixin, ReadOnlyAdmin):
    """A read-only admin; each action on an organization has its own page."""

    list_display = ("name", "slug", "phase", "ended_on", "licenses", "created_at")
    sortable_by = ("name", "slug")

    @property
    def search_help_text(self) -> str | Promise:  # type: ignore[override]
        """Return what can be searched for."""
        return page.TEXTS["search_help"]

    def search_condition(self, request: HttpRequest, text: str) -> Q:
        """Search with the first search that recognizes the text."""
        return search.first_match(page.SEARCHES, text)

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """Return its own filters and those of other apps."""
        return list(page.FILTERS)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the list that loads figures."""
        return OrganizationList

    @admin.display(description=_("phase"))
    def phase(self, organization: Organization) -> str:
        """Return the phase, highlighted if support may have to act."""
        phase = _figures(organization).phase
        text = str(PHASES[phase])
        return display.highlight(text) if phase in RENEWAL_PHASES else text

    @admin.display(description=_("expires"))
    def ended_on(self, organization: Organization) -> date | None:
        """Return the last day of the last paid term, or the day it was canceled."""
        return _figures(organization).ended_on

    @admin.display(description=_("licenses in use"))
    def licenses(self, organization: Organization) -> str:
        """Return licenses in use and held."""
        figures = _figures(organization)
        text = gettext("%(in_use)s of %(held)s") % {
            "in_use": formats.number(figures.in_use),
            "held": formats.number(figures.held),
        }
        is_over = figures.held and figures.in_use > figures.held
        return display.highlight(text) if is_over else text

    # One organization ----------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show everything about the organization."""
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        organization = self.get_object(request, object_id)
        if organization is None:
            raise Http404
        subscription = get_status(organization, clock.now())
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": organization,
            "title": str(organization),
            "tools": [tool for build in page.TOOLS if (tool := build(request, subscription))],
            "alerts": [text for build in page.ALERTS for text in build(request, subscription)],
            "panels": [panel for build in page.PANELS if (panel := build(request, subscription))],
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/organization.html", context)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of actions."""
        actions = [
            action_page(self, key.replace("_", "-"), f"subscriptions_organization_{key}", action)
            for key, action in page.ACTIONS.items()
        ]
        return [*actions, *super().get_urls()]
