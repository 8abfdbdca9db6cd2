"""Text for a refund and its reversal, before and after (R30)."""

from django.contrib import messages
from django.utils.translation import gettext, ngettext

from billing.admin import processor_errors
from billing.admin.refunds.rehearsal import Outcome, rehearse
from billing.checkout.renewals import find_open_renewal_checkout
from billing.models import Purchase, Refund
from billing.refunds import reversal
from billing.states import FAILED_REFUNDS, PurchaseKind, RefundStatus
from subscriptions import clock
from subscriptions.admin.organizations.filters import PHASES
from subscriptions.admin.parts import display, log
from subscriptions.admin.parts.actions import ActionResult, Plan
from subscriptions.admin.parts.display import Fact
from subscriptions.admin.parts.log import LogMessage
from subscriptions.models import User
from subscriptions.policy import refunds as rules
from subscriptions.text.formats import number


def purchase_facts(purchase: Purchase) -> list[Fact]:
    """Return what was paid, and what is left."""
    paid = reversal.paid_purchase(purchase, include_requested=True)
    term = purchase.term
    return [
        (gettext("Purchase"), display.link(purchase)),
        (gettext("Receipt"), purchase.receipt_number),
        (gettext("Paid"), display.moment(purchase.paid_at)),
        (gettext("Card"), f"{purchase.card_brand} {purchase.card_last4}".strip()),
        (gettext("Total"), display.money(paid.total_amount, paid.currency)),
        (gettext("Already refunded"), display.money(paid.refunded_amount, paid.currency)),
        (gettext("Remaining"), display.money(paid.amount_left, paid.currency)),
        *(
            [
                (
                    gettext("Licenses remaining"),
                    number(paid.quantity - rules.reversed_add_ons(paid)),
                )
            ]
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
            [(gettext("The term"), display.highlight(gettext("has ended")))]
            if term and term.expires_on < clock.today()
            else []
        ),
    ]


def refund_plan(purchase: Purchase, amount: int) -> Plan:
    """Return the preview of refunding ``amount`` (minor units) of a fulfilled purchase."""
    with processor_errors.report(gettext("Nothing was refunded.")):
        outcome = rehearse(purchase, amount)
    facts = [
        (gettext("Refund"), display.highlight(display.money(amount, purchase.currency))),
        (gettext("Refund to"), f"{purchase.card_brand} {purchase.card_last4}".strip()),
        (gettext("Licenses removed"), number(outcome.reversed_count)),
        (
            gettext("Licenses held now"),
            f"{number(outcome.held_before)} → {number(outcome.held_after)}",
        ),
        (gettext("Licenses in use"), number(outcome.in_use)),
        (
            gettext("Phase"),
            f"{PHASES[outcome.phase_before]} → {PHASES[outcome.phase_after]}"
            if outcome.phase_before != outcome.phase_after
            else PHASES[outcome.phase_after],
        ),
    ]
    warnings = [*_consequences(purchase, outcome), *open_payment_warnings(purchase)]
    fingerprint = "/".join(
        str(part)
        for part in (
            amount,
            outcome.reversed_count,
            outcome.held_before,
            outcome.held_after,
            outcome.in_use,
            outcome.phase_after,
            outcome.canceled.pk if outcome.canceled else "",
            *sorted(str(listed.pk) for listed in outcome.listed),
        )
    )
    return Plan(facts, warnings, fingerprint)


def _consequences(purchase: Purchase, outcome: Outcome) -> list[str]:
    found = []
    if purchase.term and purchase.term.expires_on < clock.today():
        found.append(
            gettext("Its term has ended, so the licenses were available for the whole term.")
        )
    if outcome.canceled:
        dates = {
            "start": display.day(outcome.canceled.starts_on),
            "end": display.day(outcome.canceled.expires_on),
        }
        text = gettext("The term from %(start)s to %(end)s is canceled, and renewal is open again.")
        found.append(text % dates)
    for add_on in outcome.listed:
        text = gettext(
            "Its add-on of %(quantity)s licenses for %(total)s will be added to payments to review."
        )
        total = display.money(add_on.total_amount - add_on.refunded_amount, add_on.currency)
        found.append(text % {"quantity": number(add_on.quantity), "total": total})
    if not outcome.reversed_count and not outcome.canceled:
        found.append(gettext("No licenses are removed: this is a goodwill refund."))
    if outcome.over_after:
        found.append(
            ngettext(
                "%(over)s user will have no license. No one will be removed, but no one can be "
                "added.",
                "%(over)s users will have no license. No one will be removed, but no one can be "
                "added.",
                outcome.over_after,
            )
            % {"over": number(outcome.over_after)}
        )
    return found


def open_payment_warnings(purchase: Purchase) -> list[str]:
    """Warn that the open payment page of the renewal will be closed."""
    checkout = find_open_renewal_checkout(purchase.organization) if purchase.organization else None
    if checkout is None:
        return []
    text = gettext(
        "%(buyer)s is paying for the renewal right now. That payment page will be closed first."
    )
    return [text % {"buyer": checkout.buyer_name or checkout.buyer_email}]


def write_log(refund: Refund, purchase: Purchase, outcome: Outcome, actor: User) -> None:
    """Log who refunded how much, and what was reversed."""
    what = gettext("Refunded %(amount)s of %(purchase)s") % {
        "amount": display.money(refund.amount, refund.currency),
        "purchase": purchase,
    }
    change = gettext("licenses held: %(before)s → %(after)s") % {
        "before": number(outcome.held_before),
        "after": number(outcome.held_after),
    }
    log.write(
        actor, LogMessage(what, change, refund.reason), refund, purchase, purchase.organization
    )


def refund_result(refund: Refund) -> ActionResult:
    """Return the result of a refund after calling the processor."""
    amount = display.money(refund.amount, refund.currency)
    if refund.status in FAILED_REFUNDS:
        text = gettext("The processor refused to refund %(amount)s: %(reason)s.")
        facts = {"amount": amount, "reason": refund.failure_reason or "–"}
        return ActionResult(text % facts, messages.ERROR)
    if refund.status == RefundStatus.REQUESTED:
        text = gettext(
            "The refund of %(amount)s is recorded, but the processor could not be reached. We "
            "will try again automatically."
        )
        return ActionResult(text % {"amount": amount}, messages.WARNING)
    if refund.status == RefundStatus.SUCCEEDED:
        return ActionResult(gettext("%(amount)s has been refunded.") % {"amount": amount})
    text = gettext("The refund of %(amount)s is in progress and already counts as refunded.")
    return ActionResult(text % {"amount": amount}, messages.INFO)
