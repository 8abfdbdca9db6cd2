"""Take back licenses or a term after refunds and disputes (R30).

It is recomputed from all of them each time, and only the difference is written, so order and
repetition do not matter. Called under the locks of ``billing.models.locks``.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import F, Q, Sum
from django.utils.translation import gettext_noop

from billing.models import Dispute, PaymentProblem, Purchase, Refund
from billing.refunds import problems
from billing.states import (
    LIVE_REFUNDS,
    LOST_DISPUTES,
    UNSETTLED,
    ProblemReason,
    PurchaseKind,
    PurchaseStatus,
    RefundStatus,
    Resolution,
)
from subscriptions import clock
from subscriptions.licenses import ledger, renewals
from subscriptions.licenses.status import get_status
from subscriptions.models import Organization, Term
from subscriptions.notifications import activity, notify
from subscriptions.notifications.recipients import people_who_may_buy
from subscriptions.policy import refunds as rules
from subscriptions.policy.refunds import PaidPurchase
from subscriptions.text import links
from subscriptions.text.languages import untranslated


class RenewalCheckoutOpen(Exception):
    """A canceled term cannot be restored while a renewal that replaces it is being paid."""


@dataclass(frozen=True)
class _Change:
    """What was written: negative ``licenses`` were reversed, positive were restored."""

    amount: int
    licenses: int


def paid_purchase(purchase: Purchase, *, include_requested: bool = False) -> PaidPurchase:
    """Return a purchase as the rules need it, with the amount refunded so far.

    ``include_requested`` includes refunds that the processor may not know about yet.
    """
    statuses = (*LIVE_REFUNDS, RefundStatus.REQUESTED) if include_requested else LIVE_REFUNDS
    return PaidPurchase(
        quantity=purchase.quantity,
        unit_amount=purchase.unit_amount,
        total_amount=purchase.total_amount,
        refunded_amount=get_refunded_amount(
            purchase.payment_intent_id or "", purchase.currency, statuses
        ),
        currency=purchase.currency,
    )


def apply(purchase: Purchase) -> None:
    """Write the reversal due for the known refunds and lost disputes of a locked, settled purchase.

    Raises RenewalCheckoutOpen, and writes nothing, if this would restore a canceled term while a
    renewal that replaces it is being paid.
    """
    if purchase.status != PurchaseStatus.SETTLED:
        return
    paid = paid_purchase(purchase)
    licenses = (
        _apply_to_add_on(purchase, paid)
        if purchase.kind == PurchaseKind.ADD_ON
        else _apply_to_term(purchase, paid)
    )
    amount = min(paid.total_amount, paid.refunded_amount)
    change = _Change(amount - purchase.refunded_amount, licenses)
    purchase.refunded_amount = amount
    purchase.refund_checks = F("refund_checks") + 1
    purchase.save(update_fields=["refunded_amount", "refund_checks"])
    purchase.refresh_from_db(fields=["refund_checks"])
    if change.amount or change.licenses:
        _record(purchase, change)
        _notify(purchase, change)


def get_refunded_amount(payment_intent_id: str, currency: str, statuses: Iterable[str]) -> int:
    """Return the sum of a payment's refunds with these statuses and its lost disputes."""
    ours = {"payment_intent_id": payment_intent_id, "currency": currency}
    refunded = Refund.objects.filter(**ours, status__in=statuses).aggregate(sum=Sum("amount"))
    lost = Dispute.objects.filter(**ours, status__in=LOST_DISPUTES).aggregate(sum=Sum("amount"))
    return (refunded["sum"] or 0) + (lost["sum"] or 0)


def _apply_to_add_on(purchase: Purchase, paid: PaidPurchase) -> int:
    entry = ledger.find_entry(purchase.reference)
    if entry is None:
        raise ValueError(f"purchase {purchase.pk} is settled but has no licenses")
    if paid.is_refunded:
        problems.resolve_all(
            PaymentProblem.objects.filter(purchase=purchase, reason=ProblemReason.TERM_CANCELED),
            Resolution.REFUNDED,
        )
    elif purchase.is_fully_refunded and entry.term.canceled_at is not None:
        problems.note(purchase, ProblemReason.TERM_CANCELED, _facts(purchase, paid))
    return ledger.reverse(entry, rules.reversed_add_ons(paid), note=_NOTE, actor=None)


def _apply_to_term(purchase: Purchase, paid: PaidPurchase) -> int:
    term = purchase.term
    if term is None:
        raise ValueError(f"purchase {purchase.pk} is settled but has no term")
    term = Term.objects.select_for_update().select_related("organization").get(pk=term.pk)
    if paid.is_refunded and term.canceled_at is None:
        return _cancel_term(purchase, term, paid)
    if paid.is_refunded:
        _resolve(purchase, ProblemReason.REFUND_UNDONE, Resolution.REFUNDED)
        return 0
    _resolve(purchase, ProblemReason.LATER_TERM_PAID, Resolution.CLOSED)
    return _restore_term(purchase, term) if term.canceled_at is not None else 0


def _resolve(purchase: Purchase, reason: ProblemReason, resolution: Resolution) -> None:
    """Resolve a purchase's problems that no longer apply."""
    found = PaymentProblem.objects.filter(purchase=purchase, reason=reason)
    problems.resolve_all(found, resolution)


