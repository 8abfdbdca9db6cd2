"""The event: a snapshot of an object when something happened to it."""

from __future__ import annotations

from typing import Any

from billing.sandbox.objects.common import new_id, render
from billing.sandbox.process.config import API_VERSION
from billing.sandbox.process.store import Document


def build_event(
    type: str,
    subject: Document,
    *,
    now: int,
    previous: dict[str, Any] | None,
    request_id: str | None,
    idempotency_key: str | None,
) -> Document:
    """Build the event; its payload is frozen here and does not follow the object."""
    data: dict[str, Any] = {"object": render(subject)}
    if previous is not None:
        data["previous_attributes"] = previous
    return {
        "id": new_id("evt"),
        "object": "event",
        "account": None,
        "api_version": API_VERSION,
        "context": None,
        "created": now,
        "data": data,
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": request_id, "idempotency_key": idempotency_key},
        "type": type,
        "_session": subject.get("_session", subject["id"]),
    }
