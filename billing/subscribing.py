"""The original purchase: a new organization subscribes by card (R23, R26).

Nothing of it is visible anywhere until it is paid. Settling is ``billing.purchases.settle``.
"""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from billing import gateway, granting, purchases
from billing.closing import close_checkout
from billing.discounts import discount_for
from billing.models import Application, Purchase
from billing.processor import Line
from billing.states import UNSETTLED, PurchaseKind, PurchaseStatus
from subscriptions import clock, formats
from subscriptions.models import Discount, Package
from subscriptions.policy import calendar, prices
from subscriptions.policy.decisions import Reason, Refusal, Refused, require
from subscriptions.policy.prices import Price


@dataclass(frozen=True)
class SubscriptionPlan:
    """What subscribing would cost, line by line. Amounts in minor units of ``currency``."""

    package: Package
    price: Price
    discount: Discount | None
    starts_on: date
    expires_on: date

    @property
    def currency(self) -> str:
        """Of all its amounts."""
        return self.package.currency


@dataclass(frozen=True)
class SubscriptionOrder:
    """What was typed, and the total in minor units that was shown for it."""

    package: Package
    quantity: int
    code: str
    organization_name: str
    buyer_name: str
    buyer_email: str
    billing_name: str
    billing_email: str
    billing_address: str
    shown_total: int
    submission: uuid.UUID


class PriceChanged(Exception):
    """What was shown is not what it costs now; nothing was started."""


def plan_subscription(
    package: Package, quantity: int, *, code: str, now: datetime, lock: bool = False
) -> SubscriptionPlan:
    """Work out an original purchase.

    Raises Refused: not offered, below the package's minimum, the code does not apply.
    """
    if not package.is_offered:
        raise Refused(Refusal(Reason.PACKAGE_NOT_OFFERED))
    if quantity < package.minimum_licenses:
        raise Refused(Refusal(Reason.BELOW_MINIMUM, {"minimum": package.minimum_licenses}))
    today = calendar.local_date(now, clock.zone())
    discount = discount_for(
        code=code,
        subtotal=quantity * package.unit_amount,
        currency=package.currency,
        organization=None,
        today=today,
        lock=lock,
    )
    return SubscriptionPlan(
        package=package,
        price=prices.price_of(
            quantity=quantity,
            unit_amount=package.unit_amount,
            discount=discount.terms if discount else prices.NO_DISCOUNT,
        ),
        discount=discount,
        starts_on=today,
        expires_on=calendar.expiration_date(today, package.term_years),
    )


def start_subscription(order: SubscriptionOrder) -> Purchase:
    """Start an original purchase and return it with its payment page.

    Raises Refused, PriceChanged, ProcessorUnavailable, ProcessorRefused.
    """
    before = Purchase.objects.filter(
        kind=PurchaseKind.ORIGINAL, submission=order.submission
    ).first()
    if before is not None and before.status in UNSETTLED:
        if not _is_the_same(before, order):
            # The form was changed and sent again: what it had started can no longer be paid.
            close_checkout(before)
        elif before.session_id:
            # Its payment page may have closed meanwhile, or been paid.
            purchases.settle(before.session_id)
    purchase = _write_down(order)
    if purchase.status == PurchaseStatus.PENDING:
        return purchases.create_checkout(purchase)
    return purchase


def _is_the_same(purchase: Purchase, order: SubscriptionOrder) -> bool:
    application = purchase.application
    return (
        application.package_id,
        purchase.quantity,
        purchase.total_amount,
        application.organization_name,
        purchase.buyer_email,
    ) == (
        order.package.pk,
        order.quantity,
        order.shown_total,
        order.organization_name,
        order.buyer_email,
    )


def _write_down(order: SubscriptionOrder) -> Purchase:
    with transaction.atomic():
        over = (PurchaseStatus.EXPIRED, PurchaseStatus.ABANDONED)
        before = (
            Purchase.objects.select_for_update()
            .filter(kind=PurchaseKind.ORIGINAL, submission=order.submission)
            .first()
        )
        if before is not None and before.status not in over:
            return before
        if before is not None:
            before.submission = uuid.uuid4()
            before.save(update_fields=["submission"])
        now = clock.now()
        # Against a price list edit between the page and this moment.
        package = Package.objects.select_for_update().get(pk=order.package.pk)
        plan = plan_subscription(package, order.quantity, code=order.code, now=now, lock=True)
        require(prices.may_be_charged(plan.price, currency=plan.currency))
        if plan.price.total != order.shown_total:
            raise PriceChanged
        purchase = _frozen(order, plan, now)
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
            purchase.status = granting.grant_free(purchase)
            purchase.save()
    return purchase


def _frozen(order: SubscriptionOrder, plan: SubscriptionPlan, now: datetime) -> Purchase:
    purchase = Purchase(
        kind=PurchaseKind.ORIGINAL,
        quantity=plan.price.quantity,
        unit_amount=plan.price.unit_amount,
        discount_amount=plan.price.discount_amount,
        fee_amount=plan.price.fee_amount,
        total_amount=plan.price.total,
        currency=plan.currency,
        discount=plan.discount,
        discount_name=plan.discount.name if plan.discount else "",
        organization_name=order.organization_name,
        billing_name=order.billing_name,
        billing_address=order.billing_address,
        package_name=plan.package.name,
        term_years=plan.package.term_years,
        buyer_name=order.buyer_name,
        buyer_email=order.buyer_email,
        submission=order.submission,
        created_at=now,
        status=PurchaseStatus.PENDING,
    )
    purchase.idempotency_key = purchase.reference
    purchase.request_parameters = _request(purchase)
    return purchase


def _request(purchase: Purchase) -> dict[str, Any]:
    page, back = reverse("billing:subscribe"), reverse("billing:subscribed")
    query = urlencode({"kept": str(purchase.submission), "canceled": "1"})
    return gateway.session_parameters(
        # One line, the total: the discount stands on our page and receipt.
        line=Line(
            name=f"Subscription, package {purchase.package_name}"[:250],
            description=(
                f"{purchase.organization_name}, {formats.number(purchase.quantity)} licenses"
            )[:250],
            quantity=1,
            unit_amount=purchase.total_amount,
            currency=purchase.currency,
        ),
        purchase_id=str(purchase.pk),
        customer_email=purchase.buyer_email,
        expires_at=purchase.created_at + purchases.CHECKOUT_LIFE,
        success_url=f"{settings.SITE_URL}{back}?session_id={{CHECKOUT_SESSION_ID}}",
        cancel_url=f"{settings.SITE_URL}{page}?{query}",
    )
