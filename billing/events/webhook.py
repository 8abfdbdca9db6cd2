"""Webhook deliveries: verify, write to the inbox, process, mark as processed (R13-R15).

An event is a hint that something changed, never a fact: processing asks the processor for the
current state. So order and repetition do not matter.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

from django.db import IntegrityError, transaction

from billing.checkout import card_testing
from billing.events.follow_payment import follow_up
from billing.gateway import processor
from billing.gateway.types import BadPayload, BadSignature, Event
from billing.models import ProcessorEvent, Refund
from billing.settlement.settle import settle
from subscriptions import clock

logger = logging.getLogger(__name__)

# Our events are a few kB; larger bodies are rejected unread.
MAX_BODY = 512 * 1024


@dataclass(frozen=True)
class Response:
    """The response to the processor; any status but 200 makes it deliver the event again."""

    status: HTTPStatus
    text: str


def receive(body: bytes, signature: str) -> Response:
    """Receive one delivery: verify, store and process it."""
    try:
        event = processor.read_event(body, signature)
    except BadSignature:
        return Response(HTTPStatus.BAD_REQUEST, "The signature is missing, wrong or too old.")
    except BadPayload as error:
        return Response(HTTPStatus.BAD_REQUEST, f"Not an event: {error}.")
    if event.account:
        return Response(HTTPStatus.BAD_REQUEST, "This event belongs to another account.")
    if event.livemode != processor.livemode():
        return Response(HTTPStatus.BAD_REQUEST, "This event is for the other mode, live or test.")
    row = _store(event)
    if row.processed_at is not None:
        return Response(HTTPStatus.OK, "Already processed.")
    if process(row):
        return Response(HTTPStatus.OK, "Processed.")
    return Response(HTTPStatus.SERVICE_UNAVAILABLE, "Not processed yet; deliver it again.")


def process(row: ProcessorEvent) -> bool:
    """Process an event from the inbox; if it fails, store the error and return False."""
    action = ACTIONS.get(row.type)
    try:
        if action is not None:
            action(row)
    except Exception as error:
        logger.exception("event %s (%s) was not processed", row.event_id, row.type)
        row.error = f"{type(error).__name__}: {error}"[:2000]
        row.save(update_fields=["error"])
        return False
    row.processed_at = clock.now()
    row.error = ""
    row.save(update_fields=["processed_at", "error"])
    return True


def _store(event: Event) -> ProcessorEvent:
    row = ProcessorEvent(
        event_id=event.id,
        type=event.type,
        object_id=event.object_id,
        api_version=event.api_version,
        payload=event.payload,
        received_at=clock.now(),
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        # Already delivered, or delivered twice at once.
        return ProcessorEvent.objects.get(event_id=event.id)
    return row


def _settle(row: ProcessorEvent) -> None:
    if processor.is_session_id(row.object_id):
        settle(row.object_id, defer_receipt=True)


def _follow_payment(row: ProcessorEvent) -> None:
    """Follow up on the payment of a refund, charge or dispute (R30)."""
    payment_intent_id = row.payload.get("data", {}).get("object", {}).get("payment_intent")
    if not isinstance(payment_intent_id, str):
        refund = Refund.objects.filter(refund_id=row.object_id).first()
        payment_intent_id = refund.payment_intent_id if refund else ""
    if payment_intent_id:
        follow_up(payment_intent_id)


def _note_decline(row: ProcessorEvent) -> None:
    """Count a declined card; the event alone is enough, because it fulfills nothing."""
    payment = row.payload.get("data", {}).get("object", {})
    try:
        purchase_id = UUID(payment["metadata"][processor.METADATA_PURCHASE])
    except (KeyError, TypeError, ValueError, AttributeError):
        return
    card_testing.note_decline(row, purchase_id)


# Other events are stored and answered with 200.
ACTIONS: dict[str, Callable[[ProcessorEvent], None]] = {
    "checkout.session.completed": _settle,
    "checkout.session.expired": _settle,
    "checkout.session.async_payment_succeeded": _settle,
    "checkout.session.async_payment_failed": _settle,
    "payment_intent.payment_failed": _note_decline,
    "charge.refunded": _follow_payment,
    "charge.dispute.created": _follow_payment,
    "charge.dispute.updated": _follow_payment,
    "charge.dispute.closed": _follow_payment,
    "refund.created": _follow_payment,
    "refund.updated": _follow_payment,
    "refund.failed": _follow_payment,
}
