"""Renewing by card: what it would cost, and starting the payment (R20-R26).

Settling is ``billing.purchases.settle``, as for everything that is paid.
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
from billing.closing import close_open_checkouts
from billing.discounts import discount_for
from billing.models import Purchase
from billing.processor import Line
from billing.states import UNSETTLED, PurchaseKind, PurchaseStatus
from subscriptions import clock, formats, notices, renewals
from subscriptions.members import lock as lock_organization
from subscriptions.models import Discount, Membership, Organization, Package, Renewal, Term
from subscriptions.policy import calendar, prices
from subscriptions.policy import renewal as rules
from subscriptions.policy.decisions import Reason, Refusal, Refused, require
from subscriptions.policy.prices import Price
from subscriptions.policy.renewal import RenewalQuantity
from subscriptions.renewals import RenewalNeed
from subscriptions.standing import Standing, standing_of

# How often open checkouts are closed again when somebody keeps opening new ones.
_PATIENCE = 3


@dataclass(frozen=True)
class RenewalPlan:
    """What renewing with a package would be, line by line. ``starts_on`` None: when it is paid."""

    term: Term
    package: Package
    need: RenewalNeed
    number: RenewalQuantity
    price: Price
    discount: Discount | None
    starts_on: date | None
    expires_on: date | None

    @property
    def currency(self) -> str:
        """Of all its amounts, which are minor units."""
        return self.package.currency


@dataclass(frozen=True)
class RenewalOrder:
    """What the page asked for; ``shown_total`` in minor units is what it showed."""

    package: Package
    code: str
    shown_total: int
    submission: uuid.UUID


class PriceChanged(Exception):
    """What was shown is not what it costs now; nothing was started."""


class CheckoutsKeepOpening(Exception):
    """Somebody else of the organization started paying at the same moment, again and again."""


def plan_renewal(
    standing: Standing, package: Package, *, code: str = "", lock: bool = False
) -> RenewalPlan:
    """Work out the renewal of the latest term with ``package`` (R25, R26).

    Raises Refused: renewal is not open, the package is not offered, the code does not apply.
    ``lock`` is for the moment it is started.
    """
    require(standing.may_renew)
    term = standing.latest
    organization = standing.organization
    if term is None or not package.is_offered or package.currency != organization.currency:
        raise Refused(Refusal(Reason.PACKAGE_NOT_OFFERED))
    need = renewals.need_of(term, in_use=standing.licenses.in_use)
    number = need.quantity(package)
    discount = discount_for(
        code=code,
        subtotal=number.quantity * package.unit_amount,
        currency=package.currency,
        organization=organization,
        today=standing.today,
        lock=lock,
    )
    is_late = rules.is_late(term.expires_on, at=standing.now, zone=clock.zone())
    price = prices.price_of(
        quantity=number.quantity,
        unit_amount=package.unit_amount,
        discount=discount.terms if discount else prices.NO_DISCOUNT,
        fee=settings.LATE_FEE_AMOUNT if is_late else 0,
    )
    starts_on = rules.next_term_starts_on(
        term.expires_on, charged_at=standing.now, zone=clock.zone()
    )
    return RenewalPlan(
        term=term,
        package=package,
        need=need,
        number=number,
        price=price,
        discount=discount,
        starts_on=None if is_late else starts_on,
        expires_on=None if is_late else calendar.expiration_date(starts_on, package.term_years),
    )


def offered_packages(organization: Organization) -> list[Package]:
    """The packages an organization may choose now: offered, in its currency (R24)."""
    return list(Package.objects.filter(is_offered=True, currency=organization.currency))


def start_renewal(buyer: Membership, order: RenewalOrder) -> Purchase:
    """Close every open checkout, then start paying the renewal (R17, R24).

    Returns the purchase: OPEN with its payment page, SETTLED where the total is 0, or whatever
    became of it where the same form was sent before. Raises Refused, PriceChanged,
    CheckoutsKeepOpening, ProcessorUnavailable, ProcessorRefused.
    """
    for _ in range(_PATIENCE):
        before = _sent_before(buyer.organization, order)
        if before is not None:
            purchase = before
            break
        require(standing_of(buyer.organization, clock.now()).may_renew)
        close_open_checkouts(buyer.organization)
        started = _write_down(buyer, order)
        if started is not None:
            purchase = started
            break
    else:
        raise CheckoutsKeepOpening
    if purchase.status == PurchaseStatus.PENDING:
        return purchases.create_checkout(purchase)
    return purchase


def _sent_before(organization: Organization, order: RenewalOrder) -> Purchase | None:
    purchase = Purchase.objects.filter(
        organization=organization, submission=order.submission
    ).first()
    if purchase and purchase.status == PurchaseStatus.OPEN and purchase.session_id:
        # Its payment page may have closed meanwhile, or been paid.
        purchase = purchases.settle(purchase.session_id) or purchase
    over = (PurchaseStatus.EXPIRED, PurchaseStatus.ABANDONED)
    return None if purchase is None or purchase.status in over else purchase


def _write_down(buyer: Membership, order: RenewalOrder) -> Purchase | None:
    """Judge and freeze the renewal under the lock; None where a checkout was opened meanwhile."""
    with transaction.atomic():
        # Against add-ons, members and another renewal of the organization at the same moment.
        organization = lock_organization(buyer.organization)
        if Purchase.objects.filter(organization=organization, status__in=UNSETTLED).exists():
            return None
        now = clock.now()
        standing = standing_of(organization, now)
        plan = plan_renewal(standing, _fresh(order.package), code=order.code, lock=True)
        require(prices.may_be_charged(plan.price, currency=plan.currency))
        if plan.price.total != order.shown_total:
            raise PriceChanged
        renewal = renewals.freeze(plan.term, plan.package, plan.number.quantity)
        _free_submission(organization, order)
        purchase = _frozen(buyer, plan, renewal, order, now)
        if not plan.price.total:
            purchase.status = granting.grant_free(purchase)
        purchase.save(force_insert=True)
        notices.record(
            organization,
            "renewal_started",
            actor=buyer.user,
            data={"purchase": str(purchase.pk), "quantity": purchase.quantity},
        )
    return purchase


def _fresh(package: Package) -> Package:
    # Against a price list edit between the page and this moment.
    return Package.objects.select_for_update().get(pk=package.pk)


def _free_submission(organization: Organization, order: RenewalOrder) -> None:
    """An attempt of this form that is over gives its number to the new one."""
    Purchase.objects.filter(organization=organization, submission=order.submission).update(
        submission=uuid.uuid4()
    )


def _frozen(
    buyer: Membership, plan: RenewalPlan, renewal: Renewal, order: RenewalOrder, now: datetime
) -> Purchase:
    organization = plan.term.organization
    purchase = Purchase(
        kind=PurchaseKind.RENEWAL,
        organization=organization,
        buyer=buyer.user,
        renewal=renewal,
        quantity=plan.price.quantity,
        unit_amount=plan.price.unit_amount,
        discount_amount=plan.price.discount_amount,
        fee_amount=plan.price.fee_amount,
        total_amount=plan.price.total,
        currency=plan.currency,
        discount=plan.discount,
        discount_name=plan.discount.name if plan.discount else "",
        organization_name=organization.name,
        billing_name=organization.billing_name,
        billing_address=organization.billing_address,
        package_name=plan.package.name,
        term_years=plan.package.term_years,
        buyer_name=buyer.user.name,
        buyer_email=buyer.user.email,
        submission=order.submission,
        created_at=now,
        status=PurchaseStatus.PENDING,
    )
    purchase.idempotency_key = purchase.reference
    purchase.request_parameters = _request(purchase, organization)
    return purchase


def _request(purchase: Purchase, organization: Organization) -> dict[str, Any]:
    page = reverse("billing:renewal", args=[organization.slug])
    back = reverse("billing:return", args=[organization.slug])
    return gateway.session_parameters(
        # One line, the total: discount and fee stand on our page and receipt.
        line=Line(
            name=f"Renewal, package {purchase.package_name}"[:250],
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
        cancel_url=f"{settings.SITE_URL}{page}?{urlencode({'canceled': '1'})}",
    )
