"""Fulfillment: a received payment leads to licenses, a full refund, or support's list (R14, R15).

Called under the locks of ``billing.settlement.settle``, inside its transaction.
"""

import logging
from collections.abc import Callable
from dataclasses import asdict

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from billing.gateway import processor
from billing.gateway.types import CheckoutSession, Payment
from billing.models import PaymentProblem, Purchase
from billing.refunds import problems, sync
from billing.settlement.matching import Facts, differences, is_accepted_funding
from billing.states import (
    UNSETTLED,
    ProblemReason,
    PurchaseKind,
    PurchaseStatus,
    require_transition,
)
from subscriptions import clock
from subscriptions.licenses import ledger, renewals
from subscriptions.models import Package, Renewal, Term
from subscriptions.models.terms import RenewalState
from subscriptions.notifications import activity, notify
from subscriptions.notifications.recipients import other_receipt_addresses
from subscriptions.organizations import opening
from subscriptions.text import links

logger = logging.getLogger(__name__)


def fulfill_or_refuse(purchase: Purchase, session: CheckoutSession) -> PurchaseStatus:
    """Fulfill a completed Checkout Session, or refund its payment or hold it for support.

    Sets the payment fields of the locked ``purchase``; writes the ledger, receipt number,
    notifications and activity. Returns the status to move to.
    """
    payment = session.payment
    differing = differences(_expected_facts(purchase), _received_facts(session))
    if differing or payment is None:
        logger.error("purchase %s does not match its payment: %s", purchase.pk, dict(differing))
        _hold(purchase, session, ProblemReason.MISMATCH)
        return PurchaseStatus.REVIEW
    _set_payment(purchase, payment)
    if not is_accepted_funding(payment.card_funding):
        _refund(purchase, session, payment, ProblemReason.UNWANTED_FUNDING)
        return PurchaseStatus.REFUNDING
    if purchase.renewal and purchase.renewal.state == RenewalState.PAID:
        # Of two payments for one renewal, the first one counts.
        _refund(purchase, session, payment, ProblemReason.SURPLUS)
        _notify_of_second_renewal(purchase, purchase.renewal, session)
        return PurchaseStatus.REFUNDING
    reason = unfulfillable_reason(purchase)
    if reason is not None:
        _hold(purchase, session, reason)
        return PurchaseStatus.REVIEW
    _fulfill(purchase)
    return PurchaseStatus.SETTLED


def unfulfillable_reason(purchase: Purchase) -> ProblemReason | None:
    """Return why a purchase can no longer be fulfilled, or None if it can (R30)."""
    if purchase.kind == PurchaseKind.ADD_ON and purchase.term and purchase.term.canceled_at:
        return ProblemReason.TERM_CANCELED
    if purchase.renewal and not renewals.may_start_next_term(purchase.renewal):
        return ProblemReason.NOT_RENEWABLE
    return None


def fulfill_held_payment(purchase: Purchase, payment: Payment) -> PurchaseStatus:
    """Fulfill a payment on support's list from the frozen facts of its purchase (R15)."""
    _set_payment(purchase, payment)
    _fulfill(purchase)
    transaction.on_commit(lambda: deliver_receipt(purchase), robust=True)
    return PurchaseStatus.SETTLED


def mark_refunding(purchase: Purchase) -> None:
    """Move a held purchase to REFUNDING, so that its renewal can be paid again (R15, R24)."""
    require_transition(purchase.status, PurchaseStatus.REFUNDING)
    purchase.status = PurchaseStatus.REFUNDING
    purchase.save(update_fields=["status"])
    others = Purchase.objects.filter(renewal=purchase.renewal, status__in=UNSETTLED)
    if purchase.renewal is not None and not others.exists():
        renewals.reopen(purchase.renewal)


def fulfill_free_purchase(purchase: Purchase) -> PurchaseStatus:
    """Fulfill a purchase whose total is 0; confirming it replaces the charge (R26)."""
    if purchase.total_amount:
        raise ValueError(f"purchase {purchase.pk} is not free")
    purchase.paid_at = clock.now()
    _fulfill(purchase)
    transaction.on_commit(lambda: deliver_receipt(purchase), robust=True)
    return PurchaseStatus.SETTLED


def refund_surplus_payment(purchase: Purchase, session: CheckoutSession, payment: Payment) -> None:
    """Refund a second payment for a paid purchase and notify the buyer (R14)."""
    if not PaymentProblem.objects.filter(session_id=session.id).exists():
        _refund(purchase, session, payment, ProblemReason.SURPLUS)


