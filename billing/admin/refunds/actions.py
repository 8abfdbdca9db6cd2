"""Refunding a purchase in the Django admin (R30)."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import Model
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.admin import processor_errors
from billing.admin.refunds.facts import (
    open_payment_warnings,
    purchase_facts,
    refund_plan,
    refund_result,
    write_log,
)
from billing.admin.refunds.rehearsal import rehearse
from billing.models import Purchase, Refund
from billing.states import PurchaseKind
from billing.support import payments
from billing.support.payments import RefundOrder
from subscriptions.admin.parts import display
from subscriptions.admin.parts.actions import Action, ActionForm, ActionResult, Plan, ReasonForm
from subscriptions.admin.parts.display import Fact
from subscriptions.models import User
from subscriptions.policy.refusal import Allowed, Reason, Refusal, require

MAY_REFUND = "billing.add_refund"
ALL, SOME = "all", "some"


class AddOnRefundForm(ReasonForm):
    """How much of the add-ons to refund, and why."""

    what = forms.ChoiceField(label=_("What to refund"), widget=forms.RadioSelect)
    licenses = forms.IntegerField(
        label=_("Number of licenses"),
        required=False,
        help_text=_("In groups of 5. Leave empty to refund everything that remains."),
    )
    field_order = ("what", "licenses", "reason")

    def __init__(self, data: Any = None, *, purchase: Purchase, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        left = payments.refund_amount(purchase, None)
        what = self.fields["what"]
        assert isinstance(what, forms.ChoiceField)  # noqa: S101  (declared above)
        total = display.money(left, purchase.currency)
        what.choices = [
            (ALL, gettext("Everything that remains: %(total)s") % {"total": total}),
            (SOME, gettext("Some of the licenses")),
        ]

    def clean(self) -> dict[str, Any]:
        """Require a number for "some", and none for "all"."""
        data = super().clean() or {}
        wants_some = data.get("what") == SOME
        if wants_some and not data.get("licenses") and "licenses" not in self.errors:
            self.add_error("licenses", gettext("Enter the number of licenses."))
        if data.get("what") == ALL and data.get("licenses"):
            self.add_error("licenses", gettext("Leave this empty, or choose some of the licenses."))
        return data


class RefundPurchase(Action):
    """Refund a whole purchase, or groups of an add-on, after a preview."""

    permission = MAY_REFUND
    title = _("Refund")
    button = _("Refund payment")
    needs_confirmation = True
    field_by_reason = {Reason.REFUND_NOT_IN_GROUPS: "licenses"}
    subject: Purchase

    def decide(self) -> Allowed | Refusal:
        """Allow it if paid, undisputed and not fully refunded, and no later term is paid."""
        return payments.may_refund(self.subject)

    def form(self, data: Any = None, **kwargs: Any) -> ActionForm:
        """Ask for a number for add-ons; terms are refunded in full."""
        if self.subject.kind == PurchaseKind.ADD_ON:
            return AddOnRefundForm(data, purchase=self.subject, **kwargs)
        return ReasonForm(data, **kwargs)

    def initial(self) -> dict[str, Any]:
        """Preselect everything, the usual case."""
        return {"what": ALL}

    def facts(self) -> Sequence[Fact]:
        """Return what was paid, and what is left."""
        return purchase_facts(self.subject)

    def warnings(self) -> Sequence[str]:
        """Return what support should know before refunding."""
        purchase = self.subject
        found = open_payment_warnings(purchase)
        if purchase.kind != PurchaseKind.ADD_ON:
            found.append(gettext("This payment is for a term, so it can only be refunded in full."))
        return found

    def plan(self, form: ActionForm) -> Plan:
        """Return what the refund reverses."""
        licenses = _licenses(form)
        require(payments.may_refund(self.subject, licenses))
        amount = payments.refund_amount(self.subject, licenses)
        return refund_plan(self.subject, amount)

    def already_done(self, form: ActionForm) -> ActionResult | None:
        """Return the result if this form was already sent."""
        sent = Refund.objects.filter(submission=form.cleaned_data["submission"]).first()
        return refund_result(sent) if sent else None

    def act(self, form: ActionForm, actor: User) -> ActionResult:
        """Refund the purchase."""
        data = form.cleaned_data
        licenses = _licenses(form)
        require(payments.may_refund(self.subject, licenses))
        amount = payments.refund_amount(self.subject, licenses)
        outcome = rehearse(self.subject, amount)
        order = RefundOrder(licenses, data["reason"], data["submission"])
        with processor_errors.report(gettext("Nothing was refunded.")):
            refund = payments.refund_purchase(self.subject, order, actor=actor)
        write_log(refund, self.subject, outcome, actor)
        return refund_result(refund)

    def trail(self) -> Sequence[Model]:
        """Place the page below the organization."""
        return [parent for parent in (self.subject.organization, self.subject) if parent]


def _licenses(form: ActionForm) -> int | None:
    data = form.cleaned_data
    return data["licenses"] if data.get("what") == SOME else None
