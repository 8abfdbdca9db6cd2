"""Following a payment after it was fulfilled, and what a canceled term leaves open (R30).

Nothing here holds a lock while the processor is asked.
"""

import logging

from django.db.models import Q

from billing.checkout.closing import close_checkout, close_open_checkouts
from billing.checkout.renewals import open_renewal_checkout
from billing.gateway.types import ProcessorError
from billing.models import Purchase
from billing.models.locks import until_done
from billing.refunds import sync
from billing.refunds.reversal import CheckoutInTheWay
from billing.states import UNSETTLED
from subscriptions import clock
from subscriptions.licenses import renewals
from subscriptions.licenses.status import status_of
from subscriptions.models import Organization

logger = logging.getLogger(__name__)


def follow_payment(payment_intent_id: str) -> bool:
    """Ask what has gone back of a payment, act on it, and close what that makes impossible.

    The one function for webhooks, reconciliation and support's refunds. False where the payment is
    none of ours. Raises ProcessorError, and CheckoutInTheWay where somebody keeps opening renewals.
    """

    def ask() -> bool | None:
        try:
            return sync.ask(payment_intent_id)
        except CheckoutInTheWay:
            close_open_checkouts(_organization_of(payment_intent_id))
            return None

    is_ours = until_done(ask, otherwise=CheckoutInTheWay())
    if is_ours:
        close_checkouts_of_canceled_terms()
        _close_outdated_renewal(payment_intent_id)
    return is_ours


def close_checkouts_of_canceled_terms() -> None:
    """Expire the open checkouts of canceled terms; what is paid meanwhile goes to support (R30).

    Where the processor cannot be asked, reconciliation comes back to it.
    """
    canceled = Q(term__canceled_at__isnull=False) | Q(renewal__term__canceled_at__isnull=False)
    unsettled = Purchase.objects.filter(canceled, status__in=UNSETTLED)
    for purchase in unsettled.select_related("renewal__term__organization"):
        # The renewal of a canceled original purchase is of that very term.
        if purchase.renewal is None or not renewals.may_start_next_term(purchase.renewal):
            _close(purchase)


def _close_outdated_renewal(payment_intent_id: str) -> None:
    """Expire a renewal checkout that is for licenses whose money has gone back (R25, R30)."""
    refunded = Purchase.objects.filter(payment_intent_id=payment_intent_id).first()
    if refunded is None or refunded.organization is None:
        return
    checkout = open_renewal_checkout(refunded.organization)
    if checkout is None or checkout.renewal is None:
        return
    in_use = status_of(refunded.organization, clock.now()).licenses.in_use
    renewal = checkout.renewal
    need = renewals.need_of(renewal.term, in_use=in_use)
    if need.quantity(renewal.package).quantity < checkout.quantity:
        _close(checkout)


def _close(purchase: Purchase) -> None:
    try:
        close_checkout(purchase)
    except ProcessorError:
        logger.exception("checkout of %s is not closed yet; reconciliation will", purchase.pk)


def _organization_of(payment_intent_id: str) -> Organization:
    purchase = Purchase.objects.select_related("organization").get(
        payment_intent_id=payment_intent_id
    )
    if purchase.organization is None:
        raise ValueError(f"purchase {purchase.pk} has no organization")
    return purchase.organization
