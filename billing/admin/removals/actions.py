"""Remove licenses from a renewal, or undo a removal, in the Django admin (R27)."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import Http404, HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.admin import processor_errors
from billing.admin.removals.facts import (
    before_after,
    may_remove,
    name_and_email,
    open_payment_warnings,
    removal_result,
    renewal_basis,
    renewal_summary,
    undo_result,
)
from billing.support import removals
from subscriptions import clock
from subscriptions.admin.organizations.list_panels import MAY_UNDO_REMOVAL
from subscriptions.admin.parts import display, log
from subscriptions.admin.parts.actions import Action, ActionForm, ActionResult, Plan, ReasonForm
from subscriptions.admin.parts.display import Fact
from subscriptions.admin.parts.log import LogMessage
from subscriptions.licenses.removals import NewRemoval
from subscriptions.licenses.status import get_status
from subscriptions.models import LicenseRemoval, Message, Organization, User
from subscriptions.notifications.recipients import people_who_may_buy
from subscriptions.policy.refusal import Allowed, Reason, Refusal
from subscriptions.text.formats import number
from subscriptions.text.ids import read_number

MAY_REMOVE = "subscriptions.add_licenseremoval"


class RemovalForm(ReasonForm):
    """The number of licenses, who requested the removal, and why."""

    quantity = forms.IntegerField(label=_("Licenses to remove"), min_value=1)
    requested_by = forms.ChoiceField(
        label=_("Requested by"),
        help_text=_("Only an Assignor or Administrator can request this."),
    )
    field_order = ("quantity", "requested_by", "reason")

    def __init__(self, data: Any = None, *, people: Sequence[tuple[str, str]], **kwargs: Any):
        super().__init__(data, **kwargs)
        requested_by = self.fields["requested_by"]
        assert isinstance(requested_by, forms.ChoiceField)  # noqa: S101  (declared above)
        requested_by.choices = people if len(people) == 1 else [("", "–"), *people]


class RemoveLicenses(Action):
    """Remove licenses from the renewal, not from the current term (R27)."""

    permission = MAY_REMOVE
    title = _("Remove licenses from the renewal")
    button = _("Remove these licenses")
    needs_confirmation = True
    form_class = RemovalForm
    field_by_reason = {
        Reason.NO_LICENSE_TO_REMOVE: "quantity",
        Reason.REMOVAL_TOO_FEW: "quantity",
        Reason.REMOVAL_ABOVE_RENEWAL: "quantity",
        Reason.REMOVAL_BELOW_MEMBERS: "quantity",
    }
    subject: Organization

    def __init__(
        self, model_admin: "admin.ModelAdmin[Any]", request: HttpRequest, subject: Organization
    ) -> None:
        super().__init__(model_admin, request, subject)
        self.message = self._message()

    def _message(self) -> Message | None:
        """Return the request to handle. Raises Http404 if it belongs to another organization."""
        chosen = self.request.GET.get("message", "")
        if not chosen:
            return None
        found = Message.objects.filter(
            pk=read_number(chosen) or 0,
            thread__organization=self.subject,
            removal_quantity__isnull=False,
        )
        message = found.select_related("author", "thread__person").first()
        if message is None:
            raise Http404
        return message

    def decide(self) -> Allowed | Refusal:
        """Allow it while renewal is open, unless support is reviewing a payment for it."""
        return may_remove(self.subject)

    def form(self, data: Any = None, **kwargs: Any) -> ActionForm:
        """Offer the people who may request it, or only the author of the request."""
        if self.message is not None:
            author = name_and_email(self.message.author)
            people = [(author, author)]
        else:
            people = [
                (name, f"{name}, {member.get_role_display()}")
                for member in people_who_may_buy(self.subject)
                for name in [name_and_email(member.user)]
            ]
        return RemovalForm(data, people=people, **kwargs)

    def initial(self) -> dict[str, Any]:
        """Return the number requested."""
        return {"quantity": self.message.removal_quantity} if self.message else {}

    def facts(self) -> Sequence[Fact]:
        """Return the renewal as of now."""
        plan = removals.plan_removal(get_status(self.subject, clock.now()), 0)
        return [
            *self._request_facts(),
            *renewal_basis(plan),
            (
                gettext("Can be removed"),
                gettext("at most %(most)s") % {"most": number(plan.maximum)},
            ),
            (
                gettext("Current renewal"),
                renewal_summary(plan),
            ),
        ]

    def _request_facts(self) -> list[Fact]:
        if self.message is None:
            return []
        text = gettext("%(quantity)s licenses, on %(when)s: “%(body)s”") % {
            "quantity": number(self.message.removal_quantity or 0),
            "when": display.moment(self.message.created_at),
            "body": self.message.body,
        }
        return [
            (gettext("Request"), text),
            (
                gettext("Thread"),
                display.link(self.message.thread, name_and_email(self.message.author)),
            ),
        ]

    def warnings(self) -> Sequence[str]:
        """Warn if the request was already handled, or someone is paying for the renewal."""
        return [*self._already_handled(), *open_payment_warnings(self.subject)]

    def _already_handled(self) -> list[str]:
        existing = self.message.removals.filter(undone_at=None) if self.message else []
        return [
            gettext("%(who)s has already removed %(quantity)s for this request, on %(when)s.")
            % {
                "who": removal.actor,
                "quantity": number(removal.quantity),
                "when": display.moment(removal.created_at),
            }
            for removal in existing
        ]

    def plan(self, form: ActionForm) -> Plan:
        """Return the renewal before and after."""
        quantity = form.cleaned_data["quantity"]
        plan = removals.plan_removal(get_status(self.subject, clock.now()), quantity)
        facts = [
            *renewal_basis(plan),
            (gettext("To be removed"), display.highlight(number(quantity))),
            (gettext("Remaining"), number(plan.left)),
            (
                gettext("Renewal"),
                before_after(_licenses(plan.renewal_before), _licenses(plan.renewal_after)),
            ),
            (
                gettext("Total at today's %(package)s price") % {"package": plan.package.name},
                before_after(
                    display.money(plan.total_before, plan.currency),
                    display.money(plan.total_after, plan.currency),
                ),
            ),
        ]
        warnings = [
            gettext("The current term keeps all of its licenses until it ends."),
            gettext(
                "The renewal always covers every license in use, so adding users later can "
                "raise the number again."
            ),
            *self._minimum_warning(plan),
            *self._already_handled(),
            *open_payment_warnings(self.subject),
        ]
        fingerprint = "/".join(
            str(fact)
            for fact in (
                plan.need.licenses,
                plan.need.in_use,
                plan.need.removed,
                quantity,
                plan.renewal_before,
                plan.renewal_after,
                plan.total_before,
                plan.total_after,
                len(open_payment_warnings(self.subject)),
            )
        )
        return Plan(facts, warnings, fingerprint)

    def _minimum_warning(self, plan: removals.RemovalPlan) -> list[str]:
        # A removal never goes below the licenses in use, so only the minimum can limit it.
        if plan.renewal_after == plan.left:
            return []
        text = gettext(
            "The package requires at least %(least)s licenses, so that many will be renewed."
        )
        return [text % {"least": number(plan.package.minimum_licenses)}]

    def already_done(self, form: ActionForm) -> ActionResult | None:
        """Return the result if this form was already sent."""
        sent = LicenseRemoval.objects.filter(submission=form.cleaned_data["submission"]).first()
        return removal_result(sent) if sent else None

    def act(self, form: ActionForm, actor: User) -> ActionResult:
        """Remove the licenses."""
        data = form.cleaned_data
        before = removals.plan_removal(get_status(self.subject, clock.now()), data["quantity"])
        new = NewRemoval(
            quantity=data["quantity"],
            reason=data["reason"],
            requested_by=data["requested_by"],
            submission=data["submission"],
            message=self.message,
        )
        with processor_errors.report(gettext("Nothing was removed.")):
            removal = removals.remove_licenses(self.subject, new, actor=actor)
        what = gettext("Removed %(quantity)s licenses from the renewal; requested by %(who)s") % {
            "quantity": removal.quantity,
            "who": removal.requested_by,
        }
        change = before_after(_licenses(before.renewal_before), _licenses(before.renewal_after))
        message = LogMessage(what, change, removal.reason)
        log.write(actor, message, removal, self.subject)
        return removal_result(removal)


def _licenses(quantity: int) -> str:
    return gettext("%(number)s licenses") % {"number": number(quantity)}


class UndoRemoval(Action):
    """Undo a removal (R27)."""

    permission = MAY_UNDO_REMOVAL
    title = _("Undo a removal")
    button = _("Undo removal")
    subject: LicenseRemoval

    @property
    def organization(self) -> Organization:
        """The organization of the renewal."""
        return self.subject.term.organization

    def decide(self) -> Allowed | Refusal:
        """Allow it once, until the renewal is paid."""
        return may_undo(self.subject)

    def facts(self) -> Sequence[Fact]:
        """Return what was removed, and the renewal as of now."""
        removal = self.subject
        subscription = get_status(self.organization, clock.now())
        plan = removals.plan_removal(subscription, 0)
        return [
            (gettext("Removed"), number(removal.quantity)),
            (gettext("When"), display.moment(removal.created_at)),
            (gettext("By"), str(removal.actor)),
            (gettext("Requested by"), removal.requested_by),
            (gettext("Original reason"), removal.reason),
            (
                gettext("Current renewal"),
                renewal_summary(plan),
            ),
        ]

    def warnings(self) -> Sequence[str]:
        """Warn if someone is paying for the renewal."""
        return open_payment_warnings(self.organization)

    def already_done(self, form: ActionForm) -> ActionResult | None:
        """Return the result if the same user already undid it."""
        removal = LicenseRemoval.objects.get(pk=self.subject.pk)
        if removal.undone_by_id != self.request.user.pk:
            return None
        return undo_result(removal)

    def act(self, form: ActionForm, actor: User) -> ActionResult:
        """Undo the removal."""
        plan = removals.plan_removal(get_status(self.organization, clock.now()), 0)
        with processor_errors.report(gettext("Nothing was changed.")):
            removal = removals.undo_removal(self.subject, actor=actor)
        after = removals.plan_removal(get_status(self.organization, clock.now()), 0)
        what = gettext("Undid the removal of %(quantity)s licenses") % {
            "quantity": removal.quantity
        }
        change = before_after(number(plan.renewal_before), number(after.renewal_before))
        message = LogMessage(what, change, form.cleaned_data["reason"])
        log.write(actor, message, removal, self.organization)
        return undo_result(removal)

    def back(self) -> str:
        """Return to the organization."""
        return display.admin_url(self.organization)

    def trail(self) -> Sequence[Model]:
        """Place the page below the organization."""
        return [self.organization]


def may_undo(removal: LicenseRemoval) -> Allowed | Refusal:
    """Whether a removal can be undone: it has not been undone, and its renewal is open."""
    if removal.undone_at is not None:
        return Refusal(Reason.REMOVAL_UNDONE)
    subscription = get_status(removal.term.organization, clock.now())
    if subscription.latest != removal.term or not subscription.renewal_is_open:
        return Refusal(Reason.RENEWAL_PAID, {"renewal_opens_on": subscription.renewal_opens_on})
    return may_remove(removal.term.organization)
