"""The original purchase: a new organization subscribes by card (R23, R26).

``settlement.settle`` creates the organization once the purchase is paid.
"""

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from billing.checkout import card_testing, sessions
from billing.checkout.closing import close_checkout
from billing.checkout.discounts import load_discounts
from billing.checkout.quotes import Plan, PriceChanged, purchase_fingerprint
from billing.models import Application, Purchase
from billing.settlement import fulfillment, settle
from billing.states import ENDED_UNPAID, UNSETTLED, PurchaseKind, PurchaseStatus
from subscriptions import clock
from subscriptions.models import Package
from subscriptions.models.packages import lock_package
from subscriptions.policy import calendar, prices
from subscriptions.policy.refusal import Reason, Refusal, Refused, require
from subscriptions.text import links


@dataclass(frozen=True)
class SubscriptionPlan(Plan):
    """What a subscription costs, and its term if paid today."""

    starts_on: date
    expires_on: date


@dataclass(frozen=True)
class SubscriptionOrder:
    """An order as entered; ``fingerprint`` identifies the plan shown on the page."""

    package: Package
    quantity: int
    code: str
    organization_name: str
    buyer_name: str
    buyer_email: str
    billing_name: str
    billing_email: str
    billing_address: str
    fingerprint: str
    submission: uuid.UUID


def plan_subscription(
    package: Package,
    quantity: int,
    *,
    code: str,
    now: datetime,
    submission: uuid.UUID | None = None,
    lock: bool = False,
) -> SubscriptionPlan:
    """Plan an original purchase; pass ``submission`` if the form has already started one.

    Raises Refused if the package is not offered, the number is below its minimum, the code does not
    apply, or the total is too high.
    """
    if not package.is_offered:
        raise Refused(Refusal(Reason.PACKAGE_NOT_OFFERED))
    if quantity < package.minimum_licenses:
        raise Refused(Refusal(Reason.BELOW_MINIMUM, {"minimum": package.minimum_licenses}))
    unit_amount = package.unit_amount
    require(prices.may_be_priced(quantity=quantity, unit_amount=unit_amount))
    today = calendar.local_date(now, clock.zone())
    discounts = load_discounts(
        currency=package.currency,
        organization=None,
        today=today,
        exclude=Q(kind=PurchaseKind.ORIGINAL, submission=submission) if submission else None,
        lock=lock,
    )
    discount = discounts.find(code=code, subtotal=quantity * unit_amount)
    price = prices.compute_price(
        quantity=quantity,
        unit_amount=unit_amount,
        discount=discount,
    )
    require(prices.may_be_charged(price, currency=package.currency))
    return SubscriptionPlan(
        package=package,
        price=price,
        discount=discount,
        starts_on=today,
        expires_on=calendar.expiration_date(today, package.term_years),
    )


def start_subscription(order: SubscriptionOrder) -> Purchase:
    """Start an original purchase and return it with its payment page.

    Raises Refused, PriceChanged, ProcessorUnavailable, ProcessorRefused.
    """
    existing = _from_same_form(order).first()
    if existing is not None and existing.status in UNSETTLED:
        if not _is_same_order(existing, order):
            # The form was changed and sent again, so its first checkout must not be paid.
            close_checkout(existing)
        elif existing.session_id:
            # It may have expired or been paid in the meantime.
            settle.settle(existing.session_id)
    try:
        purchase = _create(order)
    except IntegrityError:
        # The same form was sent at the same time; the other request has created it.
        purchase = _from_same_form(order).get()
    return sessions.create_checkout(purchase)


def _from_same_form(order: SubscriptionOrder) -> QuerySet[Purchase]:
    return Purchase.objects.filter(kind=PurchaseKind.ORIGINAL, submission=order.submission)


def _is_same_order(purchase: Purchase, order: SubscriptionOrder) -> bool:
    """Whether the purchase was started with the same order."""
    application = purchase.application
    return (
        purchase_fingerprint(purchase, application.package),
        application.organization_name,
        purchase.buyer_name,
        purchase.buyer_email,
        application.billing_name,
        application.billing_email,
        application.billing_address,
    ) == (
        order.fingerprint,
        order.organization_name,
        order.buyer_name,
        order.buyer_email,
        order.billing_name,
        order.billing_email,
        order.billing_address,
    )


def _create(order: SubscriptionOrder) -> Purchase:
    with transaction.atomic():
        same_form = _from_same_form(order)
        existing = same_form.select_for_update().first()
        if existing is not None and existing.status not in ENDED_UNPAID:
            return existing
        sessions.release_submission(same_form)
        card_testing.refuse_suspicious_stranger(order.buyer_email)
        now = clock.now()
        package = lock_package(order.package)
        plan = plan_subscription(package, order.quantity, code=order.code, now=now, lock=True)
        if plan.fingerprint != order.fingerprint:
            raise PriceChanged
        purchase = _build_purchase(order, plan, now)
        purchase.save(force_insert=True)
        Application.objects.create(
            purchase=purchase,
            package=package,
            organization_name=order.organization_name,
            billing_name=order.billing_name,
            billing_email=order.billing_email,
            billing_address=order.billing_address,
        )
        if not plan.price.total:
            purchase.status = fulfillment.fulfill_free_purchase(purchase)
            purchase.save()
    return purchase


def _build_purchase(order: SubscriptionOrder, plan: SubscriptionPlan, now: datetime) -> Purchase:
    purchase = Purchase(
        kind=PurchaseKind.ORIGINAL,
        **plan.purchase_fields(),
        organization_name=order.organization_name,
        billing_name=order.billing_name,
        billing_address=order.billing_address,
        buyer_name=order.buyer_name,
        buyer_email=order.buyer_email,
        submission=order.submission,
        created_at=now,
        status=PurchaseStatus.PENDING,
    )
    sessions.freeze_term_request(
        purchase,
        name=_("Subscription"),
        success_url=links.full_link("billing:subscribed"),
        cancel_url=links.full_link(
            "billing:subscribe", kept=str(purchase.submission), canceled="1"
        ),
    )
    return purchase
