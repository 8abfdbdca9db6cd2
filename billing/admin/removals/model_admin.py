"""Removals in the Django admin: to be read, and to be taken back while that is possible (R27)."""

from collections.abc import Sequence

from django.contrib import admin
from django.db.models import Model, Q
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.admin import processor_errors
from billing.admin.removals.facts import (
    before_after,
    being_paid,
    may_remove,
    number,
    renewal_of,
    taken_back,
)
from billing.support import removals
from subscriptions import clock
from subscriptions.admin.organizations.list_panels import MAY_TAKE_BACK
from subscriptions.admin.parts import display, log
from subscriptions.admin.parts.actions import Action, ActionForm, Done, action_page
from subscriptions.admin.parts.display import Fact, Tool
from subscriptions.admin.parts.filters import YesFilter, organization_filter
from subscriptions.admin.parts.log import Deed
from subscriptions.admin.parts.read_only import RecordAdmin
from subscriptions.admin.parts.search import Searched
from subscriptions.licenses.status import standing_of
from subscriptions.models import LicenseRemoval, Organization, User
from subscriptions.policy.decisions import Allowed, Reason, Refusal


class TakeRemovalBack(Action):
    """Let the renewal be for these licenses again (R27)."""

    permission = MAY_TAKE_BACK
    title = _("Take a removal back")
    button = _("Take it back")
    subject: LicenseRemoval

    @property
    def organization(self) -> Organization:
        """Whose renewal it is."""
        return self.subject.term.organization

    def judge(self) -> Allowed | Refusal:
        """Until the renewal is paid, and once."""
        return may_take_back(self.subject)

    def facts(self) -> Sequence[Fact]:
        """What was removed, and what the renewal would be."""
        removal = self.subject
        standing = standing_of(self.organization, clock.now())
        plan = removals.plan_removal(standing, 0)
        return [
            (gettext("Removed"), number(removal.quantity)),
            (gettext("When"), display.moment(removal.created_at)),
            (gettext("By"), str(removal.actor)),
            (gettext("Asked for by"), removal.asked_by),
            (gettext("Reason then"), removal.reason),
            (
                gettext("Renewal as of now"),
                renewal_of(plan),
            ),
        ]

    def warnings(self) -> Sequence[str]:
        """A renewal that somebody is paying."""
        return being_paid(self.organization)

    def done_before(self, form: ActionForm) -> Done | None:
        """Taken back by the same person before."""
        removal = LicenseRemoval.objects.get(pk=self.subject.pk)
        if removal.taken_back_by_id != self.request.user.pk:
            return None
        return taken_back(removal)

    def act(self, form: ActionForm, actor: User) -> Done:
        """Take it back."""
        plan = removals.plan_removal(standing_of(self.organization, clock.now()), 0)
        with processor_errors.said(gettext("Nothing was changed.")):
            removal = removals.take_removal_back(self.subject, actor=actor)
        after = removals.plan_removal(standing_of(self.organization, clock.now()), 0)
        what = gettext("Took the removal of %(quantity)s licenses back") % {
            "quantity": removal.quantity
        }
        change = before_after(number(plan.renewal_before), number(after.renewal_before))
        deed = Deed(what, change, form.cleaned_data["reason"])
        log.write(actor, deed, removal, self.organization)
        return taken_back(removal)

    def back(self) -> str:
        """To the organization."""
        return display.address_of(self.organization)

    def trail(self) -> Sequence[Model]:
        """Below the organization."""
        return [self.organization]


def may_take_back(removal: LicenseRemoval) -> Allowed | Refusal:
    """Whether a removal still stands for a renewal that is open."""
    if removal.taken_back_at is not None:
        return Refusal(Reason.REMOVAL_TAKEN_BACK)
    standing = standing_of(removal.term.organization, clock.now())
    if standing.latest != removal.term or not standing.renewal_is_open:
        return Refusal(Reason.RENEWAL_PAID, {"renewal_opens_on": standing.renewal_opens_on})
    return may_remove(removal.term.organization)


class StandsFilter(YesFilter):
    """Removals that were not taken back."""

    title = _("taken back")
    parameter_name = "stands"
    words = _("Not taken back")

    def condition(self) -> Q:
        """Those that stand, or stood when the renewal was paid."""
        return Q(taken_back_at__isnull=True)


@admin.register(LicenseRemoval)
class LicenseRemovalAdmin(Searched, RecordAdmin):
    """Read only: they are made on the organization's page and taken back on their own."""

    organization_field = "term__organization"
    list_display = ("__str__", "organization", "asked_by", "reason", "actor", "created_at", "back")
    list_filter = (StandsFilter, organization_filter("term__organization"))
    list_select_related = ("term__organization", "actor", "taken_back_by")
    fields = (
        "organization",
        "term",
        "quantity",
        "asked_by",
        "reason",
        "request",
        "actor",
        "created_at",
        "taken_back_by",
        "taken_back_at",
    )
    readonly_fields = ("organization", "request")

    @admin.display(description=_("organization"))
    def organization(self, removal: LicenseRemoval) -> str:
        """Whose renewal it is."""
        return display.link(removal.term.organization)

    @admin.display(description=_("message it came from"))
    def request(self, removal: LicenseRemoval) -> str:
        """The conversation."""
        return display.link(removal.message.conversation) if removal.message else "–"

    @admin.display(description=_("taken back"))
    def back(self, removal: LicenseRemoval) -> str:
        """When, and by whom."""
        if removal.taken_back_at is None:
            return ""
        return f"{display.moment(removal.taken_back_at)}, {removal.taken_back_by}"

    def tools(self, request: HttpRequest, obj: LicenseRemoval) -> list[Tool]:
        """Taking it back."""
        if not request.user.has_perm(MAY_TAKE_BACK) or obj.taken_back_at is not None:
            return []
        page = display.address_of(obj, "take_back")
        return [display.tool(gettext("Take back…"), page, may_take_back(obj))]

    def get_urls(self) -> list[URLPattern]:
        """Beside Django's own."""
        name = "subscriptions_licenseremoval_take_back"
        return [action_page(self, "take-back", name, TakeRemovalBack), *super().get_urls()]
