"""The states of a purchase, and which may follow which."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PurchaseKind(models.TextChoices):
    ADD_ON = "add_on", _("Add-on licenses")
    RENEWAL = "renewal", _("Renewal")
    ORIGINAL = "original", _("Original purchase")


class PurchaseStatus(models.TextChoices):
    """Where a purchase stands.

    PENDING: written down; whether the processor has a Checkout Session for it is not known yet.
    OPEN: there is a Checkout Session, and it may be paid (R17: until the processor says otherwise).
    SETTLED: paid and granted, once (R14). EXPIRED: the processor has said that it cannot be paid
    any more. ABANDONED: the processor has no Checkout Session for it. REFUNDING: paid, not granted,
    a full refund is under way. REFUNDED: that refund was taken by the processor. REVIEW: paid, not
    granted, on support's list (R15).
    """

    PENDING = "pending", _("Starting")
    OPEN = "open", _("Waiting for payment")
    SETTLED = "settled", _("Paid")
    EXPIRED = "expired", _("Not paid in time")
    ABANDONED = "abandoned", _("Not started")
    REFUNDING = "refunding", _("Being refunded")
    REFUNDED = "refunded", _("Refunded")
    REVIEW = "review", _("With support")


_PAID = {PurchaseStatus.SETTLED, PurchaseStatus.REFUNDING, PurchaseStatus.REVIEW}

ALLOWED_MOVES: dict[PurchaseStatus, set[PurchaseStatus]] = {
    PurchaseStatus.PENDING: {
        PurchaseStatus.OPEN,
        PurchaseStatus.EXPIRED,
        PurchaseStatus.ABANDONED,
        *_PAID,
    },
    # Abandoned where the processor does not know its Checkout Session any more.
    PurchaseStatus.OPEN: {PurchaseStatus.EXPIRED, PurchaseStatus.ABANDONED, *_PAID},
    # Money that arrives against all expectation is still settled (R14).
    PurchaseStatus.ABANDONED: {PurchaseStatus.EXPIRED, *_PAID},
    PurchaseStatus.EXPIRED: set(_PAID),
    PurchaseStatus.REFUNDING: {PurchaseStatus.REFUNDED, PurchaseStatus.REVIEW},
    PurchaseStatus.REVIEW: {PurchaseStatus.SETTLED, PurchaseStatus.REFUNDING},
    PurchaseStatus.SETTLED: set(),
    PurchaseStatus.REFUNDED: {PurchaseStatus.REVIEW},
}

# A checkout is open until the processor has said otherwise (R17).
UNSETTLED = (PurchaseStatus.PENDING, PurchaseStatus.OPEN)
# Payment was received, whatever became of it.
PAID = (
    PurchaseStatus.SETTLED,
    PurchaseStatus.REFUNDING,
    PurchaseStatus.REFUNDED,
    PurchaseStatus.REVIEW,
)


class ForbiddenMove(Exception):
    """A purchase was to go from a state to one that cannot follow it: an error in this program."""


def require_move(before: str, after: PurchaseStatus) -> None:
    """Raise ForbiddenMove unless ``after`` may follow ``before``."""
    if after not in ALLOWED_MOVES[PurchaseStatus(before)]:
        raise ForbiddenMove(f"{before} -> {after}")


class ProblemReason(models.TextChoices):
    """Why a payment was not granted (R15)."""

    MISMATCH = "mismatch", _("Does not match the purchase")
    UNWANTED_FUNDING = "unwanted_funding", _("Neither a credit nor a debit card")
    SURPLUS = "surplus", _("Second payment of the same purchase")
    UNKNOWN_PURCHASE = "unknown_purchase", _("Purchase not found")


class RefundStatus(models.TextChoices):
    """The processor's own words, and REQUESTED: not known to have reached it."""

    REQUESTED = "requested", _("Requested")
    PENDING = "pending", _("Pending")
    REQUIRES_ACTION = "requires_action", _("Requires action")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELED = "canceled", _("Canceled")
