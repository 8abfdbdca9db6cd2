"""Webhook deliveries: check, write into the inbox, act, mark as done (R13-R15).

An event is a hint that something changed, never a fact: what is acted on is what the processor
answers when it is asked. So neither order nor repetition matters.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from django.db import IntegrityError

from billing import gateway
from billing.gateway import is_session_id
from billing.models import ProcessorEvent, Refund
from billing.processor import BadPayload, BadSignature, Event
from billing.purchases import settle
from billing.refunding import follow_up
from subscriptions import clock

logger = logging.getLogger(__name__)

# Ours are a few kB. A larger one is not read.
MAX_BODY = 512 * 1024


@dataclass(frozen=True)
class Answer:
    """What the processor is answered: anything but 200 makes it deliver again."""

    status: HTTPStatus
    text: str


def receive(body: bytes, signature: str) -> Answer:
    """Take one delivery."""
    try:
        event = gateway.read_event(body, signature)
    except BadSignature:
        return Answer(HTTPStatus.BAD_REQUEST, "The signature is missing, wrong or too old.")
    except BadPayload as error:
        return Answer(HTTPStatus.BAD_REQUEST, f"Not an event: {error}.")
    if event.account:
        return Answer(HTTPStatus.BAD_REQUEST, "This event is of another account.")
    if event.livemode != gateway.livemode():
        return Answer(HTTPStatus.BAD_REQUEST, "This event is of the other mode, live or test.")
    row = _write_down(event)
    if row.processed_at is not None:
        return Answer(HTTPStatus.OK, "Processed before.")
    if process(row):
        return Answer(HTTPStatus.OK, "Processed.")
    return Answer(HTTPStatus.SERVICE_UNAVAILABLE, "Not processed yet; deliver it again.")


def process(row: ProcessorEvent) -> bool:
    """Act on an event of the inbox; False where it must be tried again, with its error kept."""
    act = _ACTIONS.get(row.type)
    try:
        if act is not None:
            act(row.object_id)
    except Exception as error:
        logger.exception("event %s (%s) was not processed", row.event_id, row.type)
        row.error = f"{type(error).__name__}: {error}"[:2000]
        row.save(update_fields=["error"])
        return False
    row.processed_at = clock.now()
    row.error = ""
    row.save(update_fields=["processed_at", "error"])
    return True


def _write_down(event: Event) -> ProcessorEvent:
    row = ProcessorEvent.objects.filter(event_id=event.id).first()
    if row is not None:
        return row
    try:
        # One statement, and committed: this is not called inside a transaction.
        return ProcessorEvent.objects.create(
            event_id=event.id,
            type=event.type,
            object_id=event.object_id,
            api_version=event.api_version,
            payload=event.payload,
            received_at=clock.now(),
        )
    except IntegrityError:
        # The same delivery at the same moment.
        return ProcessorEvent.objects.get(event_id=event.id)


def _settle(object_id: str) -> None:
    if is_session_id(object_id):
        settle(object_id)


def _follow_up_refund(object_id: str) -> None:
    refund = Refund.objects.filter(refund_id=object_id).first()
    if refund is not None:
        follow_up(refund)


# Events that are not named here are kept and answered with 200.
_ACTIONS: dict[str, Callable[[str], None]] = {
    "checkout.session.completed": _settle,
    "checkout.session.expired": _settle,
    "checkout.session.async_payment_succeeded": _settle,
    "checkout.session.async_payment_failed": _settle,
    "refund.created": _follow_up_refund,
    "refund.updated": _follow_up_refund,
    "refund.failed": _follow_up_refund,
}