def _cancel_term(purchase: Purchase, term: Term, paid: PaidPurchase) -> int:
    if renewals.later_term(term) is not None:
        if not purchase.is_fully_refunded:
            problems.note(purchase, ProblemReason.LATER_TERM_PAID, _facts(purchase, paid))
        return 0
    reversed_count = _reverse_included(purchase, rules.reversed_included_licenses(paid))
    renewals.cancel(term)
    for add_on in _add_ons(term):
        if not paid_purchase(add_on).is_refunded:
            problems.note(
                add_on, ProblemReason.TERM_CANCELED, _facts(add_on, paid_purchase(add_on))
            )
    for reason in (ProblemReason.LATER_TERM_PAID, ProblemReason.REFUND_UNDONE):
        _resolve(purchase, reason, Resolution.CLOSED)
    # Others may have been refunded, or had their refunds fail, while this term blocked their
    # reversal.
    others = Purchase.objects.filter(
        Q(refunded_amount__gt=0) | Q(term__canceled_at__isnull=False),
        organization=purchase.organization_id,
        kind__in=(PurchaseKind.RENEWAL, PurchaseKind.ORIGINAL),
        status=PurchaseStatus.SETTLED,
    ).exclude(pk=purchase.pk)
    for other in others.select_for_update(of=("self",)).order_by("-created_at"):
        apply(other)
    return reversed_count


def _restore_term(purchase: Purchase, term: Term) -> int:
    """Restore a term after its refund failed, unless another term has been paid since."""
    if renewals.was_replaced(term):
        if purchase.is_fully_refunded:
            facts = _facts(purchase, paid_purchase(purchase))
            problems.note(purchase, ProblemReason.REFUND_UNDONE, facts)
        return 0
    open_renewals = Purchase.objects.filter(
        organization=purchase.organization_id, kind=PurchaseKind.RENEWAL, status__in=UNSETTLED
    )
    if open_renewals.exists():
        raise RenewalCheckoutOpen
    restored = _reverse_included(purchase, 0)
    renewals.lift_cancellation(term)
    _resolve(purchase, ProblemReason.REFUND_UNDONE, Resolution.CLOSED)
    problems.resolve_all(
        PaymentProblem.objects.filter(
            purchase__in=_add_ons(term), reason=ProblemReason.TERM_CANCELED
        ),
        Resolution.CLOSED,
    )
    return restored


def _reverse_included(purchase: Purchase, number: int) -> int:
    entry = ledger.find_entry(purchase.reference)
    if entry is None:
        raise ValueError(f"purchase {purchase.pk} is settled but has no licenses")
    return ledger.reverse(entry, number, note=_NOTE, actor=None)


def _add_ons(term: Term) -> list[Purchase]:
    return list(
        Purchase.objects.filter(
            term=term, kind=PurchaseKind.ADD_ON, status=PurchaseStatus.SETTLED
        ).order_by("created_at")
    )


# Stored in English; documents translate it for their readers.
_NOTE = gettext_noop("refunds and disputes of the payment")


def _facts(purchase: Purchase, paid: PaidPurchase) -> dict[str, object]:
    return {
        "quantity": purchase.quantity,
        "total_amount": purchase.total_amount,
        "amount_received": purchase.total_amount,
        "refunded_amount": paid.refunded_amount,
        "currency": purchase.currency,
    }


def _record(purchase: Purchase, change: _Change) -> None:
    if purchase.organization is None:
        return
    activity.record(
        purchase.organization,
        "payment_reversed" if change.amount >= 0 else "reversal_undone",
        actor=None,
        data={
            "purchase": str(purchase.pk),
            "amount": change.amount,
            "refunded_amount": purchase.refunded_amount,
            "licenses": change.licenses,
        },
    )


def _notify(purchase: Purchase, change: _Change) -> None:
    """Notify the buyer, everyone who may buy, and support if there are too many members."""
    organization = purchase.organization
    if organization is None:
        return
    facts = _mail_facts(purchase, organization, change)
    addresses = {member.user.email for member in people_who_may_buy(organization)}
    kind = "payment_reversed" if change.amount >= 0 else "reversal_undone"
    for recipient in sorted(addresses | {purchase.buyer_email}):
        notify.send(
            recipient,
            kind,
            reference=f"{purchase.reference}:{purchase.refund_checks}",
            organization=organization,
            data=facts,
        )
    if facts["over"] and settings.SUPPORT_EMAIL:
        notify.send(
            settings.SUPPORT_EMAIL,
            "over_licenses",
            reference=f"{purchase.reference}:{purchase.refund_checks}",
            organization=organization,
            data=facts,
        )


def _mail_facts(
    purchase: Purchase, organization: Organization, change: _Change
) -> dict[str, object]:
    subscription = get_status(organization, clock.now())
    count = subscription.licenses
    return {
        "organization_name": organization.name,
        "purchase": untranslated(PurchaseKind(purchase.kind).label),
        "receipt_number": purchase.receipt_number,
        "currency": purchase.currency,
        "refunded_amount": purchase.refunded_amount,
        "total": purchase.total_amount,
        "removed": max(-change.licenses, 0),
        "restored": max(change.licenses, 0),
        "held": count.held,
        "in_use": count.in_use,
        "over": count.over,
        "canceled": subscription.canceled_on,
        "link": links.full_link("billing:purchase", organization.slug, purchase.pk),
    }
