"""Members in the Django admin, and resending an invitation (R3, R4)."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, Q
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from subscriptions.admin.organizations.list_panels import MAY_INVITE
from subscriptions.admin.parts import display, log, search
from subscriptions.admin.parts.actions import Action, ActionForm, ActionResult, action_page
from subscriptions.admin.parts.display import Fact, Tool
from subscriptions.admin.parts.filters import organization_filter
from subscriptions.admin.parts.log import LogMessage
from subscriptions.admin.parts.read_only import RecordAdmin
from subscriptions.admin.parts.search import SearchMixin
from subscriptions.members import members
from subscriptions.models import Membership, User
from subscriptions.models.members import MembershipState
from subscriptions.policy.refusal import ALLOWED, Allowed, Reason, Refusal


class ResendForm(ActionForm):
    """A form without visible fields; ``number`` is the newest invitation shown on the page."""

    number = forms.IntegerField(widget=forms.HiddenInput)


class ResendInvitation(Action):
    """Send a new invitation link, which invalidates the old one (R4)."""

    permission = MAY_INVITE
    title = _("Resend the invitation")
    button = _("Send a new invitation")
    form_class = ResendForm
    subject: Membership

    def decide(self) -> Allowed | Refusal:
        """Allow only members who have not joined."""
        return may_be_reinvited(self.subject)

    def facts(self) -> Sequence[Fact]:
        """Return the recipient, and when the last invitation was sent."""
        return [
            (gettext("User"), self.subject.display_name),
            (gettext("E-mail"), self.subject.user.email),
            (gettext("Last invitation"), display.moment(self.subject.invited_at)),
        ]

    def warnings(self) -> Sequence[str]:
        """Say what happens to the old link."""
        return [gettext("The new link works once, for 14 days. The old link stops working.")]

    def initial(self) -> dict[str, Any]:
        """Return the newest invitation shown on the page."""
        return {"number": self.subject.invitation_number}

    def already_done(self, form: ActionForm) -> ActionResult | None:
        """Return a result if any form has sent an invitation since this page was opened."""
        if self.subject.invitation_number <= form.cleaned_data["number"]:
            return None
        return ActionResult(gettext("A new invitation has already been sent."))

    def act(self, form: ActionForm, actor: User) -> ActionResult:
        """Send the invitation."""
        membership = self.subject
        membership.invitation_number = form.cleaned_data["number"]
        is_sent = members.reinvite_by_support(actor, membership)
        if is_sent:
            number = membership.invitation_number
            what = gettext("Invitation resent to %(email)s") % {"email": membership.user.email}
            change = gettext("invitation %(before)s → %(after)s") % {
                "before": number,
                "after": number + 1,
            }
            log.write(actor, LogMessage(what, change), membership, membership.organization)
        return ActionResult(
            gettext("A new invitation is on its way to %(email)s.")
            % {"email": membership.user.email}
        )

    def trail(self) -> Sequence[Model]:
        """Place the page below the organization."""
        return [self.subject.organization, self.subject]


def may_be_reinvited(membership: Membership) -> Allowed | Refusal:
    """Whether a member is still invited."""
    facts = {"name": membership.display_name}
    if membership.state == MembershipState.REMOVED:
        return Refusal(Reason.NOT_A_MEMBER, facts)
    if membership.state != MembershipState.INVITED:
        return Refusal(Reason.NOT_INVITED, facts)
    return ALLOWED


@admin.register(Membership)
class MembershipAdmin(SearchMixin, RecordAdmin):
    list_display = ("user", "organization", "role", "state", "license_number", "invited_at")
    list_filter = ("role", "state", organization_filter("organization"))
    list_select_related = ("user", "organization")
    search_help_text = _("The start of a person's or an organization's name or address.")

    def search_condition(self, request: HttpRequest, text: str) -> Q:
        """Search by person or organization."""
        by_person = Q(user__in=search.people(text))
        if "@" in text:
            return by_person
        return by_person | Q(organization__in=search.organizations(text))

    def tools(self, request: HttpRequest, obj: Membership) -> list[Tool]:
        """Offer to resend an invitation."""
        if not request.user.has_perm(MAY_INVITE) or obj.state != MembershipState.INVITED:
            return []
        page = display.admin_url(obj, "resend")
        return [Tool(gettext("Resend invitation…"), page)]

    def get_urls(self) -> list[URLPattern]:
        """Add the page for resending."""
        return [
            action_page(self, "resend", "subscriptions_membership_resend", ResendInvitation),
            *super().get_urls(),
        ]
