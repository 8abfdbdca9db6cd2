"""Events: written in the transaction of their change, queued for every endpoint."""

from __future__ import annotations

import json
import time
from contextvars import ContextVar
from fnmatch import fnmatchcase
from typing import Any

from billing.sandbox.engine import faults
from billing.sandbox.objects.common import new_id, render
from billing.sandbox.objects.event import build_event
from billing.sandbox.process.runtime import Sandbox
from billing.sandbox.process.store import Document

# The API request that causes the current change: its ID and idempotency key.
causing_request: ContextVar[tuple[str | None, str | None]] = ContextVar(
    "causing_request", default=(None, None)
)

MAX_DELIVERIES_KEPT = 20_000
_REORDER_TIMEOUT = 10.0  # seconds until a reordered event is sent even if none follows


def emit(
    sandbox: Sandbox, type: str, subject: Document, *, previous: dict[str, Any] | None = None
) -> None:
    """Record a change of an object as an event, and queue it for the endpoints that listen."""
    request_id, key = causing_request.get()
    event = build_event(
        type,
        subject,
        now=sandbox.clock.now(),
        previous=previous,
        request_id=request_id,
        idempotency_key=key,
    )
    facts = {"event_type": type, "session": event["_session"]}
    _record(sandbox, event)
    if faults.take(sandbox, frozenset({"twin"}), **facts):
        _record(sandbox, event | {"id": new_id("evt")})


def _record(sandbox: Sandbox, event: Document) -> None:
    listeners = [e for e in sandbox.store.find("endpoint") if listens(e, event["type"])]
    event["pending_webhooks"] = len(listeners)
    sandbox.store.put("event", event)
    for endpoint in listeners:
        enqueue(sandbox, event, endpoint)


def listens(endpoint: Document, type: str) -> bool:
    """Whether an endpoint wants events of a type."""
    return any(fnmatchcase(type, pattern) for pattern in endpoint["enabled_events"])


def enqueue(sandbox: Sandbox, event: Document, endpoint: Document) -> list[Document]:
    """Queue an event for an endpoint, as changed by the active faults."""
    active_faults = faults.take(
        sandbox,
        faults.QUEUE - {"twin"},
        event_type=event["type"],
        session=event["_session"],
        endpoint=endpoint["id"],
    )
    copies = int(active_faults["duplicate"].get("count", 2)) if "duplicate" in active_faults else 1
    batch = new_id("batch", 10)
    return [_queue_one(sandbox, event, endpoint, active_faults, batch) for _ in range(copies)]


def _queue_one(
    sandbox: Sandbox,
    event: Document,
    endpoint: Document,
    active_faults: dict[str, Document],
    batch: str,
) -> Document:
    wait = float(active_faults["delay"].get("seconds", 1)) if "delay" in active_faults else 0.0
    delivery: Document = {
        "id": new_id("dlv", 14),
        "event": event["id"],
        "event_type": event["type"],
        "session": event["_session"],
        "endpoint": endpoint["id"],
        "url": endpoint["url"],
        "payload": _payload(event, endpoint),
        "batch": batch,
        "status": "held" if "hold" in active_faults else "pending",
        "due": time.time() + wait,
        "follows": None,
        "attempts": [],
    }
    if "reorder" in active_faults:
        timeout = float(active_faults["reorder"].get("seconds", _REORDER_TIMEOUT))
        type = active_faults["reorder"].get("after", "*")
        delivery["follows"] = {"type": type, "until": time.time() + timeout}
    sandbox.store.put("delivery", delivery)
    sandbox.store.keep_newest("delivery", MAX_DELIVERIES_KEPT)
    return delivery


def _payload(event: Document, endpoint: Document) -> str:
    """Freeze the body, so that a later delivery shows the state at the time of the event."""
    body = render(event)
    body["api_version"] = endpoint["api_version"] or body["api_version"]
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)
