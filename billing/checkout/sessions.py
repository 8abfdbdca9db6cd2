"""Create a purchase's one Checkout Session, and find it again (R17)."""

import logging
import uuid
from collections.abc import Mapping
from datetime import timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from billing.gateway import processor
from billing.gateway.types import CheckoutSession, Line, ProcessorRefused, ProcessorUnavailable
from billing.models import Purchase
from billing.settlement.settle import settle
from billing.settlement.transitions import abandon, open_with_session
from billing.states import PurchaseStatus
from subscriptions import clock
from subscriptions.text import formats, languages

logger = logging.getLogger(__name__)

# The processor's minimum is 30 minutes; the rest allows for retries and clock skew (R17).
CHECKOUT_LIFETIME = timedelta(minutes=35)
# How long creation may be retried with the same key: the session must still live longer than the
# processor's minimum (R17).
RETRY_WINDOW = timedelta(minutes=4)
# How much the processor's clock and ours may differ when its sessions are searched by time.
CLOCK_SKEW = timedelta(minutes=5)


def create_checkout(purchase: Purchase) -> Purchase:
    """Create the purchase's Checkout Session at the processor, once, and store it.

    A retry with the same key finds the existing one. If it is too late to retry, the session is
    looked up, and the purchase is abandoned if there is none (R17). A purchase that is not PENDING
    is returned unchanged. Raises ProcessorUnavailable if the session may exist, ProcessorRefused if
    it does not; the purchase is then abandoned.
    """
    if purchase.status != PurchaseStatus.PENDING:
        return purchase
    if clock.now() - purchase.created_at >= RETRY_WINDOW:
        found = look_up(purchase)
        settled = settle(found.id) if found else None
        return settled or abandon(purchase)
    try:
        session = processor.create_session(
            purchase.request_parameters, idempotency_key=purchase.idempotency_key
        )
    except ProcessorRefused:
        logger.exception("the processor refused purchase %s", purchase.pk)
        abandon(purchase)
        raise
    except ProcessorUnavailable:
        # The form was submitted twice at once: the processor tells one request that the key is in
        # use, and by then the other has the session.
        current = Purchase.objects.get(pk=purchase.pk)
        if current.status == PurchaseStatus.PENDING:
            raise
        return current
    return open_with_session(purchase, session)


def freeze_term_request(
    purchase: Purchase, *, name: str, success_url: str, cancel_url: str
) -> None:
    """Freeze the request of a renewal or an original purchase.

    Its one line item is the total; our page and the receipt show the discount and fee.
    """
    licenses = formats.number(purchase.quantity)
    facts = {"package": purchase.package_name, "name": name}
    title = _("%(name)s, package %(package)s") % facts
    facts = {"organization": purchase.organization_name, "licenses": licenses}
    description = _("%(organization)s, %(licenses)s licenses") % facts
    freeze_request(
        purchase,
        name=title,
        description=description,
        quantity=1,
        unit_amount=purchase.total_amount,
        success_url=success_url,
        cancel_url=cancel_url,
    )


def freeze_request(
    purchase: Purchase,
    *,
    name: str,
    description: str,
    quantity: int,
    unit_amount: int,
    success_url: str,
    cancel_url: str,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Freeze the request to the processor for a purchase, and its idempotency key (R17).

    ``unit_amount`` in minor units. ``metadata`` is stored with the session at the processor.
    """
    purchase.idempotency_key = purchase.reference
    purchase.request_parameters = processor.session_parameters(
        line=Line(
            name=name[:250],
            description=description[:250],
            quantity=quantity,
            unit_amount=unit_amount,
            currency=purchase.currency,
        ),
        purchase_id=str(purchase.pk),
        customer_email=purchase.buyer_email,
        expires_at=purchase.created_at + CHECKOUT_LIFETIME,
        # Built by hand, because the processor needs these braces unescaped.
        success_url=f"{success_url}?session_id={{CHECKOUT_SESSION_ID}}",
        cancel_url=cancel_url,
        language=languages.current_language(),
        metadata=metadata,
    )


def release_submission(purchases: QuerySet[Purchase]) -> None:
    """Free the form's submission number for a new attempt (R14)."""
    purchases.update(submission=uuid.uuid4())


def look_up(purchase: Purchase) -> CheckoutSession | None:
    """Find the Checkout Session with our purchase ID; return None if there is none (R17).

    Searches the sessions created since the purchase. Raises ProcessorError.
    """
    since = purchase.created_at - CLOCK_SKEW
    for session in processor.sessions_created_since(since):
        if session.is_ours and session.purchase_id == str(purchase.pk):
            return session
    return None
