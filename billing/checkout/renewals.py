"""Renewals by card: what they cost, and how their payment starts (R20-R26).

``billing.settlement.settle.settle`` settles it, like all purchases.
"""

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from billing.checkout import card_testing, sessions
from billing.checkout.closing import close_checkout, close_open_checkouts
from billing.checkout.discounts import Discounts, load_discounts
from billing.checkout.quotes import Plan, PriceChanged, purchase_fingerprint
from billing.models import Purchase, Refund
from billing.models.locks import retry_until_done
from billing.models.purchases import frozen_names
from billing.refunds import sync
from billing.settlement import fulfillment, settle
from billing.states import ENDED_UNPAID, UNSETTLED, PurchaseKind, PurchaseStatus, RefundStatus
from subscriptions import clock
from subscriptions.licenses import renewals
from subscriptions.licenses.renewals import RenewalNeed
from subscriptions.licenses.status import SubscriptionStatus, get_status
from subscriptions.models import Membership, Organization, Package, Renewal, Term
from subscriptions.models.organizations import lock_organization
from subscriptions.models.packages import lock_package
from subscriptions.models.terms import RenewalState
from subscriptions.notifications import activity
from subscriptions.policy import calendar, prices
from subscriptions.policy import renewals as rules
from subscriptions.policy.refusal import Reason, Refusal, Refused, require
from subscriptions.policy.renewals import RenewalQuantity
from subscriptions.text import links


@dataclass(frozen=True)
class RenewalPlan(Plan):
    """The cost of renewing with a package; ``starts_on`` is None for the day of payment."""

    term: Term
    need: RenewalNeed
    renewal_quantity: RenewalQuantity
    starts_on: date | None
    expires_on: date | None


@dataclass(frozen=True)
class RenewalOrder:
    """A renewal as ordered; ``fingerprint`` identifies the plan shown on the page."""

    package: Package
    code: str
    fingerprint: str
    submission: uuid.UUID


class ConcurrentCheckouts(Exception):
    """Other users of the organization kept starting payments at the same time."""


class Planner:
    """Plan a renewal of the latest term with any package.

    Raises Refused if renewal is not open, or support is reviewing its payment. Pass ``lock=True``
    when starting the renewal.
    """

    def __init__(self, subscription: SubscriptionStatus, *, lock: bool = False) -> None:
        require(subscription.may_renew)
        if subscription.latest is None or subscription.last is None:
            raise Refused(Refusal(Reason.NO_TERM))
        self.subscription = subscription
        self.term = subscription.latest
        self.last = subscription.last
        refuse_if_under_review(self.term)
        self.need = renewals.get_need(self.term, in_use=subscription.licenses.in_use)
        self.discounts: Discounts = load_discounts(
            currency=subscription.organization.currency,
            organization=subscription.organization,
            today=subscription.today,
            # Starting a renewal closes the organization's open checkouts.
            exclude=Q(organization=subscription.organization),
            lock=lock,
        )

    def plan(self, package: Package, *, code: str = "") -> RenewalPlan:
        """Plan a renewal with ``package`` (R25, R26).

        Raises Refused if the package is not offered, the code does not apply, or the total is too
        high.
        """
        term, zone = self.term, clock.zone()
        if not package.is_offered or package.currency != self.subscription.organization.currency:
            raise Refused(Refusal(Reason.PACKAGE_NOT_OFFERED))
        quantity = self.need.quantity(package)
        unit_amount = package.unit_amount
        require(prices.may_be_priced(quantity=quantity.quantity, unit_amount=unit_amount))
        discount = self.discounts.find(code=code, subtotal=quantity.quantity * unit_amount)
        now = self.subscription.now
        is_late = rules.is_late(self.last, at=now, zone=zone)
        price = prices.compute_price(
            quantity=quantity.quantity,
            unit_amount=unit_amount,
            discount=discount,
            fee=settings.LATE_FEE_AMOUNT if is_late else 0,
        )
        require(prices.may_be_charged(price, currency=package.currency))
        starts_on = rules.next_term_starts_on(self.last, charged_at=now, zone=zone)
        expires_on = calendar.expiration_date(starts_on, package.term_years)
        return RenewalPlan(
            term=term,
            package=package,
            need=self.need,
            renewal_quantity=quantity,
            price=price,
            discount=discount,
            starts_on=None if is_late else starts_on,
            expires_on=None if is_late else expires_on,
        )


def plan_renewal(
    subscription: SubscriptionStatus, package: Package, *, code: str = "", lock: bool = False
) -> RenewalPlan:
    """Plan a renewal with one package; use a Planner to compare several."""
    return Planner(subscription, lock=lock).plan(package, code=code)


def refuse_if_under_review(term: Term) -> None:
    """Raise Refused if support holds a payment for the renewal, so that it is not paid twice."""
    held = Purchase.objects.filter(
        renewal__term=term, renewal__state=RenewalState.PAYING, status=PurchaseStatus.REVIEW
    )
    if held.exists():
        raise Refused(Refusal(Reason.RENEWAL_WITH_SUPPORT))


