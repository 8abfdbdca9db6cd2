"""Buy add-ons by card: check the order, freeze it, and create its payment page.

R10, R11, R17. ``billing.settlement.settle.settle`` settles it.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from billing.checkout import card_testing, sessions
from billing.gateway.types import ProcessorRefused
from billing.models import Purchase
from billing.models.purchases import frozen_names
from billing.settlement import rebuild
from billing.settlement.settle import settle
from billing.states import ENDED_UNPAID, PurchaseKind, PurchaseStatus
from subscriptions import clock
from subscriptions.licenses.status import get_status
from subscriptions.models import Membership, Organization, Term
from subscriptions.models.organizations import lock_organization
from subscriptions.notifications import activity
from subscriptions.policy import add_ons, prices
from subscriptions.policy.refusal import Reason, Refusal, Refused, require
from subscriptions.text import formats, links

# A Checkout Session with less time left is not resumed.
MIN_TIME_TO_RESUME = timedelta(minutes=5)
# The same person must confirm buying the same number again within this time.
REPEAT_WINDOW = timedelta(minutes=10)


@dataclass(frozen=True)
class Order:
    """An order of add-ons.

    ``submission`` identifies the form, so that sending it twice makes one purchase (R14).
    ``return_to`` is a path inside the organization to return to.
    """

    quantity: int
    submission: uuid.UUID
    return_to: str = ""
    is_repeat: bool = False


class RepeatedPurchase(Exception):
    """The same person has just bought the same number; nothing was started."""

    def __init__(self, previous: Purchase) -> None:
        super().__init__(previous.pk)
        self.previous = previous


def start_purchase(buyer: Membership, order: Order) -> Purchase:
    """Start buying add-ons and return the purchase with its payment page (R10, R11, R17).

    The purchase is OPEN, or in any status if the same form was already submitted. Raises
    Refused (number, calendar), RepeatedPurchase, ProcessorUnavailable (retry with the same
    submission), ProcessorRefused.
    """
    resumable = _find_resumable(buyer, order)
    if resumable is not None:
        return resumable
    return sessions.create_checkout(_create(buyer, order))


def _find_resumable(buyer: Membership, order: Order) -> Purchase | None:
    """Return this person's open payment page for the same order, if it can still be paid.

    This way, two tabs, or a return from the payment page, share one Checkout Session. The processor
    is asked first: if the session is paid, this is a second purchase.
    """
    purchase = (
        Purchase.objects.filter(
            organization=buyer.organization,
            buyer=buyer.user,
            kind=PurchaseKind.ADD_ON,
            status=PurchaseStatus.OPEN,
            quantity=order.quantity,
            return_to=order.return_to,
        )
        .order_by("-created_at")
        .first()
    )
    if purchase is None or purchase.session_id is None:
        return None
    try:
        purchase = settle(purchase.session_id)
    except ProcessorRefused:
        return None
    if purchase is None or purchase.status != PurchaseStatus.OPEN:
        return None
    expires_at = purchase.session_expires_at
    has_time = expires_at is not None and expires_at > clock.now() + MIN_TIME_TO_RESUME
    return purchase if has_time else None


def _create(buyer: Membership, order: Order) -> Purchase:
    """Check the order and commit the purchase before the processor is called."""
    now = clock.now()
    with transaction.atomic():
        # Keeps the renewal from being started or paid at the same time (R17), and the same form
        # from being sent twice.
        organization = lock_organization(buyer.organization)
        existing = _already_sent(organization, order)
        if existing is not None:
            return existing
        subscription = get_status(organization, now)
        require(subscription.may_add_licenses)
        term = subscription.latest
        if term is None:
            raise Refused(Refusal(Reason.NO_TERM))
        require(
            add_ons.check_quantity(
                order.quantity, unit_amount=term.unit_amount, currency=term.currency
            )
        )
        card_testing.refuse_suspicious(organization)
        if not order.is_repeat:
            _require_confirmation(buyer, order, now)
        purchase = _build_purchase(buyer, organization, term, order, now)
        purchase.save(force_insert=True)
        activity.record(
            organization,
            "purchase_started",
            actor=buyer.user,
            data={"purchase": str(purchase.pk), "quantity": purchase.quantity},
        )
    return purchase


def _already_sent(organization: Organization, order: Order) -> Purchase | None:
    """Return the purchase that the same form already started, unless this is a new attempt.

    A new attempt (a different quantity, or the first attempt has ended) takes over the form's
    submission number, so that sending it twice still makes one purchase.
    """
    same_form = Purchase.objects.filter(organization=organization, submission=order.submission)
    purchase = same_form.first()
    if purchase is None:
        return None
    has_ended = purchase.status in ENDED_UNPAID
    if purchase.quantity == order.quantity and not has_ended and not _is_too_old(purchase):
        return purchase
    sessions.release_submission(same_form)
    return None


def _is_too_old(purchase: Purchase) -> bool:
    """Whether creation can no longer be retried; reconciliation will look the session up (R17)."""
    return (
        purchase.status == PurchaseStatus.PENDING
        and clock.now() - purchase.created_at >= sessions.RETRY_WINDOW
    )


def _require_confirmation(buyer: Membership, order: Order, now: datetime) -> None:
    same = Purchase.objects.filter(
        organization=buyer.organization,
        buyer=buyer.user,
        kind=PurchaseKind.ADD_ON,
        status=PurchaseStatus.SETTLED,
        quantity=order.quantity,
        settled_at__gt=now - REPEAT_WINDOW,
        refunded_amount=0,
    )
    previous = same.order_by("-settled_at").first()
    if previous:
        raise RepeatedPurchase(previous)


def _build_purchase(
    buyer: Membership,
    organization: Organization,
    term: Term,
    order: Order,
    now: datetime,
) -> Purchase:
    total = prices.add_on_total(quantity=order.quantity, unit_amount=term.unit_amount)
    purchase = Purchase(
        kind=PurchaseKind.ADD_ON,
        organization=organization,
        buyer=buyer.user,
        term=term,
        quantity=order.quantity,
        unit_amount=term.unit_amount,
        total_amount=total,
        currency=term.currency,
        **frozen_names(organization, buyer.user),
        package_name=term.package_name,
        term_starts_on=term.starts_on,
        term_expires_on=term.expires_on,
        return_to=order.return_to,
        submission=order.submission,
        created_at=now,
        status=PurchaseStatus.PENDING,
    )
    _freeze_request(purchase, buyer, term)
    return purchase


def _freeze_request(purchase: Purchase, buyer: Membership, term: Term) -> None:
    slug = buyer.organization.slug
    name = _("Add-on licenses, package %(package)s") % {"package": purchase.package_name}
    facts = {
        "organization": purchase.organization_name,
        "expires": formats.long_date(term.expires_on),
    }
    description = _("%(organization)s, through %(expires)s") % facts
    sessions.freeze_request(
        purchase,
        name=name,
        description=description,
        quantity=purchase.quantity,
        unit_amount=purchase.unit_amount,
        success_url=links.full_link("billing:return", slug),
        cancel_url=links.full_link("billing:add_licenses", slug, **_cancel_query(purchase)),
        metadata=rebuild.add_on_metadata(buyer, term),
    )


def _cancel_query(purchase: Purchase) -> dict[str, str]:
    query = {"quantity": str(purchase.quantity), "canceled": "1"}
    return query | {"next": purchase.return_to} if purchase.return_to else query
