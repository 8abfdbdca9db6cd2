"""Finding the discount of a purchase, and reserving a limited use (R26)."""

from datetime import date

from django.db.models import Q

from billing.models import Purchase
from billing.states import PAID, UNSETTLED
from subscriptions.models import Discount, Organization
from subscriptions.policy import prices
from subscriptions.policy.decisions import Allowed, Refusal, require
from subscriptions.policy.prices import DiscountFacts

# A use is reserved from the start of the checkout, and released when that expires.
_RESERVING = (*UNSETTLED, *PAID)


def discount_for(
    *,
    code: str,
    subtotal: int,
    currency: str,
    organization: Organization | None,
    today: date,
    lock: bool = False,
) -> Discount | None:
    """The one discount of a purchase: by its code, else the best that applies by itself.

    ``subtotal`` in minor units. ``lock`` keeps a limited use from being given twice, until the
    transaction ends. Raises Refused where a code was typed that does not apply.
    """
    discounts = Discount.objects.filter(is_active=True)
    if lock:
        discounts = discounts.select_for_update()
    if code.strip():
        found = discounts.filter(code__iexact=code.strip()).first()
        decision = _judge(found, currency, organization, today)
        require(decision)
        return found
    automatic = discounts.filter(code="", currency=currency).filter(
        Q(organization=organization) | Q(organization=None)
    )
    usable = [
        discount
        for discount in automatic.order_by("id")
        if not isinstance(_judge(discount, currency, organization, today), Refusal)
    ]
    return max(
        usable,
        key=lambda discount: _taken(discount, subtotal),
        default=None,
    )


def _judge(
    discount: Discount | None, currency: str, organization: Organization | None, today: date
) -> Allowed | Refusal:
    if discount is None:
        return prices.may_use_discount(None, today=today, currency=currency)
    owner = discount.organization_id
    facts = DiscountFacts(
        valid_from=discount.valid_from,
        valid_until=discount.valid_until,
        uses_left=_uses_left(discount),
        is_for_others=owner is not None and (organization is None or owner != organization.pk),
        currency=discount.currency,
    )
    return prices.may_use_discount(facts, today=today, currency=currency)


def _uses_left(discount: Discount) -> int | None:
    if discount.most_uses is None:
        return None
    used = Purchase.objects.filter(discount=discount, status__in=_RESERVING).count()
    return discount.most_uses - used


def _taken(discount: Discount, subtotal: int) -> int:
    return prices.price_of(
        quantity=1, unit_amount=subtotal, discount=discount.terms
    ).discount_amount
