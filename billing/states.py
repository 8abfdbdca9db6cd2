"""The states of purchases, problems, refunds and disputes, and the allowed transitions."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PurchaseKind(models.TextChoices):
    ADD_ON = "add_on", _("Add-on licenses")
    RENEWAL = "renewal", _("Renewal")
    ORIGINAL = "original", _("Original purchase")


class PurchaseStatus(models.TextChoices):
    """The status of a purchase.

    PENDING: written, but we do not know yet whether the processor has a Checkout Session for it.
    OPEN: has a Checkout Session that may be paid (R17: until the processor says otherwise).
    SETTLED: paid and fulfilled, once (R14). EXPIRED: the processor says it can no longer be paid.
    ABANDONED: the processor has no Checkout Session for it. REFUNDING: paid, not fulfilled, and a
    full refund is in progress. REFUNDED: the processor accepted that refund. REVIEW: paid, not
    fulfilled, on support's list (R15).
    """

    PENDING = "pending", _("Starting")
    OPEN = "open", _("Waiting for payment")
    SETTLED = "settled", _("Paid")
    EXPIRED = "expired", _("Not paid in time")
    ABANDONED = "abandoned", _("Not started")
    REFUNDING = "refunding", _("Being refunded")
    REFUNDED = "refunded", _("Refunded")
    REVIEW = "review", _("Under review by support")


_PAID = {PurchaseStatus.SETTLED, PurchaseStatus.REFUNDING, PurchaseStatus.REVIEW}

ALLOWED_TRANSITIONS: dict[PurchaseStatus, set[PurchaseStatus]] = {
    PurchaseStatus.PENDING: {
        PurchaseStatus.OPEN,
        PurchaseStatus.EXPIRED,
        PurchaseStatus.ABANDONED,
        *_PAID,
    },
    # Abandoned if the processor no longer knows its Checkout Session.
    PurchaseStatus.OPEN: {PurchaseStatus.EXPIRED, PurchaseStatus.ABANDONED, *_PAID},
    # A payment that arrives unexpectedly is still settled (R14).
    PurchaseStatus.ABANDONED: {PurchaseStatus.EXPIRED, *_PAID},
    PurchaseStatus.EXPIRED: set(_PAID),
    PurchaseStatus.REFUNDING: {PurchaseStatus.REFUNDED, PurchaseStatus.REVIEW},
    PurchaseStatus.REVIEW: {
        PurchaseStatus.SETTLED,
        PurchaseStatus.REFUNDING,
        PurchaseStatus.REFUNDED,
    },
    PurchaseStatus.SETTLED: set(),
    PurchaseStatus.REFUNDED: {PurchaseStatus.REVIEW},
}

# A checkout is open until the processor says otherwise (R17).
UNSETTLED = (PurchaseStatus.PENDING, PurchaseStatus.OPEN)
# Not paid as far as we know; a payment may still arrive.
ENDED_UNPAID = (PurchaseStatus.EXPIRED, PurchaseStatus.ABANDONED)
# Payment was received, whatever happened to it later.
PAID = (
    PurchaseStatus.SETTLED,
    PurchaseStatus.REFUNDING,
    PurchaseStatus.REFUNDED,
    PurchaseStatus.REVIEW,
)


class ForbiddenTransition(Exception):
    """A purchase was moved to a state that cannot follow its current one; a bug in this program."""


def require_transition(before: str, after: PurchaseStatus) -> None:
    """Raise ForbiddenTransition unless ``after`` may follow ``before``."""
    if after not in ALLOWED_TRANSITIONS[PurchaseStatus(before)]:
        raise ForbiddenTransition(f"{before} -> {after}")


class ProblemReason(models.TextChoices):
    """Why a person in support must review a payment (R14, R15, R30)."""

    MISMATCH = "mismatch", _("Does not match the purchase")
    UNWANTED_FUNDING = "unwanted_funding", _("Not a credit or debit card")
    SURPLUS = "surplus", _("Second payment for the same purchase")
    UNKNOWN_PURCHASE = "unknown_purchase", _("Purchase not found")
    TERM_CANCELED = "term_canceled", _("Its term was canceled")
    LATER_TERM_PAID = "later_term_paid", _("Refunded, but a later term has been paid for")
    REFUND_UNDONE = "refund_undone", _("Refund failed after a new term was paid")
    NOT_RENEWABLE = "not_renewable", _("The renewal it paid for is no longer open")


class Resolution(models.TextChoices):
    """What support did about a payment, with a reason for each (R15)."""

    FULFILLED = "fulfilled", _("Fulfilled")
    REFUNDED = "refunded", _("Refunded")
    CLOSED = "closed", _("Closed without action")


class RefundStatus(models.TextChoices):
    """The processor's statuses, plus REQUESTED: we do not know whether it got the request."""

    REQUESTED = "requested", _("Requested")
    PENDING = "pending", _("Pending")
    REQUIRES_ACTION = "requires_action", _("Requires action")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELED = "canceled", _("Canceled")


# The money is refunded or on its way (R30); failed and canceled refunds never change again.
LIVE_REFUNDS = (RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION, RefundStatus.SUCCEEDED)
# Refunds shown to users; failed ones too, because someone may be waiting for the money.
VISIBLE_REFUNDS = (*LIVE_REFUNDS, RefundStatus.REQUESTED, RefundStatus.FAILED)
FAILED_REFUNDS = (RefundStatus.FAILED, RefundStatus.CANCELED)
_REFUND_ORDER = [
    (RefundStatus.REQUESTED,),
    (RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION),
    (RefundStatus.SUCCEEDED,),
    FAILED_REFUNDS,
]


def later_refund_status(known: str, reported: str) -> str:
    """Return the later of two statuses of one refund, because responses may arrive out of order."""
    return reported if _refund_rank(reported) >= _refund_rank(known) else known


def _refund_rank(status: str) -> int:
    return next(rank for rank, names in enumerate(_REFUND_ORDER) if status in names)


class DisputeStatus(models.TextChoices):
    """The processor's statuses. Those that begin with "warning" are inquiries, not disputes."""

    INQUIRY = "warning_needs_response", _("Inquiry, needs response")
    INQUIRY_REVIEW = "warning_under_review", _("Inquiry under review")
    INQUIRY_CLOSED = "warning_closed", _("Inquiry closed")
    NEEDS_RESPONSE = "needs_response", _("Needs response")
    UNDER_REVIEW = "under_review", _("Under review")
    WON = "won", _("Won")
    LOST = "lost", _("Lost")
    PREVENTED = "prevented", _("Prevented")
    APPEAL = "appeal_needs_response", _("Lost, appeal needs response")
    APPEAL_REVIEW = "appeal_under_review", _("Lost, appeal under review")


# The money is lost, even if the decision is appealed.
LOST_DISPUTES = (DisputeStatus.LOST, DisputeStatus.APPEAL, DisputeStatus.APPEAL_REVIEW)
# The processor refuses refunds during these.
OPEN_DISPUTES = (DisputeStatus.NEEDS_RESPONSE, DisputeStatus.UNDER_REVIEW)
# Final; a lost dispute may still be appealed.
CLOSED_DISPUTES = (DisputeStatus.WON, DisputeStatus.INQUIRY_CLOSED, DisputeStatus.PREVENTED)
_DECIDED_DISPUTES = (*LOST_DISPUTES, DisputeStatus.WON)


def later_dispute_status(known: str, reported: str) -> str:
    """Return the later of two statuses of one dispute; a decided dispute never reopens."""
    is_outdated = known in _DECIDED_DISPUTES and reported not in _DECIDED_DISPUTES
    return known if is_outdated else reported
