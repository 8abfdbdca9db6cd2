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
    SETTLED: paid and fulfilled, once (R14). EXPIRED: the processor says it can no longer be paid.
    ABANDONED: the processor has no Checkout Session for it. REFUNDING: paid, not fulfilled, a full
    refund is under way. REFUNDED: the processor took that refund. REVIEW: paid, not fulfilled, on
    support's list (R15).
    """

    PENDING = "pending", _("Starting")
    OPEN = "open", _("Waiting for payment")
    SETTLED = "settled", _("Paid")
    EXPIRED = "expired", _("Not paid in time")
    ABANDONED = "abandoned", _("Not started")
    REFUNDING = "refunding", _("Being refunded")
    REFUNDED = "refunded", _("Refunded")
    REVIEW = "review", _("In support review")


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
    PurchaseStatus.REVIEW: {
        PurchaseStatus.SETTLED,
        PurchaseStatus.REFUNDING,
        PurchaseStatus.REFUNDED,
    },
    PurchaseStatus.SETTLED: set(),
    PurchaseStatus.REFUNDED: {PurchaseStatus.REVIEW},
}

# A checkout is open until the processor has said otherwise (R17).
UNSETTLED = (PurchaseStatus.PENDING, PurchaseStatus.OPEN)
# Nothing was paid, as far as we know: it may still turn out to have been.
CAME_TO_NOTHING = (PurchaseStatus.EXPIRED, PurchaseStatus.ABANDONED)
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
    """Why somebody of support has to look at a payment (R14, R15, R30)."""

    MISMATCH = "mismatch", _("Does not match the purchase")
    UNWANTED_FUNDING = "unwanted_funding", _("Neither a credit nor a debit card")
    SURPLUS = "surplus", _("Second payment of the same purchase")
    UNKNOWN_PURCHASE = "unknown_purchase", _("Purchase not found")
    TERM_CANCELED = "term_canceled", _("Its term was canceled")
    LATER_TERM_PAID = "later_term_paid", _("Refunded, but a later term is paid")
    REFUND_UNDONE = "refund_undone", _("Refund failed after a new term was paid")
    NOT_RENEWABLE = "not_renewable", _("The renewal it paid is no longer open")


class Resolution(models.TextChoices):
    """What support did about a payment, each with its reason (R15)."""

    FULFILLED = "fulfilled", _("Fulfilled")
    REFUNDED = "refunded", _("Refunded")
    CLOSED = "closed", _("Closed without action")


class RefundStatus(models.TextChoices):
    """The processor's own words, and REQUESTED: not known to have reached it."""

    REQUESTED = "requested", _("Requested")
    PENDING = "pending", _("Pending")
    REQUIRES_ACTION = "requires_action", _("Requires action")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELED = "canceled", _("Canceled")


# The money has gone back or is on its way (R30); the others have come to nothing, for good.
LIVE_REFUNDS = (RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION, RefundStatus.SUCCEEDED)
# What people are shown. One that failed, too: somebody may wait for that money.
SHOWN_REFUNDS = (*LIVE_REFUNDS, RefundStatus.REQUESTED, RefundStatus.FAILED)
FAILED_REFUNDS = (RefundStatus.FAILED, RefundStatus.CANCELED)
_REFUND_ORDER = [
    (RefundStatus.REQUESTED,),
    (RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION),
    (RefundStatus.SUCCEEDED,),
    FAILED_REFUNDS,
]


def later_refund_status(known: str, heard: str) -> str:
    """Of two statuses of one refund the one that comes later: answers may arrive out of order."""
    return heard if _refund_rank(heard) >= _refund_rank(known) else known


def _refund_rank(status: str) -> int:
    return next(rank for rank, names in enumerate(_REFUND_ORDER) if status in names)


class DisputeStatus(models.TextChoices):
    """The processor's own words. Those that begin with "warning" are inquiries, not disputes."""

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


# The money is gone, whether or not it is fought for once more.
LOST_DISPUTES = (DisputeStatus.LOST, DisputeStatus.APPEAL, DisputeStatus.APPEAL_REVIEW)
# The processor refunds nothing while one of these stands.
OPEN_DISPUTES = (DisputeStatus.NEEDS_RESPONSE, DisputeStatus.UNDER_REVIEW)
# Nothing follows these; a lost one may still be appealed.
OVER_DISPUTES = (DisputeStatus.WON, DisputeStatus.INQUIRY_CLOSED, DisputeStatus.PREVENTED)
_DECIDED_DISPUTES = (*LOST_DISPUTES, DisputeStatus.WON)


def later_dispute_status(known: str, heard: str) -> str:
    """Of two statuses of one dispute the later one: what was decided is not open again."""
    is_old_news = known in _DECIDED_DISPUTES and heard not in _DECIDED_DISPUTES
    return known if is_old_news else heard
