"""Giving a purchase back in the Django admin (R30)."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Model
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from billing.admin import processor_errors
from billing.admin.refunds.rehearsal import Outcome, rehearse
from billing.checkout.renewals import open_renewal_checkout
from billing.models import Purchase, Refund
from billing.refunds import reversal
from billing.states import FAILED_REFUNDS, PurchaseKind, RefundStatus
from billing.support import payments
from billing.support.payments import RefundOrder
from subscriptions import clock
from subscriptions.admin.parts import display, log
from subscriptions.admin.parts.actions import Action, ActionForm, Done, Plan, ReasonForm
from subscriptions.admin.parts.display import Fact
from subscriptions.admin.parts.filters import PHASES
from subscriptions.admin.parts.log import Deed
from subscriptions.models import User
from subscriptions.policy import refunds as rules
from subscriptions.policy.decisions import Allowed, Reason, Refusal, require
from subscriptions.text import formats

MAY_REFUND = "billing.add_refund"
ALL, SOME = "all", "some"


class AddOnRefundForm(ReasonForm):
    """How much of the add-ons, and why."""

    what = forms.ChoiceField(label=_("What"), widget=forms.RadioSelect)
    licenses = forms.IntegerField(
        label=_("Number of licenses"),
        required=False,
        help_text=_("In groups of 5; empty where all that is left is refunded."),
    )
    field_order = ("what", "licenses", "reason")

    def __init__(self, data: Any = None, *, purchase: Purchase, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        left = payments.refund_amount(purchase, None)
        what = self.fields["what"]
        assert isinstance(what, forms.ChoiceField)  # noqa: S101  (it stands above)
        total = display.money(left, purchase.currency)
        what.choices = [
            (ALL, gettext("All that is left: %(total)s") % {"total": total}),
            (SOME, gettext("Some of the licenses")),
        ]

    def clean(self) -> dict[str, Any]:
        """A number belongs to "some", and to nothing else."""
        data = super().clean() or {}
        wants_some = data.get("what") == SOME
        if wants_some and not data.get("licenses") and "licenses" not in self.errors:
            self.add_error("licenses", gettext("Type how many licenses."))
        if data.get("what") == ALL and data.get("licenses"):
            self.add_error("licenses", gettext("Leave this empty, or choose some of the licenses."))
        return data


class RefundPurchase(Action):
    """The whole purchase, or some groups of an add-on; shown before it is done."""

    permission = MAY_REFUND
    title = _("Refund")
    button = _("Refund it")
    is_confirmed = True
    fields_of_reasons = {Reason.REFUND_NOT_IN_GROUPS: "licenses"}
    subject: Purchase

    def judge(self) -> Allowed | Refusal:
        """Paid, not disputed, something left, and no later term."""
        return payments.may_refund(self.subject)

    def form(self, data: Any = None, **kwargs: Any) -> ActionForm:
        """Add-ons in parts, too; a term in full only."""
        if self.subject.kind == PurchaseKind.ADD_ON:
            return AddOnRefundForm(data, purchase=self.subject, **kwargs)
        return ReasonForm(data, **kwargs)

    def initial(self) -> dict[str, Any]:
        """Most refunds are of everything."""
        return {"what": ALL}

    def facts(self) -> Sequence[Fact]:
        """What was paid, and what of it is left."""
        return purchase_facts(self.subject)

    def warnings(self) -> Sequence[str]:
        """What is to be known before."""
        purchase = self.subject
        found = renewal_being_paid(purchase)
        if purchase.kind != PurchaseKind.ADD_ON:
            found.append(gettext("This pays a term, so it is refunded in full only."))
        return found

    def plan(self, form: ActionForm) -> Plan:
        """What it takes back."""
        licenses = _licenses(form)
        require(payments.may_refund(self.subject, licenses))
        amount = payments.refund_amount(self.subject, licenses)
        return refund_plan(self.subject, amount)

    def done_before(self, form: ActionForm) -> Done | None:
        """Refunded by this very form."""
        sent = Refund.objects.filter(submission=form.cleaned_data["submission"]).first()
        return refunded(sent) if sent else None

    def act(self, form: ActionForm, actor: User) -> Done:
        """Refund it."""
        typed = form.cleaned_data
        licenses = _licenses(form)
        require(payments.may_refund(self.subject, licenses))
        amount = payments.refund_amount(self.subject, licenses)
        outcome = rehearse(self.subject, amount)
        order = RefundOrder(licenses, typed["reason"], typed["submission"])
        with processor_errors.said(gettext("Nothing was refunded.")):
            refund = payments.refund_purchase(self.subject, order, actor=actor)
        write_log(refund, self.subject, outcome, actor)
        return refunded(refund)

    def trail(self) -> Sequence[Model]:
        """Below the organization."""
        return [thing for thing in (self.subject.organization, self.subject) if thing]


def _licenses(form: ActionForm) -> int | None:
    typed = form.cleaned_data
    return typed["licenses"] if typed.get("what") == SOME else None


def purchase_facts(purchase: Purchase) -> list[Fact]:
    """What was paid, and what of it is left."""
    paid = reversal.paid_purchase(purchase, with_requested=True)
    term = purchase.term
    return [
        (gettext("Purchase"), display.link(purchase)),
        (gettext("Receipt"), purchase.receipt_number),
        (gettext("Paid"), display.moment(purchase.paid_at)),
        (gettext("Card"), f"{purchase.card_brand} {purchase.card_last4}".strip()),
        (gettext("Total"), display.money(paid.total_amount, paid.currency)),
        (gettext("Returned already"), display.money(paid.refunded_amount, paid.currency)),
        (gettext("Left"), display.money(paid.amount_left, paid.currency)),
        *(
            [(gettext("Licenses left of it"), _n(paid.quantity - rules.reversed_add_ons(paid)))]
            if purchase.kind == PurchaseKind.ADD_ON
            else []
        ),
        (
            gettext("Term"),
            display.link(term, f"{display.day(term.starts_on)} – {display.day(term.expires_on)}")
            if term
            else "",
        ),
        *(
            [(gettext("The term"), display.marked(gettext("has ended")))]
            if term and term.expires_on < clock.today()
            else []
        ),
    ]


def refund_plan(purchase: Purchase, amount: int) -> Plan:
    """What refunding ``amount`` (minor units) of a granted purchase comes to."""
    with processor_errors.said(gettext("Nothing was refunded.")):
        outcome = rehearse(purchase, amount)
    facts = [
        (gettext("Refund"), display.marked(display.money(amount, purchase.currency))),
        (gettext("To"), f"{purchase.card_brand} {purchase.card_last4}".strip()),
        (gettext("Licenses taken back"), _n(outcome.taken)),
        (gettext("Licenses held now"), f"{_n(outcome.held_before)} → {_n(outcome.held_after)}"),
        (gettext("Members in use"), _n(outcome.in_use)),
        (
            gettext("Phase"),
            f"{PHASES[outcome.phase_before]} → {PHASES[outcome.phase_after]}"
            if outcome.phase_before != outcome.phase_after
            else PHASES[outcome.phase_after],
        ),
    ]
    warnings = [*_consequences(purchase, outcome), *renewal_being_paid(purchase)]
    shown = "/".join(
        str(part)
        for part in (
            amount,
            outcome.taken,
            outcome.held_before,
            outcome.held_after,
            outcome.in_use,
            outcome.phase_after,
            outcome.canceled.pk if outcome.canceled else "",
            *sorted(str(listed.pk) for listed in outcome.listed),
        )
    )
    return Plan(facts, warnings, shown)


def _consequences(purchase: Purchase, outcome: Outcome) -> list[str]:
    found = []
    if purchase.term and purchase.term.expires_on < clock.today():
        found.append(gettext("Its term has ended, so the licenses were used to the end."))
    if outcome.canceled:
        dates = {
            "start": display.day(outcome.canceled.starts_on),
            "end": display.day(outcome.canceled.expires_on),
        }
        words = gettext(
            "The term from %(start)s to %(end)s is canceled, and renewal is open again."
        )
        found.append(words % dates)
    for add_on in outcome.listed:
        words = gettext(
            "Its add-on of %(quantity)s licenses for %(total)s goes to payments to look at."
        )
        total = display.money(add_on.total_amount - add_on.refunded_amount, add_on.currency)
        found.append(words % {"quantity": _n(add_on.quantity), "total": total})
    if not outcome.taken and not outcome.canceled:
        found.append(gettext("It takes no license back: the money is goodwill."))
    if outcome.over_after:
        found.append(
            ngettext(
                "%(over)s member will have no license. Nobody is removed, but nobody can be added.",
                "%(over)s members will have no license. Nobody is removed, but nobody can be "
                "added.",
                outcome.over_after,
            )
            % {"over": _n(outcome.over_after)}
        )
    return found


def renewal_being_paid(purchase: Purchase) -> list[str]:
    """That somebody has the renewal's payment page open, which will be closed."""
    checkout = open_renewal_checkout(purchase.organization) if purchase.organization else None
    if checkout is None:
        return []
    words = gettext(
        "%(buyer)s is paying the renewal at this moment. That payment page is closed first."
    )
    return [words % {"buyer": checkout.buyer_name or checkout.buyer_email}]


