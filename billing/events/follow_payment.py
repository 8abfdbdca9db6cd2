"""Following up on payments after fulfillment, and closing checkouts of canceled terms (R30).

No lock is held while the processor is called.
"""

import logging

from django.db.models import Q

from billing.checkout.closing import close_checkout, close_open_checkouts
from billing.checkout.renewals import find_open_renewal_checkout
from billing.gateway.types import ProcessorError
from billing.models import Purchase
from billing.models.locks import retry_until_done
from billing.refunds import sync
from billing.refunds.reversal import RenewalCheckoutOpen
from billing.states import UNSETTLED
from subscriptions import clock
from subscriptions.licenses import renewals
from subscriptions.licenses.status import get_status
from subscriptions.models import Organization

logger = logging.getLogger(__name__)


def follow_up(payment_intent_id: str) -> bool:
    """Ask for a payment's refunds and disputes, act on them, and close checkouts they invalidate.

    Webhooks, reconciliation and support's refunds all call this. Returns False if the payment is
    not ours. Raises ProcessorError, and RenewalCheckoutOpen if new renewal checkouts keep opening.
    """

    def refresh() -> bool | None:
        try:
            return sync.refresh(payment_intent_id)
        except RenewalCheckoutOpen:
            close_open_checkouts(_get_organization(payment_intent_id))
            return None

    is_ours = retry_until_done(refresh, otherwise=RenewalCheckoutOpen())
    if is_ours:
        close_checkouts_of_canceled_terms()
        _close_outdated_renewal(payment_intent_id)
    return is_ours


def close_checkouts_of_canceled_terms() -> None:
    """Expire the open checkouts of canceled terms; one just paid goes to support (R30).

    If the processor cannot be reached, reconciliation will retry.
    """
    canceled = Q(term__canceled_at__isnull=False) | Q(renewal__term__canceled_at__isnull=False)
    unsettled = Purchase.objects.filter(canceled, status__in=UNSETTLED)
    for purchase in unsettled.select_related("renewal__term__organization"):
        # If the original purchase was canceled, the renewal is for the same term and stays open.
        if purchase.renewal is None or not renewals.may_start_next_term(purchase.renewal):
            _close(purchase)


def _close_outdated_renewal(payment_intent_id: str) -> None:
    """Expire a renewal checkout for more licenses than are left after a refund (R25, R30)."""
    refunded = Purchase.objects.filter(payment_intent_id=payment_intent_id).first()
    if refunded is None or refunded.organization is None:
        return
    checkout = find_open_renewal_checkout(refunded.organization)
    if checkout is None or checkout.renewal is None:
        return
    in_use = get_status(refunded.organization, clock.now()).licenses.in_use
    renewal = checkout.renewal
    need = renewals.get_need(renewal.term, in_use=in_use)
    if need.quantity(renewal.package).quantity < checkout.quantity:
        _close(checkout)


def _close(purchase: Purchase) -> None:
    try:
        close_checkout(purchase)
    except ProcessorError:
        logger.exception(
            "checkout of %s could not be closed; reconciliation will retry", purchase.pk
        )


def _get_organization(payment_intent_id: str) -> Organization:
    purchase = Purchase.objects.select_related("organization").get(
        payment_intent_id=payment_intent_id
    )
    if purchase.organization is None:
        raise ValueError(f"purchase {purchase.pk} has no organization")
    return purchase.organization
