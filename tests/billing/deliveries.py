"""Webhook deliveries written and signed by hand, in the processor's format."""

import itertools
import json
import time
from typing import Any

import stripe
from django.conf import settings
from django.test import Client

PATH = "/stripe/webhook/"
COMPLETED = "checkout.session.completed"
EXPIRED = "checkout.session.expired"

_numbers = itertools.count(1)


def event(type: str, object_id: str, **fields: Any) -> dict[str, Any]:
    """Return an event about an object; ``fields`` override its fields."""
    body = {
        "id": f"evt_{next(_numbers)}",
        "object": "event",
        "api_version": stripe.api_version,
        "created": int(time.time()),
        "data": {"object": {"id": object_id, "object": type.rpartition(".")[0]}},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": type,
    }
    return body | fields


def completed(session_id: str | None, **fields: Any) -> dict[str, Any]:
    """Return the event for a paid Checkout Session."""
    return event(COMPLETED, session_id or "", **fields)


def signature(body: str, *, secret: str | None = None, age: float = 0) -> str:
    """Return a signature header made by the SDK's own signer ``age`` seconds ago."""
    signed_at = int(time.time() - age)
    header: str = stripe.WebhookSignature.generate_signature_header(
        body, secret or settings.STRIPE_WEBHOOK_SECRETS[0], timestamp=signed_at
    )
    return header


def deliver(body: dict[str, Any] | str | bytes, **options: Any) -> Any:
    """Sign and deliver a body; ``options`` is passed to ``signature``."""
    text = json.dumps(body) if isinstance(body, dict) else body
    signed = text.decode(errors="replace") if isinstance(text, bytes) else text
    return post(text, signature(signed, **options))


def post(body: str | bytes, header: str | None, **environ: Any) -> Any:
    """Deliver a body with any header, without cookie or CSRF token."""
    headers = {} if header is None else {"Stripe-Signature": header}
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    return client.generic(
        "POST", PATH, body, content_type="application/json", headers=headers, **environ
    )