def write_log(refund: Refund, purchase: Purchase, outcome: Outcome, actor: User) -> None:
    """Who gave back how much, and what it took."""
    what = gettext("Refunded %(amount)s of %(purchase)s") % {
        "amount": display.money(refund.amount, refund.currency),
        "purchase": purchase,
    }
    change = gettext("licenses held: %(before)s → %(after)s") % {
        "before": _n(outcome.held_before),
        "after": _n(outcome.held_after),
    }
    log.write(actor, Deed(what, change, refund.reason), refund, purchase, purchase.organization)


def refunded(refund: Refund) -> Done:
    """Said after it was asked for: what the processor has made of it."""
    amount = display.money(refund.amount, refund.currency)
    if refund.status in FAILED_REFUNDS:
        words = gettext("The processor refused to refund %(amount)s: %(reason)s.")
        facts = {"amount": amount, "reason": refund.failure_reason or "–"}
        return Done(words % facts, messages.ERROR)
    if refund.status == RefundStatus.REQUESTED:
        words = gettext(
            "The refund of %(amount)s is written down. The processor could not be asked now; it is "
            "asked again by itself."
        )
        return Done(words % {"amount": amount}, messages.WARNING)
    if refund.status == RefundStatus.SUCCEEDED:
        return Done(gettext("%(amount)s is refunded.") % {"amount": amount})
    words = gettext("The refund of %(amount)s is under way; it counts from now on.")
    return Done(words % {"amount": amount}, messages.INFO)


def _n(value: int) -> str:
    return formats.number(value)
