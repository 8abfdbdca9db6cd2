"""Find a purchase's discount, and reserve one of its limited uses (R26)."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q

from billing.models import Purchase
from billing.states import PAID, UNSETTLED, PurchaseStatus
from subscriptions.models import Discount, Organization
from subscriptions.policy import prices
from subscriptions.policy.refusal import Allowed, Reason, Refusal, Refused, require

# A use is reserved when checkout starts, and released if it is not paid.
_RESERVING = (*UNSETTLED, PurchaseStatus.SETTLED, PurchaseStatus.REVIEW)


@dataclass(frozen=True)
class Discounts:
    """The active discounts in a currency, and their uses so far, at one point in time."""

    rows: tuple[Discount, ...]
    uses: dict[int, int]
    currency: str
    organization: Organization | None
    today: date

    def find(self, *, code: str, subtotal: int) -> Discount | None:
        """Return the discount with this code or, without a code, the best one.

        ``subtotal`` in minor units. Raises Refused if the code does not apply.
        """
        entered = code.strip().upper()
        if entered:
            found = next((row for row in self.rows if row.code.upper() == entered), None)
            if found is None:
                raise Refused(Refusal(Reason.DISCOUNT_UNKNOWN))
            require(self._may_use(found))
            return found
        usable = [
            row for row in self.rows if not row.code and isinstance(self._may_use(row), Allowed)
        ]
        return max(usable, key=lambda row: _discount_amount(row, subtotal), default=None)

    def _may_use(self, discount: Discount) -> Allowed | Refusal:
        owner = discount.organization_id
        return prices.may_use_discount(
            discount,
            today=self.today,
            currency=self.currency,
            uses_left=self._uses_left(discount),
            is_for_others=owner not in (None, self.organization and self.organization.pk),
        )

    def _uses_left(self, discount: Discount) -> int | None:
        if discount.max_uses is None:
            return None
        return discount.max_uses - self.uses.get(discount.pk, 0)


def load_discounts(
    *,
    currency: str,
    organization: Organization | None,
    today: date,
    exclude: Q | None = None,
    lock: bool = False,
) -> Discounts:
    """Return today's discounts, in two queries.

    Reservations of purchases in ``exclude`` do not count, because this purchase replaces them.
    ``lock`` keeps a limited use from being given twice, until the transaction ends.
    """
    rows = Discount.objects.filter(is_active=True, currency=currency).order_by("pk")
    if lock:
        rows = rows.select_for_update()
    found = tuple(rows)
    reserving = Purchase.objects.filter(status__in=_RESERVING, discount__in=found)
    if exclude is not None:
        reserving = reserving.exclude(exclude & Q(status__in=UNSETTLED))
    counted = reserving.values("discount").annotate(used=Count("pk")).order_by()
    return Discounts(
        rows=found,
        uses={row["discount"]: row["used"] for row in counted},
        currency=currency,
        organization=organization,
        today=today,
    )


def count_uses(discount: Discount) -> tuple[int, int]:
    """Count the paid purchases and open checkouts that keep a discount when it changes."""
    purchases = Purchase.objects.filter(discount=discount)
    paid = purchases.filter(status__in=PAID).count()
    return paid, purchases.filter(status__in=UNSETTLED).count()


def _discount_amount(discount: Discount, subtotal: int) -> int:
    return prices.compute_price(quantity=1, unit_amount=subtotal, discount=discount).discount_amount
