"""Payments to review in the Django admin: fulfilled, refunded or closed, with a reason (R15)."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Model, Q
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.admin import processor_errors
from billing.admin.purchases import amount_and_status
from billing.admin.references import payment_condition
from billing.admin.refunds.facts import purchase_facts, refund_plan, refund_result
from billing.models import PaymentProblem, Purchase, Refund
from billing.states import PurchaseStatus, Resolution
from billing.support import payments
from subscriptions.admin.parts import display, log
from subscriptions.admin.parts.actions import Action, ActionForm, ActionResult, Plan, action_page
from subscriptions.admin.parts.display import Fact, Tool
from subscriptions.admin.parts.filters import organization_filter, yes_filter
from subscriptions.admin.parts.log import LogMessage
from subscriptions.admin.parts.read_only import RecordAdmin
from subscriptions.admin.parts.search import SearchMixin
from subscriptions.models import User
from subscriptions.policy.refusal import Allowed, Refusal, require

MAY_RESOLVE = "billing.change_paymentproblem"
NAMES = {
    "purchase_id": _("Purchase"),
    "mode": _("Mode"),
    "amount_total": _("Total"),
    "amount_received": _("Received"),
    "refunded_amount": _("Refunded"),
    "currency": _("Currency"),
    "livemode": _("Live mode"),
    "quantity": _("Quantity"),
    "unit_amount": _("Price each"),
    "total_amount": _("Total paid"),
    "funding": _("Card type"),
}
AMOUNTS = {"amount_total", "amount_received", "refunded_amount", "unit_amount", "total_amount"}


def comparison(problem: PaymentProblem) -> str:
    """Return what was expected and what was received, side by side."""
    names = {name: str(text) for name, text in NAMES.items()}
    head = ["", gettext("Expected"), gettext("Received")]
    return display.comparison_table(problem.expected, problem.received, names, head, _format_fact)


def _format_fact(facts: Mapping[str, Any], name: str) -> object:
    is_amount = name in AMOUNTS and isinstance(facts[name], int)
    return display.money(facts[name], str(facts.get("currency"))) if is_amount else facts[name]


def short_name(problem: PaymentProblem) -> str:
    """Return the problem and the organization, short enough for the top of a page."""
    text = str(problem.get_reason_display())
    return f"{text} ({problem.purchase.organization_name})" if problem.purchase else text


class _ProblemAction(Action):
    """Base of the three actions on a problem."""

    permission = MAY_RESOLVE
    resolution: Resolution
    subject: PaymentProblem

    def facts(self) -> Sequence[Fact]:
        """Return what is wrong, and with which payment."""
        problem = self.subject
        found = [
            (gettext("Problem"), problem.get_reason_display()),
            (gettext("Found"), display.moment(problem.created_at)),
            (gettext("Checkout Session"), problem.session_id),
            (gettext("Payment"), problem.payment_intent_id),
            (gettext("Comparison"), comparison(problem)),
        ]
        if problem.purchase is not None:
            found.append((gettext("Purchase"), display.link(problem.purchase)))
        return found

    def already_done(self, form: ActionForm) -> ActionResult | None:
        """Return the result if the same user has already done the same."""
        problem = PaymentProblem.objects.get(pk=self.subject.pk)
        is_mine = problem.resolved_by_id == self.request.user.pk
        return self._result(problem) if is_mine and problem.resolution == self.resolution else None

    def _result(self, problem: PaymentProblem) -> ActionResult:
        text = gettext("%(done)s. It is no longer on the list.")
        return ActionResult(text % {"done": problem.get_resolution_display()})

    def _log(self, problem: PaymentProblem, actor: User, reason: str, change: str = "") -> None:
        what = gettext("Payment to review (%(reason)s): %(done)s") % {
            "reason": problem.get_reason_display(),
            "done": Resolution(self.resolution).label,
        }
        purchase = problem.purchase
        log.write(
            actor,
            LogMessage(what, change, reason),
            problem,
            purchase,
            purchase.organization if purchase else None,
        )

    def name_of(self, thing: Model) -> str:
        """Leave out the long ID."""
        return short_name(thing) if isinstance(thing, PaymentProblem) else super().name_of(thing)

    def trail(self) -> Sequence[Model]:
        """Place the page below the organization, if there is one."""
        purchase = self.subject.purchase
        organization = purchase.organization if purchase else None
        return [parent for parent in (organization, self.subject) if parent]


class FulfillProblem(_ProblemAction):
    """Accept the payment for its purchase, regardless of the amount received."""

    title = _("Fulfill this payment")
    button = _("Fulfill payment")
    resolution = Resolution.FULFILLED

    def decide(self) -> Allowed | Refusal:
        """Allow it while the purchase is waiting."""
        return payments.may_fulfill(self.subject)

    def warnings(self) -> Sequence[str]:
        """Say what will be fulfilled."""
        purchase = self.subject.purchase
        if purchase is None:
            return []
        text = gettext(
            "Fulfills the purchase as ordered, even if a different amount was received: "
            "%(what)s. The receipt will show %(total)s."
        )
        total = display.money(purchase.total_amount, purchase.currency)
        return [text % {"what": purchase, "total": total}]

    def act(self, form: ActionForm, actor: User) -> ActionResult:
        """Fulfill the payment."""
        before = _status(self.subject.purchase)
        reason = form.cleaned_data["reason"]
        with processor_errors.report(gettext("Nothing was fulfilled.")):
            purchase = payments.fulfill_problem(self.subject, reason=reason, actor=actor)
        problem = PaymentProblem.objects.select_related("purchase__organization").get(
            pk=self.subject.pk
        )
        self._log(problem, actor, reason, f"{before} → {_status(purchase)}")
        return self._result(problem)


class RefundProblem(_ProblemAction):
    """Refund all of a payment."""

    title = _("Refund this payment")
    button = _("Refund in full")
    needs_confirmation = True
    resolution = Resolution.REFUNDED

    def decide(self) -> Allowed | Refusal:
        """Allow it if money was received and is not already being refunded."""
        return payments.may_refund_problem(self.subject)

    def plan(self, form: ActionForm) -> Plan:
        """Return what the refund reverses: nothing if nothing was fulfilled."""
        require(self.decide())
        problem = self.subject
        purchase = problem.purchase
        if purchase is not None and _is_fulfilled(problem, purchase):
            amount = payments.refund_amount(purchase, None)
            plan = refund_plan(purchase, amount)
            return Plan([*purchase_facts(purchase), *plan.facts], plan.warnings, plan.fingerprint)
        amount = problem.received["amount_received"]
        currency = problem.received["currency"]
        facts = [
            (gettext("Refund"), display.highlight(display.money(amount, currency))),
            (gettext("Payment"), problem.payment_intent_id),
        ]
        text = gettext("Nothing was fulfilled for this payment, so no licenses are removed.")
        return Plan(facts, [text], f"{amount}/{currency}")

    def already_done(self, form: ActionForm) -> ActionResult | None:
        """Return the result if this form was already sent."""
        sent = Refund.objects.filter(submission=form.cleaned_data["submission"]).first()
        return refund_result(sent) if sent else None

    def act(self, form: ActionForm, actor: User) -> ActionResult:
        """Refund the payment."""
        reason = form.cleaned_data["reason"]
        before = _status(self.subject.purchase)
        with processor_errors.report(gettext("Nothing was refunded.")):
            refund = payments.refund_problem(
                self.subject,
                reason=reason,
                actor=actor,
                submission=form.cleaned_data["submission"],
            )
        if self.subject.purchase is not None:
            self.subject.purchase.refresh_from_db()
        self._log(self.subject, actor, reason, f"{before} → {_status(self.subject.purchase)}")
        return refund_result(refund)


class CloseProblem(_ProblemAction):
    """Close a payment that was settled elsewhere."""

    title = _("Close without fulfilling or refunding")
    button = _("Close payment")
    resolution = Resolution.CLOSED

    def decide(self) -> Allowed | Refusal:
        """Allow it if all of the money has been fulfilled or refunded."""
        return payments.may_close(self.subject)

    def act(self, form: ActionForm, actor: User) -> ActionResult:
        """Close the payment."""
        reason = form.cleaned_data["reason"]
        payments.close_problem(self.subject, reason=reason, actor=actor)
        problem = PaymentProblem.objects.select_related("purchase__organization").get(
            pk=self.subject.pk
        )
        self._log(problem, actor, reason)
        return self._result(problem)


def _status(purchase: Purchase | None) -> str:
    return str(purchase.get_status_display()) if purchase else "–"


def _is_fulfilled(problem: PaymentProblem, purchase: Purchase) -> bool:
    return (
        purchase.status == PurchaseStatus.SETTLED
        and purchase.payment_intent_id == problem.payment_intent_id
    )


WaitingFilter = yes_filter(
    "waiting", _("waiting"), _("Waiting for support"), lambda: Q(needs_support=True)
)


@admin.register(PaymentProblem)
class PaymentProblemAdmin(SearchMixin, RecordAdmin):
    organization_field = "purchase__organization"
    list_display = ("what", "organization", "needs_support", "resolution", "created_at")
    list_filter = (WaitingFilter, "reason", organization_filter("purchase__organization"))
    list_select_related = ("purchase__organization", "resolved_by")
    search_help_text = _("An organization, or a complete cs_… or pi_… ID from the processor.")
    fieldsets = (
        (
            None,
            {"fields": ("reason", "organization", "purchase", "created_at", "comparison_table")},
        ),
        (
            _("Resolution"),
            {"fields": ("needs_support", "resolution", "resolved_at", "resolved_by")},
        ),
        (None, {"fields": ("resolution_note", "refunds")}),
        (_("At the processor"), {"fields": ("session_id", "payment_intent_id")}),
    )
    readonly_fields = ("organization", "comparison_table", "refunds")

    def search_condition(self, request: HttpRequest, text: str) -> Q:
        """Search by processor ID or organization."""
        return payment_condition(text) or super().search_condition(request, text)

    @admin.display(description=_("problem"))
    def what(self, problem: PaymentProblem) -> str:
        """Return the problem, marked if it is waiting."""
        text = str(problem.get_reason_display())
        return display.highlight(text) if problem.needs_support else text

    @admin.display(description=_("organization"))
    def organization(self, problem: PaymentProblem) -> str:
        """Return the organization, if known."""
        return display.link(problem.purchase.organization) if problem.purchase else "–"

    @admin.display(description=_("comparison"))
    def comparison_table(self, problem: PaymentProblem) -> str:
        return comparison(problem)

    @admin.display(description=_("refunds"))
    def refunds(self, problem: PaymentProblem) -> str:
        return display.links(problem.refunds.all()[: display.MAX_LIST_ROWS], amount_and_status)

    def name_of(self, obj: PaymentProblem) -> str:
        """Leave out the long ID."""
        return short_name(obj)

    def tools(self, request: HttpRequest, obj: PaymentProblem) -> list[Tool]:
        """Offer the actions."""
        if not request.user.has_perm(MAY_RESOLVE) or obj.resolution:
            return []
        return [
            display.tool(
                gettext("Fulfill…"), _action_url(obj, "fulfill"), payments.may_fulfill(obj)
            ),
            display.tool(
                gettext("Refund…"), _action_url(obj, "refund"), payments.may_refund_problem(obj)
            ),
            display.tool(gettext("Close…"), _action_url(obj, "close"), payments.may_close(obj)),
        ]

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of the actions."""
        actions: list[tuple[str, type[Action]]] = [
            ("fulfill", FulfillProblem),
            ("refund", RefundProblem),
            ("close", CloseProblem),
        ]
        own = [
            action_page(self, name, f"billing_paymentproblem_{name}", action)
            for name, action in actions
        ]
        return [*own, *super().get_urls()]


def _action_url(problem: PaymentProblem, name: str) -> str:
    return display.admin_url(problem, name)