def hold_unknown_payment(session: CheckoutSession) -> None:
    """Put a payment with our metadata but no purchase on support's list (R15)."""
    payment = session.payment
    # In one transaction, so that a problem on the list always has its notification.
    with transaction.atomic():
        problem, is_new = PaymentProblem.objects.get_or_create(
            session_id=session.id,
            reason=ProblemReason.UNKNOWN_PURCHASE,
            defaults={
                "payment_intent_id": payment.payment_intent_id if payment else "",
                "received": asdict(_received_facts(session)),
                "needs_support": True,
                "created_at": clock.now(),
            },
        )
        if is_new:
            logger.error("paid session %s belongs to no purchase", session.id)
            problems.hand_to_support(problem)


def _set_payment(purchase: Purchase, payment: Payment) -> None:
    purchase.payment_intent_id = payment.payment_intent_id
    purchase.card_brand = payment.card_brand
    purchase.card_last4 = payment.card_last4
    purchase.card_funding = payment.card_funding
    purchase.paid_at = payment.paid_at


def _fulfill(purchase: Purchase) -> None:
    purchase.settled_at = clock.now()
    _FULFILL[PurchaseKind(purchase.kind)](purchase)
    purchase.receipt_number = _next_receipt_number(purchase)
    _notify_of_fulfillment(purchase)


def _fulfill_add_on(purchase: Purchase) -> None:
    if purchase.term is None or purchase.organization is None:
        raise ValueError(f"purchase {purchase.pk} has no term")
    ledger.grant_add_on(
        purchase.term,
        purchase.quantity,
        effective_at=clock.now(),
        reference=purchase.reference,
        actor=purchase.buyer,
    )
    activity.record(
        purchase.organization,
        "licenses_bought",
        actor=purchase.buyer,
        data={"purchase": str(purchase.pk), "quantity": purchase.quantity},
    )


def _fulfill_renewal(purchase: Purchase) -> None:
    if purchase.renewal is None or purchase.paid_at is None:
        raise ValueError(f"purchase {purchase.pk} has no renewal")
    purchase.term = renewals.start_next_term(
        purchase.renewal,
        _term_facts(purchase, purchase.renewal.package),
        charged_at=purchase.paid_at,
        reference=purchase.reference,
        actor=purchase.buyer,
    )
    _set_term_dates(purchase, purchase.term)


def _fulfill_original(purchase: Purchase) -> None:
    if purchase.paid_at is None:
        raise ValueError(f"purchase {purchase.pk} is not paid")
    application = purchase.application
    purchase.term = opening.create_organization(
        opening.NewOrganization(
            name=application.organization_name,
            billing_name=application.billing_name,
            billing_email=application.billing_email,
            billing_address=application.billing_address,
            administrator_name=purchase.buyer_name,
            administrator_email=purchase.buyer_email,
        ),
        _term_facts(purchase, application.package),
        charged_at=purchase.paid_at,
        reference=purchase.reference,
    )
    purchase.organization = purchase.term.organization
    _set_term_dates(purchase, purchase.term)


def _term_facts(purchase: Purchase, package: Package) -> renewals.NextTerm:
    """Return the frozen facts of the purchase, never those of the live price list (R31)."""
    return renewals.NextTerm(
        package=package,
        package_name=purchase.package_name,
        unit_amount=purchase.unit_amount,
        currency=purchase.currency,
        years=purchase.term_years or 1,
        quantity=purchase.quantity,
    )


def _set_term_dates(purchase: Purchase, term: Term) -> None:
    purchase.term_starts_on = term.starts_on
    purchase.term_expires_on = term.expires_on


_FULFILL: dict[PurchaseKind, Callable[[Purchase], None]] = {
    PurchaseKind.ADD_ON: _fulfill_add_on,
    PurchaseKind.RENEWAL: _fulfill_renewal,
    PurchaseKind.ORIGINAL: _fulfill_original,
}


def _next_receipt_number(purchase: Purchase) -> int:
    # Gapless, because the organization is locked until this purchase is settled (R31).
    if hasattr(purchase, "highest_receipt_number"):
        # ``lock_purchase`` has already read it.
        highest: int | None = purchase.highest_receipt_number
    else:
        found = Purchase.objects.filter(organization=purchase.organization)
        highest = found.aggregate(highest=Max("receipt_number"))["highest"]
    return (highest or 0) + 1


def _notify_of_fulfillment(purchase: Purchase) -> None:
    organization = purchase.organization
    if organization is None:
        return
    facts = _mail_facts(purchase)

    def draft(address: str, kind: str) -> notify.Draft:
        return notify.Draft(address, purchase.reference, facts, kind=f"{kind}_{purchase.kind}")

    drafts = [draft(purchase.buyer_email, "receipt")]
    if purchase.kind != PurchaseKind.ORIGINAL:
        others = other_receipt_addresses(organization, purchase.buyer)
        drafts += [draft(email, "bought") for email in others if email != purchase.buyer_email]
    # One statement, and no e-mail yet: the processor may be waiting for our response.
    notify.send_all("", drafts, organization=organization)


