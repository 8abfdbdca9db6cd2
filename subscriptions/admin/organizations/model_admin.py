"""Organizations in the Django admin: a list to work from, and all of one on a page."""

from collections.abc import Callable
from datetime import date
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from subscriptions import clock
from subscriptions.admin.organizations import list_panels as lists
from subscriptions.admin.organizations import status_panels as page
from subscriptions.admin.organizations.figures import Figures, figures_of
from subscriptions.admin.organizations.filters import PHASES, OverFilter, PhaseFilter
from subscriptions.admin.parts import display, search
from subscriptions.admin.parts.display import Panel, Tool
from subscriptions.admin.parts.read_only import ReadOnlyAdmin
from subscriptions.admin.parts.search import Searched
from subscriptions.licenses.status import Standing, standing_of
from subscriptions.models import Organization
from subscriptions.policy.renewals import RENEWAL_OPEN
from subscriptions.text import formats


class OrganizationList(ChangeList):
    """A page of the list, with the figures of its organizations read at once."""

    def get_results(self, request: HttpRequest) -> None:
        """The rows of the page."""
        super().get_results(request)
        rows = list(self.result_list)
        figures = figures_of(rows)
        for row in rows:
            row.figures = figures[row.pk]
        self.result_list = rows


def _figures(organization: Organization) -> Figures:
    figures: Figures = organization.figures  # type: ignore[attr-defined]
    return figures


@admin.register(Organization)
class OrganizationAdmin(Searched, ReadOnlyAdmin):
    """Read only; what may be done about an organization has a page of its own each."""

    list_display = ("name", "slug", "phase", "ended_on", "licenses", "created_at")
    list_filter: ClassVar[tuple[Any, ...]] = (PhaseFilter, OverFilter)
    sortable_by = ("name", "slug")
    search_help_text = _(
        "The beginning of a name, an address or a billing e-mail, or a member's e-mail."
    )

    def found(self, request: HttpRequest, text: str) -> Q:
        """By its own name and addresses, or by its members."""
        own = search.named_so(text)
        if "@" not in text and Organization.objects.filter(own).exists():
            return own
        return own | Q(pk__in=search.with_member(text))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list that reads figures."""
        return OrganizationList

    @admin.display(description=_("phase"))
    def phase(self, organization: Organization) -> str:
        """Where it stands; what support may have to look at stands out."""
        phase = _figures(organization).phase
        words = str(PHASES[phase])
        return display.marked(words) if phase in RENEWAL_OPEN else words

    @admin.display(description=_("until"))
    def ended_on(self, organization: Organization) -> date | None:
        """The last day of the last paid term, or the day it was canceled on."""
        return _figures(organization).ended_on

    @admin.display(description=_("licenses in use"))
    def licenses(self, organization: Organization) -> str:
        """In use of held."""
        figures = _figures(organization)
        text = gettext("%(in_use)s of %(held)s") % {
            "in_use": formats.number(figures.in_use),
            "held": formats.number(figures.held),
        }
        is_over = figures.held and figures.in_use > figures.held
        return display.marked(text) if is_over else text

    # One organization ----------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Everything about it at a glance."""
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        organization = self.get_object(request, object_id)
        if organization is None:
            raise Http404
        standing = standing_of(organization, clock.now())
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": organization,
            "title": str(organization),
            "tools": self.tools_of(request, standing),
            "alerts": self.alerts(request, standing),
            "panels": self.panels(request, standing),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/organization.html", context)

    def tools_of(self, request: HttpRequest, standing: Standing) -> list[Tool]:
        """What may be done about the organization as a whole."""
        return []

    def alerts(self, request: HttpRequest, standing: Standing) -> list[str]:
        """What must not be overlooked."""
        return page.alerts(request, standing)

    def panels(self, request: HttpRequest, standing: Standing) -> list[Panel]:
        """The blocks of the page, from what is asked most to what is asked least."""
        return [panel for build in self.builders() if (panel := build(request, standing))]

    def builders(self) -> list[Callable[[HttpRequest, Standing], Panel | None]]:
        """The functions that build the blocks, in order."""
        return [
            page.who,
            page.subscription,
            page.licenses,
            page.renewal,
            lists.conversations,
            lists.removals,
            lists.members,
            lists.terms,
            lists.ledger,
            lists.history,
        ]
