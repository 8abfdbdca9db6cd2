"""The life of a purchase: its Checkout Session, settling, abandoning. One function per transition.

Order of locks: organization, then purchase. The processor is never called inside a transaction:
what is to be asked is committed first, then asked, then the answer is written down.
"""

import logging
import uuid
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from billing import gateway, granting, metrics, recovering, refunding
from billing.models import Purchase
from billing.models.locks import lock_purchase
from billing.processor import (
    CheckoutSession,
    Line,
    ProcessorError,
    ProcessorRefused,
    ProcessorUnavailable,
)
from billing.reversing import CheckoutInTheWay
from billing.states import PAID, UNSETTLED, PurchaseStatus, require_move
from subscriptions import clock, formats, languages, renewals, tracing
from subscriptions.models import Renewal

logger = logging.getLogger(__name__)

# The processor's minimum is 30 minutes from creation; the rest absorbs retries and differences
# between clocks (R17).
CHECKOUT_LIFE = timedelta(minutes=35)
# How long the creation of a Checkout Session may be repeated with the same key: its life must
# still be more than the processor's minimum (R17).
REPEAT_WITHIN = timedelta(minutes=4)
# What the processor's clock and ours may differ by, when its sessions are searched by time.
CLOCK_DIFFERENCE = timedelta(minutes=5)


def create_checkout(purchase: Purchase) -> Purchase:
    """Have the processor create the purchase's Checkout Session, once, and write it down.

    Repeated with the same key it finds the one that exists; too late for that, it is looked up,
    and the purchase abandoned where there is none (R17). Raises ProcessorUnavailable where it may
    exist, ProcessorRefused where it does not; the purchase is abandoned then.
    """
    if clock.now() - purchase.created_at >= REPEAT_WITHIN:
        found = look_up(purchase)
        settled = settle(found.id) if found else None
        return settled or abandon(purchase)
    try:
        session = gateway.create_session(
            purchase.request_parameters, idempotency_key=purchase.idempotency_key
        )
    except ProcessorRefused:
        logger.exception("purchase %s was refused by the processor", purchase.pk)
        abandon(purchase)
        raise
    except ProcessorUnavailable:
        # The same form sent twice at the same moment: one of the two is told that the key is in
        # use, and by then the other has the answer.
        current = Purchase.objects.get(pk=purchase.pk)
        if current.status == PurchaseStatus.PENDING:
            raise
        return current
    return _open(purchase, session)


def request_of_a_term(
    purchase: Purchase, *, name: str, success_url: str, cancel_url: str
) -> dict[str, Any]:
    """The processor's request for a renewal or an original purchase.

    One line, the total: discount and fee stand on our page and receipt.
    """
    licenses = formats.number(purchase.quantity)
    facts = {"package": purchase.package_name, "name": name}
    title = _("%(name)s, package %(package)s") % facts
    facts = {"organization": purchase.organization_name, "licenses": licenses}
    description = _("%(organization)s, %(licenses)s licenses") % facts
    return gateway.session_parameters(
        line=Line(
            name=title[:250],
            description=description[:250],
            quantity=1,
            unit_amount=purchase.total_amount,
            currency=purchase.currency,
        ),
        purchase_id=str(purchase.pk),
        customer_email=purchase.buyer_email,
        expires_at=purchase.created_at + CHECKOUT_LIFE,
        # Put together by hand: the processor wants these braces unescaped.
        success_url=f"{success_url}?session_id={{CHECKOUT_SESSION_ID}}",
        cancel_url=cancel_url,
        language=languages.in_force(),
    )


def look_up(purchase: Purchase) -> CheckoutSession | None:
    """The processor's Checkout Session of a purchase, found by our purchase id (R17).

    Among the sessions created since the purchase. Raises ProcessorError.
    """
    since = purchase.created_at - CLOCK_DIFFERENCE
    for session in gateway.sessions_created_since(since):
        if session.is_ours and session.purchase_id == str(purchase.pk):
            return session
    return None


def abandon(purchase: Purchase) -> Purchase:
    """Close a purchase for which the processor has no Checkout Session (R17)."""
    return _abandon(purchase, PurchaseStatus.PENDING)


def abandon_unknown(purchase: Purchase) -> Purchase:
    """Close a purchase whose Checkout Session the processor does not know: it cannot be paid."""
    logger.error("purchase %s: the processor does not know its session", purchase.pk)
    return _abandon(purchase, PurchaseStatus.OPEN)


def _abandon(purchase: Purchase, expected: PurchaseStatus) -> Purchase:
    with transaction.atomic():
        purchase = lock_purchase(purchase)
        if purchase.status == expected:
            _move(purchase, PurchaseStatus.ABANDONED)
    return purchase