def deliver_receipt(purchase: Purchase) -> None:
    """Send the buyer's receipt right after the commit, because the buyer is waiting (R31)."""
    notify.deliver_now(purchase.buyer_email, purchase.reference)


def _mail_facts(purchase: Purchase) -> dict[str, object]:
    return {
        "organization_name": purchase.organization_name,
        "buyer": purchase.buyer_name or purchase.buyer_email,
        "quantity": purchase.quantity,
        "currency": purchase.currency,
        "unit_price": purchase.unit_amount,
        "total": purchase.total_amount,
        "subtotal": purchase.subtotal_amount,
        "discount_name": purchase.discount_name,
        "discount": purchase.discount_amount,
        "fee": purchase.fee_amount,
        "package": purchase.package_name,
        "starts": purchase.term_starts_on,
        "valid_from": purchase.valid_from,
        "card": purchase.card,
        "receipt_number": purchase.receipt_number,
        "paid_at": purchase.paid_at,
        "expires": purchase.term_expires_on,
        "link": _link(purchase),
    }


def _refund(
    purchase: Purchase, session: CheckoutSession, payment: Payment, reason: ProblemReason
) -> None:
    problem = PaymentProblem.objects.create(
        session_id=session.id,
        purchase=purchase,
        payment_intent_id=payment.payment_intent_id,
        reason=reason,
        expected=asdict(_expected_facts(purchase)),
        received=asdict(_received_facts(session)) | {"funding": payment.card_funding},
        needs_support=False,
        created_at=clock.now(),
    )
    sync.request(problem, amount=payment.amount, currency=session.currency)
    notify.send(
        purchase.buyer_email,
        _refund_mail_kind(purchase, reason),
        reference=f"session:{session.id}",
        organization=purchase.organization,
        data=_mail_facts(purchase) | {"refund": payment.amount},
    )


def _refund_mail_kind(purchase: Purchase, reason: ProblemReason) -> str:
    if reason == ProblemReason.SURPLUS and purchase.kind == PurchaseKind.RENEWAL:
        return "payment_refunded_second_renewal"
    return f"payment_refunded_{reason}"


def _notify_of_second_renewal(
    purchase: Purchase, renewal: Renewal, session: CheckoutSession
) -> None:
    """Notify the first payer of the renewal, and support, of the second payment (R14)."""
    first = Purchase.objects.filter(renewal=renewal, status=PurchaseStatus.SETTLED).first()
    recipients = [first.buyer_email] if first else []
    recipients += [settings.SUPPORT_EMAIL] if settings.SUPPORT_EMAIL else []
    for recipient in set(recipients) - {purchase.buyer_email}:
        notify.send(
            recipient,
            "renewal_paid_twice",
            reference=f"session:{session.id}",
            organization=purchase.organization,
            data=_mail_facts(purchase),
        )


def _hold(purchase: Purchase, session: CheckoutSession, reason: ProblemReason) -> None:
    problem = PaymentProblem.objects.create(
        session_id=session.id,
        purchase=purchase,
        payment_intent_id=session.payment.payment_intent_id if session.payment else "",
        reason=reason,
        expected=asdict(_expected_facts(purchase)),
        received=asdict(_received_facts(session)),
        needs_support=True,
        created_at=clock.now(),
    )
    problems.hand_to_support(problem)
    notify.send(
        purchase.buyer_email,
        "payment_held",
        reference=f"session:{session.id}",
        organization=purchase.organization,
        data=_mail_facts(purchase),
    )


def _expected_facts(purchase: Purchase) -> Facts:
    is_add_on = purchase.kind == PurchaseKind.ADD_ON
    return Facts(
        purchase_id=str(purchase.pk),
        mode="payment",
        amount_total=purchase.total_amount,
        amount_received=purchase.total_amount,
        currency=purchase.currency,
        livemode=processor.livemode(),
        quantity=purchase.quantity if is_add_on else 1,
        unit_amount=purchase.unit_amount if is_add_on else purchase.total_amount,
    )


def _received_facts(session: CheckoutSession) -> Facts:
    return Facts(
        purchase_id=session.purchase_id,
        mode=session.mode,
        amount_total=session.amount_total,
        amount_received=session.payment.amount if session.payment else 0,
        currency=session.currency,
        livemode=session.livemode,
        quantity=session.quantity,
        unit_amount=session.unit_amount,
    )


def _link(purchase: Purchase) -> str:
    if purchase.organization is None:
        return str(settings.SITE_URL)
    return links.full_link("billing:purchase", purchase.organization.slug, purchase.pk)
