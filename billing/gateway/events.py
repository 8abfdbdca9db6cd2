"""Webhook deliveries: whether the processor has signed them, and what they say."""

import json
from typing import Any

import stripe
from django.conf import settings

from billing.gateway.types import BadPayload, BadSignature, Event


def read_event(body: bytes, signature: str) -> Event:
    """The event of a webhook delivery.

    Any of the configured secrets may have signed it, so that they can be rotated. Raises
    BadSignature, or BadPayload where a signed body is no event.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadPayload("the body is not UTF-8") from error
    _check_signature(text, signature)
    try:
        return _event(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadPayload("the body is no event") from error


def _event(payload: dict[str, Any]) -> Event:
    if not isinstance(payload["livemode"], bool):
        raise TypeError("livemode is neither true nor false")
    if not payload["id"]:
        raise ValueError("an event without an id")
    return Event(
        id=_word(payload["id"]),
        type=_word(payload["type"], most=80),
        # Some objects have none, such as the balance.
        object_id=_word(payload["data"]["object"].get("id") or ""),
        livemode=payload["livemode"],
        account=_word(payload.get("account") or ""),
        api_version=_word(payload.get("api_version") or "", most=40),
        payload=_storable(payload),
    )


def _word(value: Any, most: int = 120) -> str:
    """An id or name as the processor writes them; the inbox has room for ``most`` characters."""
    if not isinstance(value, str) or len(value) > most:
        raise ValueError("neither id nor name")
    if not (value.isascii() and value.isprintable()):
        raise ValueError("an id or name of strange characters")
    return value


def _storable(payload: dict[str, Any]) -> dict[str, Any]:
    """The payload without what PostgreSQL cannot keep: NUL, and halves of characters."""
    text = json.dumps(payload, ensure_ascii=False, allow_nan=False)
    kept: dict[str, Any] = json.loads(text.replace(r"\u0000", "\ufffd").encode("utf-8", "replace"))
    return kept


def _check_signature(text: str, signature: str) -> None:
    if not signature.isascii():
        # The SDK compares in constant time, which text beyond ASCII makes fail.
        raise BadSignature
    for secret in settings.STRIPE_WEBHOOK_SECRETS:
        try:
            stripe.WebhookSignature.verify_header(
                text, signature, secret, stripe.Webhook.DEFAULT_TOLERANCE
            )
        except stripe.SignatureVerificationError:
            continue
        return
    raise BadSignature