def settle(session_id: str, *, mails_later: bool = False) -> Purchase | None:
    """Ask the processor about a Checkout Session and act on what it says (R13-R15).

    The one function for return page, webhook and reconciliation, as often and in any order as
    they come. ``mails_later``: the receipt, too, goes out with the next sweep, because nobody waits
    for it. None: no purchase of ours. Raises ProcessorUnavailable, ProcessorRefused.
    """
    purchase = Purchase.objects.filter(session_id=session_id).first()
    if purchase is not None and purchase.status == PurchaseStatus.SETTLED:
        # Nothing follows that state, so there is nothing to ask.
        return purchase
    with metrics.settle_seconds.time():
        session = gateway.retrieve_session(session_id)
        purchase = purchase or _purchase_of(session) or recovering.rebuild(session)
        if purchase is None:
            if session.is_ours and session.payment:
                granting.hold_unknown(session)
            return None
        with tracing.about_purchase(purchase.pk, purchase.started_by_request):
            return _settle(purchase, session, mails_later=mails_later)


def _settle(purchase: Purchase, session: CheckoutSession, *, mails_later: bool) -> Purchase:
    before = purchase.status
    with transaction.atomic():
        # Return page, webhook and reconciliation settle the same payment at the same moment:
        # the first one here grants, the others find it done.
        purchase = lock_purchase(purchase)
        is_new = purchase.status not in PAID
        _act_on(purchase, session)
    if is_new and purchase.status == PurchaseStatus.SETTLED and not mails_later:
        granting.deliver_receipt(purchase)
    if purchase.status != before:
        _count(purchase)
    if purchase.status != PurchaseStatus.SETTLED or purchase.session_id != session.id:
        refunding.send_requested(purchase)
    if session.payment and session.payment.is_touched:
        _look_at_refunds(session.payment.payment_intent_id)
    return purchase


def _count(purchase: Purchase) -> None:
    logger.info("purchase moved", extra={"to": purchase.status, "kind": purchase.kind})
    if purchase.status in PAID:
        metrics.payments.labels(to=purchase.status).inc()
    if purchase.status == PurchaseStatus.SETTLED and purchase.paid_at and purchase.settled_at:
        waited = (purchase.settled_at - purchase.paid_at).total_seconds()
        metrics.paid_to_granted_seconds.observe(max(waited, 0.0))


def _look_at_refunds(payment_intent_id: str) -> None:
    """A payment that was refunded or disputed before it was granted here (R30)."""
    try:
        refunding.ask(payment_intent_id)
    except (ProcessorError, CheckoutInTheWay):
        logger.exception("refunds of %s are not known yet; reconciliation asks", payment_intent_id)


def _open(purchase: Purchase, session: CheckoutSession) -> Purchase:
    with transaction.atomic():
        purchase = lock_purchase(purchase)
        # A webhook may have been faster than the answer, and have settled it.
        if purchase.status == PurchaseStatus.PENDING:
            _bind(purchase, session)
            _move(purchase, PurchaseStatus.OPEN)
    return purchase


def _act_on(purchase: Purchase, session: CheckoutSession) -> None:
    """Move a locked purchase to what its Checkout Session says."""
    if purchase.status in PAID:
        if session.id != purchase.session_id and session.payment:
            granting.give_back_surplus(purchase, session, session.payment)
        return
    if session.is_complete:
        # Of two sessions for one purchase, the one that was paid is the one that counts.
        _bind(purchase, session)
        _move(purchase, granting.grant_or_refuse(purchase, session))
    elif purchase.session_id not in (None, session.id):
        return
    elif session.is_expired and purchase.status != PurchaseStatus.EXPIRED:
        _bind(purchase, session)
        _move(purchase, PurchaseStatus.EXPIRED)
    elif session.is_open and purchase.status == PurchaseStatus.PENDING:
        _bind(purchase, session)
        _move(purchase, PurchaseStatus.OPEN)


def _purchase_of(session: CheckoutSession) -> Purchase | None:
    """The purchase of a session that is not bound to it: by the number it carries."""
    if not session.is_ours:
        return None
    try:
        return Purchase.objects.filter(pk=uuid.UUID(session.purchase_id)).first()
    except ValueError:
        return None


def _bind(purchase: Purchase, session: CheckoutSession) -> None:
    purchase.session_id = session.id
    purchase.session_url = session.url
    purchase.session_expires_at = session.expires_at


def _move(purchase: Purchase, status: PurchaseStatus) -> None:
    require_move(purchase.status, status)
    purchase.status = status
    purchase.save()
    if status in _CAME_TO_NOTHING and purchase.renewal is not None:
        _reopen_renewal(purchase, purchase.renewal)


_CAME_TO_NOTHING = (
    PurchaseStatus.EXPIRED,
    PurchaseStatus.ABANDONED,
    PurchaseStatus.REFUNDING,
)


def _reopen_renewal(purchase: Purchase, renewal: Renewal) -> None:
    """Package and number may be chosen again, unless another payment of it is open (R24)."""
    others = Purchase.objects.filter(renewal=renewal, status__in=UNSETTLED)
    if not others.exclude(pk=purchase.pk).exists():
        renewals.reopen(renewal)
