"""Webhook deliveries: checking their signature and reading their event."""

import json
from typing import Any

import stripe
from django.conf import settings

from billing.gateway.types import BadPayload, BadSignature, Event


def read_event(body: bytes, signature: str) -> Event:
    """Return the event of a webhook delivery.

    Any of the configured secrets may have signed it, so that they can be rotated. Raises
    BadSignature, or BadPayload if a signed body is not an event.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadPayload("the body is not UTF-8") from error
    _check_signature(text, signature)
    try:
        return _event(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadPayload("the body is not an event") from error


def _event(payload: dict[str, Any]) -> Event:
    if not isinstance(payload["livemode"], bool):
        raise TypeError("livemode is not a boolean")
    if not payload["id"]:
        raise ValueError("the event has no id")
    return Event(
        id=_read_word(payload["id"]),
        type=_read_word(payload["type"], max_length=80),
        # Some objects, such as the balance, have no ID.
        object_id=_read_word(payload["data"]["object"].get("id") or ""),
        livemode=payload["livemode"],
        account=_read_word(payload.get("account") or ""),
        api_version=_read_word(payload.get("api_version") or "", max_length=40),
        payload=_make_storable(payload),
    )


def _read_word(value: Any, max_length: int = 120) -> str:
    """Return ``value`` if it looks like the processor's IDs and names and fits its column."""
    if not isinstance(value, str) or len(value) > max_length:
        raise ValueError("not an id or name")
    if not (value.isascii() and value.isprintable()):
        raise ValueError("an id or name with unexpected characters")
    return value


def _make_storable(payload: dict[str, Any]) -> dict[str, Any]:
    """Return the payload without what PostgreSQL cannot store: NUL and lone surrogates."""
    text = json.dumps(payload, ensure_ascii=False, allow_nan=False)
    storable: dict[str, Any] = json.loads(
        text.replace(r"\u0000", "\ufffd").encode("utf-8", "replace")
    )
    return storable


def _check_signature(text: str, signature: str) -> None:
    if not signature.isascii():
        # The SDK's constant-time comparison raises TypeError for non-ASCII text.
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
