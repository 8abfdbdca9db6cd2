"""What is said to and heard from the payment processor: plain values and named errors.

``billing/gateway/`` speaks to it; everything else speaks in these.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


class ProcessorError(Exception):
    """Something went wrong at the processor. The text is for logs, not for people.

    ``code`` is the processor's short word for what is wrong, where it has one.
    """

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


class ProcessorUnavailable(ProcessorError):
    """No answer, or none that says what happened: ask again, with the same key."""


class ProcessorRefused(ProcessorError):
    """A definite no: nothing happened, and asking again would not help."""


class SessionUnknown(ProcessorRefused):
    """The processor has no Checkout Session of this id: another account, mode or store."""


class SessionNotOpen(ProcessorError):
    """A Checkout Session cannot be expired: it is paid, or expired already."""


class BadSignature(Exception):
    """A webhook delivery that the processor has not signed, or long ago."""


class BadPayload(Exception):
    """A webhook delivery with a good signature and a body that is no event."""


@dataclass(frozen=True)
class Payment:
    """A successful payment by card. Amounts in minor units."""

    payment_intent_id: str
    amount: int
    card_brand: str
    card_last4: str
    card_funding: str
    paid_at: datetime
    # Some of it has gone back, or the cardholder disputes it: worth asking about (R30).
    is_touched: bool = False


@dataclass(frozen=True)
class CheckoutSession:
    """A Checkout Session as it is now. Amounts in minor units of ``currency``."""

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
    # Of its only line; None where it was not asked for, or there is not exactly one.
    quantity: int | None = None
    unit_amount: int | None = None
    payment: Payment | None = None
    # What it was given to keep for us.
    kept: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """It can still be paid."""
        return self.status == "open"

    @property
    def is_expired(self) -> bool:
        """It cannot be paid any more, and has not been."""
        return self.status == "expired"

    @property
    def is_complete(self) -> bool:
        """The buyer has finished; whether money was received is ``payment``'s to say."""
        return self.status == "complete"


@dataclass(frozen=True)
class ProcessorRefund:
    """A refund at the processor; ``status`` in its words, ``our_id`` where we asked for it."""

    id: str
    status: str
    amount: int
    currency: str
    our_id: str
    failure_reason: str
    created_at: datetime


@dataclass(frozen=True)
class ProcessorDispute:
    """A dispute or inquiry at the processor; ``status`` in its words."""

    id: str
    status: str
    amount: int
    currency: str
    reason: str
    created_at: datetime


@dataclass(frozen=True)
class Event:
    """A webhook event with a good signature."""

    id: str
    type: str
    object_id: str
    livemode: bool
    account: str
    api_version: str
    payload: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Line:
    """What the payment page shows: ``quantity`` times ``unit_amount`` minor units."""

    name: str
    description: str
    quantity: int
    unit_amount: int
    currency: str
