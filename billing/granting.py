"""What a received payment leads to: its licenses, a full refund, or support's list (R14, R15).

Called under the locks of ``billing.purchases``, inside its transaction.
"""

import logging
from collections.abc import Mapping
from dataclasses import asdict

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.urls import reverse

from billing import gateway, problems, refunding
from billing.matching import Facts, differences, is_wanted_funding
from billing.models import PaymentProblem, Purchase
from billing.processor import CheckoutSession, Payment
from billing.states import ProblemReason, PurchaseKind, PurchaseStatus
from subscriptions import clock, formats, ledger, notices
from subscriptions.members import people_who_may_buy

logger = logging.getLogger(__name__)


def grant_or_refuse(purchase: Purchase, session: CheckoutSession) -> PurchaseStatus:
    """Grant what a completed Checkout Session paid for, or say what becomes of it instead.

    Fills in the payment's facts on the locked ``purchase``, writes ledger, receipt number, notices
    and activity, and answers with the state to move to.
    """
    payment = session.payment
    differing = differences(_expected(purchase), _received(session))
    if differing or payment is None:
        _hold(purchase, session, differing)
        return PurchaseStatus.REVIEW
    purchase.payment_intent_id = payment.payment_intent_id
    purchase.card_brand = payment.card_brand
    purchase.card_last4 = payment.card_last4
    purchase.card_funding = payment.card_funding
    purchase.paid_at = payment.paid_at
    if not is_wanted_funding(payment.card_funding):
        _give_back(purchase, session, payment, ProblemReason.UNWANTED_FUNDING)
        return PurchaseStatus.REFUNDING
    _grant(purchase)
    return PurchaseStatus.SETTLED


def give_back_surplus(purchase: Purchase, session: CheckoutSession, payment: Payment) -> None:
    """Refund a second payment of a purchase that has had its first, and say so (R14)."""
    if not PaymentProblem.objects.filter(session_id=session.id).exists():
        _give_back(purchase, session, payment, ProblemReason.SURPLUS)


def hold_unknown(session: CheckoutSession) -> None:
    """Put a payment that carries our mark but belongs to no purchase on support's list (R15)."""
    payment = session.payment
    # One transaction: whoever is on the list has been told of.
    with transaction.atomic():
        problem, is_new = PaymentProblem.objects.get_or_create(
            session_id=session.id,
            defaults={
                "payment_intent_id": payment.payment_intent_id if payment else "",
                "reason": ProblemReason.UNKNOWN_PURCHASE,
                "received": asdict(_received(session)),
                "needs_support": True,
                "created_at": clock.now(),
            },
        )
        if is_new:
            logger.error("paid session %s belongs to no purchase", session.id)
            problems.hand_to_support(problem)


def _grant(purchase: Purchase) -> None:
    now = clock.now()
    purchase.settled_at = now
    purchase.receipt_number = _next_receipt_number(purchase)
    if purchase.term is None or purchase.organization is None:
        raise ValueError(f"purchase {purchase.pk} has no term to grant for")
    ledger.grant_add_on(
        purchase.term,
        purchase.quantity,
        effective_at=now,
        reference=purchase.reference,
        actor=purchase.buyer,
    )
    notices.record(
        purchase.organization,
        "licenses_bought",
        actor=purchase.buyer,
        data={"purchase": str(purchase.pk), "quantity": purchase.quantity},
    )
    _tell_about_grant(purchase)


def _next_receipt_number(purchase: Purchase) -> int:
    # Gapless, because the organization is locked until this purchase is settled (R31).
    highest = Purchase.objects.filter(organization=purchase.organization).aggregate(
        highest=Max("receipt_number")
    )["highest"]
    return (highest or 0) + 1


def _tell_about_grant(purchase: Purchase) -> None:
    organization = purchase.organization
    if organization is None:
        return
    notices.tell(
        purchase.buyer_email,
        "receipt",
        reference=purchase.reference,
        organization=organization,
        data=_mail_facts(purchase),
    )
    for member in people_who_may_buy(organization):
        if member.user_id != purchase.buyer_id:
            notices.tell(
                member.user.email,
                "licenses_bought",
                reference=purchase.reference,
                organization=organization,
                data=_mail_facts(purchase),
            )


def _mail_facts(purchase: Purchase) -> dict[str, object]:
    return {
        "organization_name": purchase.organization_name,
        "buyer": purchase.buyer_name or purchase.buyer_email,
        "quantity": formats.number(purchase.quantity),
        "unit_price": formats.money(purchase.unit_amount, purchase.currency),
        "total": formats.money(purchase.total_amount, purchase.currency),
        "package": purchase.package_name,
        "card": f"{purchase.card_brand} {purchase.card_last4}".strip(),
        "receipt_number": purchase.receipt_number,
        "paid_at": formats.moment(purchase.paid_at) if purchase.paid_at else "",
        "expires": formats.end_of(purchase.term_expires_on) if purchase.term_expires_on else "",
        "link": _link(purchase),
    }


def _give_back(
    purchase: Purchase, session: CheckoutSession, payment: Payment, reason: ProblemReason
) -> None:
    problem = PaymentProblem.objects.create(
        session_id=session.id,
        purchase=purchase,
        payment_intent_id=payment.payment_intent_id,
        reason=reason,
        expected=asdict(_expected(purchase)),
        received=asdict(_received(session)) | {"funding": payment.card_funding},
        needs_support=False,
        created_at=clock.now(),
    )
    refunding.request(problem, amount=payment.amount, currency=session.currency)
    notices.tell(
        purchase.buyer_email,
        f"payment_refunded_{reason}",
        reference=f"session:{session.id}",
        organization=purchase.organization,
        data=_mail_facts(purchase) | {"refund": formats.money(payment.amount, session.currency)},
    )


def _hold(
    purchase: Purchase, session: CheckoutSession, differing: Mapping[str, tuple[object, object]]
) -> None:
    logger.error("purchase %s does not match its payment: %s", purchase.pk, dict(differing))
    problem = PaymentProblem.objects.create(
        session_id=session.id,
        purchase=purchase,
        payment_intent_id=session.payment.payment_intent_id if session.payment else "",
        reason=ProblemReason.MISMATCH,
        expected=asdict(_expected(purchase)),
        received=asdict(_received(session)),
        needs_support=True,
        created_at=clock.now(),
    )
    problems.hand_to_support(problem)
    notices.tell(
        purchase.buyer_email,
        "payment_held",
        reference=f"session:{session.id}",
        organization=purchase.organization,
        data=_mail_facts(purchase),
    )


def _expected(purchase: Purchase) -> Facts:
    is_add_on = purchase.kind == PurchaseKind.ADD_ON
    return Facts(
        purchase_id=str(purchase.pk),
        mode="payment",
        amount_total=purchase.total_amount,
        amount_received=purchase.total_amount,
        currency=purchase.currency,
        livemode=gateway.livemode(),
        quantity=purchase.quantity if is_add_on else 1,
        unit_amount=purchase.unit_amount if is_add_on else purchase.total_amount,
    )


def _received(session: CheckoutSession) -> Facts:
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
    page = reverse("billing:purchase", args=[purchase.organization.slug, purchase.pk])
    return f"{settings.SITE_URL}{page}"
