"""Values sent to and received from the payment processor, and its errors.

Code outside ``billing/gateway/`` uses these instead of the SDK's types.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


class ProcessorError(Exception):
    """Something went wrong at the processor. The text is for logs, not for users.

    ``code`` is the processor's short code for the error, if it has one.
    """

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


class ProcessorUnavailable(ProcessorError):
    """There was no response, or none that says what happened: retry with the same key."""


class ProcessorRefused(ProcessorError):
    """The request was definitely refused: nothing happened, and a retry would not help."""


class SessionUnknown(ProcessorRefused):
    """The processor has no Checkout Session with this id: another account, mode or store."""


class SessionNotOpen(ProcessorError):
    """The Checkout Session cannot be expired: it is paid or has already expired."""


class BadSignature(Exception):
    """The signature of a webhook delivery is missing, wrong or too old."""


class BadPayload(Exception):
    """The body of a webhook delivery with a valid signature is not an event."""


@dataclass(frozen=True)
class Payment:
    """A successful card payment. Amounts in minor units."""

    payment_intent_id: str
    amount: int
    card_brand: str
    card_last4: str
    card_funding: str
    paid_at: datetime
    # Part of it is refunded or disputed, so the processor must be asked for details (R30).
    is_refunded_or_disputed: bool = False


@dataclass(frozen=True)
class CheckoutSession:
    """The current state of a Checkout Session. Amounts in minor units of ``currency``."""

    id: str
    url: str
    status: str
    payment_status: str
    mode: str
    amount_total: int
    currency: str
    livemode: bool
    created_at: datetime
    expires_at: datetime
    purchase_id: str
    is_ours: bool
    # Of its only line item; None if not requested, or if there is not exactly one.
    quantity: int | None = None
    unit_amount: int | None = None
    payment: Payment | None = None
    # Our own values, stored with the session when it was created.
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether it can still be paid."""
        return self.status == "open"

    @property
    def is_expired(self) -> bool:
        """Whether it expired without being paid."""
        return self.status == "expired"

    @property
    def is_complete(self) -> bool:
        """Whether the buyer has finished; ``payment`` shows whether money was received."""
        return self.status == "complete"


@dataclass(frozen=True)
class ProcessorRefund:
    """A refund at the processor; ``status`` is the processor's, ``our_id`` is set if it is ours."""

    id: str
    status: str
    amount: int
    currency: str
    our_id: str
    failure_reason: str
    created_at: datetime


@dataclass(frozen=True)
class ProcessorDispute:
    """A dispute or inquiry at the processor. ``status`` is the processor's."""

    id: str
    status: str
    amount: int
    currency: str
    reason: str
    created_at: datetime


@dataclass(frozen=True)
class Event:
    """A webhook event with a valid signature."""

    id: str
    type: str
    object_id: str
    livemode: bool
    account: str
    api_version: str
    payload: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Line:
    """The line item on the payment page: ``quantity`` times ``unit_amount`` minor units."""

    name: str
    description: str
    quantity: int
    unit_amount: int
    currency: str