def start_renewal(buyer: Membership, order: RenewalOrder) -> Purchase:
    """Close all open checkouts, then start the payment for the renewal (R17, R24).

    Returns the purchase: OPEN with its payment page, SETTLED if the total is 0, or in any status if
    the same form was already submitted. Raises Refused, PriceChanged, ConcurrentCheckouts,
    ProcessorUnavailable, ProcessorRefused.
    """

    def begin() -> Purchase | None:
        existing = _already_sent(buyer.organization, order)
        if existing is not None:
            return existing
        require(get_status(buyer.organization, clock.now()).may_renew)
        _finish_refunds(buyer.organization)
        close_open_checkouts(buyer.organization)
        return _create(buyer, order)

    return sessions.create_checkout(retry_until_done(begin, otherwise=ConcurrentCheckouts()))


def find_open_renewal_checkout(organization: Organization) -> Purchase | None:
    """Return the organization's open renewal checkout, whichever user started it."""
    return Purchase.objects.filter(
        organization=organization, kind=PurchaseKind.RENEWAL, status__in=UNSETTLED
    ).first()


def end_renewal_checkout(member: Membership) -> Purchase | None:
    """End the open renewal; a payment that has just gone through still counts (R5, R17).

    Returns the purchase afterwards. Raises ProcessorUnavailable, ProcessorRefused.
    """
    purchase = find_open_renewal_checkout(member.organization)
    if purchase is None:
        return None
    close_checkout(purchase)
    purchase.refresh_from_db()
    if purchase.status == PurchaseStatus.EXPIRED:
        facts = {"purchase": str(purchase.pk)}
        activity.record(member.organization, "renewal_ended", actor=member.user, data=facts)
    return purchase


def _requested_refunds(organization: Organization) -> QuerySet[Refund]:
    return Refund.objects.filter(
        purchase__organization=organization, problem=None, status=RefundStatus.REQUESTED
    )


def _finish_refunds(organization: Organization) -> None:
    """Send requested refunds, so that licenses about to be reversed are not renewed (R25, R30)."""
    for refund in _requested_refunds(organization):
        sync.follow_up(refund)


def _from_same_form(organization: Organization, order: RenewalOrder) -> QuerySet[Purchase]:
    return Purchase.objects.filter(organization=organization, submission=order.submission)


def _already_sent(organization: Organization, order: RenewalOrder) -> Purchase | None:
    purchase = _from_same_form(organization, order).first()
    if purchase and purchase.status == PurchaseStatus.OPEN and purchase.session_id:
        # It may have expired or been paid in the meantime.
        purchase = settle.settle(purchase.session_id) or purchase
    if purchase is None or purchase.renewal is None or purchase.status in ENDED_UNPAID:
        return None
    is_same = purchase_fingerprint(purchase, purchase.renewal.package) == order.fingerprint
    return purchase if is_same else None


def _create(buyer: Membership, order: RenewalOrder) -> Purchase | None:
    """Check and freeze the renewal under the lock; return None if a checkout has been opened."""
    with transaction.atomic():
        # Keeps add-ons, new members and another renewal from slipping in between.
        organization = lock_organization(buyer.organization)
        if Purchase.objects.filter(organization=organization, status__in=UNSETTLED).exists():
            return None
        if _requested_refunds(organization).exists():
            return None
        card_testing.refuse_suspicious(organization)
        now = clock.now()
        subscription = get_status(organization, now)
        plan = plan_renewal(subscription, lock_package(order.package), code=order.code, lock=True)
        if plan.fingerprint != order.fingerprint:
            raise PriceChanged
        renewal = renewals.freeze(plan.term, plan.package, plan.renewal_quantity.quantity)
        sessions.release_submission(_from_same_form(organization, order))
        purchase = _build_purchase(buyer, plan, renewal, order, now)
        if not plan.price.total:
            purchase.status = fulfillment.fulfill_free_purchase(purchase)
        purchase.save(force_insert=True)
        activity.record(
            organization,
            "renewal_started",
            actor=buyer.user,
            data={"purchase": str(purchase.pk), "quantity": purchase.quantity},
        )
    return purchase


def _build_purchase(
    buyer: Membership, plan: RenewalPlan, renewal: Renewal, order: RenewalOrder, now: datetime
) -> Purchase:
    organization = plan.term.organization
    purchase = Purchase(
        kind=PurchaseKind.RENEWAL,
        organization=organization,
        buyer=buyer.user,
        renewal=renewal,
        **plan.purchase_fields(),
        **frozen_names(organization, buyer.user),
        submission=order.submission,
        created_at=now,
        status=PurchaseStatus.PENDING,
    )
    sessions.freeze_term_request(
        purchase,
        name=_("Renewal"),
        success_url=links.full_link("billing:return", organization.slug),
        cancel_url=links.full_link("billing:renewal", organization.slug, canceled="1"),
    )
    return purchase
