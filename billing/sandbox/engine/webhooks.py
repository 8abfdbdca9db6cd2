"""The webhook worker: takes what is due from the queue, delivers, retries, and logs.

The queue is in the store, so what was not delivered when the process died is sent after a restart.
An endpoint receives its events one after the other; copies made by a fault are sent together.
"""

from __future__ import annotations

import http.client
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from billing.sandbox.engine import events, faults, signing, timetable
from billing.sandbox.engine.signing import Message
from billing.sandbox.objects.common import new_id
from billing.sandbox.process.runtime import Sandbox
from billing.sandbox.process.store import Condition, Document

TIMEOUT = 15.0
MAX_AT_ONCE = 32
_PAUSE = 0.2  # seconds: the longest sleep, and so the longest delay of expiry events
_PENDING: Condition = ("status", "=", "pending")


def add_endpoint(
    sandbox: Sandbox,
    url: str,
    secrets: list[str],
    *,
    enabled_events: list[str] | None = None,
    api_version: str | None = None,
) -> Document:
    """Register a URL to which events are delivered."""
    endpoint = {
        "id": new_id("we"),
        "url": url,
        "secrets": secrets,
        "enabled_events": enabled_events or ["*"],
        "api_version": api_version,
    }
    with sandbox.store.transaction():
        sandbox.store.put("endpoint", endpoint)
    return endpoint


def register_configured(sandbox: Sandbox) -> None:
    """Register the endpoint given on the command line, replacing an earlier one.

    It keeps its ID, so that events an earlier process did not deliver go to the new URL.
    """
    config, store = sandbox.config, sandbox.store
    if not config.webhook_url or not config.webhook_secret:
        return
    endpoint = {
        "id": "we_configured",
        "url": config.webhook_url,
        "secrets": [config.webhook_secret],
        "enabled_events": ["*"],
        "api_version": None,
    }
    with store.transaction():
        store.put("endpoint", endpoint)


def resend(sandbox: Sandbox, event_id: str) -> list[Document]:
    """Deliver an event again to every endpoint that listens: a new attempt with the same ID."""
    with sandbox.store.transaction():
        event = sandbox.store.get("event", event_id)
        listeners = sandbox.store.find("endpoint") if event else []
        return [
            delivery
            for endpoint in listeners
            if event and events.listens(endpoint, event["type"])
            for delivery in events.enqueue(sandbox, event, endpoint)
        ]


def release(sandbox: Sandbox, event_id: str | None = None) -> int:
    """Release held deliveries; return how many."""
    with sandbox.store.transaction():
        held = [
            delivery
            for delivery in sandbox.store.find("delivery", ("status", "=", "held"))
            if event_id in (None, delivery["event"])
        ]
        for delivery in held:
            sandbox.store.put("delivery", delivery | {"status": "pending", "due": time.time()})
        return len(held)


def skip_waits(sandbox: Sandbox) -> None:
    """Make all waiting retries due now."""
    with sandbox.store.transaction():
        later: Condition = ("due", ">", time.time())
        for delivery in sandbox.store.find("delivery", _PENDING, later, order_by="due"):
            sandbox.store.put("delivery", delivery | {"due": time.time()})


def count_waiting(sandbox: Sandbox, *, retries: bool) -> int:
    """Count pending deliveries; without retries, only those never tried."""
    store = sandbox.store
    with store.lock:
        if retries:
            return store.count("delivery", _PENDING)
        in_flight = [store.get("delivery", id) for id in sandbox.deliveries_in_flight]
        retrying = [
            delivery
            for delivery in in_flight
            if delivery and delivery["attempts"] and delivery["status"] == "pending"
        ]
        return store.count("delivery", _PENDING, ("attempts[0]", "IS", None)) + len(retrying)


class Worker(threading.Thread):
    """A thread that delivers what is due until the process ends."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(name="webhooks", daemon=True)
        self._sandbox = sandbox
        self._pool = ThreadPoolExecutor(MAX_AT_ONCE, thread_name_prefix="webhook")

    def run(self) -> None:
        """Process the queue, woken by every commit."""
        while True:
            self._sandbox.store.changed.clear()
            try:
                self._run_once()
            except Exception:  # print it and keep delivering
                traceback.print_exc()
            self._sandbox.store.changed.wait(_PAUSE)

    def _run_once(self) -> None:
        timetable.run_due(self._sandbox)
        for delivery in self._claim():
            self._pool.submit(self._deliver, delivery)

    def _claim(self) -> list[Document]:
        """Take what may be sent now: the oldest of each endpoint, with the copies of its batch."""
        store, now = self._sandbox.store, time.time()
        is_due: Condition = ("due", "<=", now)
        with store.lock:
            # Deliveries of a deleted endpoint are processed when they are the oldest.
            oldest = store.find("delivery", _PENDING, is_due, order_by="due", limit=1)
            if not oldest:
                return []
            endpoints = [
                oldest[0]["endpoint"],
                *(endpoint["id"] for endpoint in store.find("endpoint")),
            ]
            busy = set(self._sandbox.deliveries_in_flight.values())
            claimed = [
                delivery
                for endpoint in dict.fromkeys(endpoints)
                if endpoint not in busy
                for delivery in self._next_batch(endpoint, now)
            ]
            self._sandbox.deliveries_in_flight |= {
                delivery["id"]: delivery["endpoint"] for delivery in claimed
            }
            return claimed

    def _next_batch(self, endpoint: str, now: float) -> list[Document]:
        due = self._sandbox.store.find(
            "delivery",
            _PENDING,
            ("endpoint", "=", endpoint),
            ("due", "<=", now),
            limit=MAX_AT_ONCE,
        )
        sendable = [delivery for delivery in due if self._can_send(delivery, now)]
        return [delivery for delivery in sendable if delivery["batch"] == sendable[0]["batch"]]

    def _can_send(self, delivery: Document, now: float) -> bool:
        """Hold a reordered delivery back until the one it follows has been sent."""
        follows = delivery["follows"]
        if follows is None or now >= follows["until"]:
            return True
        place = self._sandbox.store.position("delivery", delivery["id"])
        later = self._sandbox.store.find(
            "delivery",
            ("status", "=", "delivered"),
            ("endpoint", "=", delivery["endpoint"]),
            after=place,
        )
        return any(follows["type"] in ("*", other["event_type"]) for other in later)

    def _deliver(self, delivery: Document) -> None:
        try:
            attempt = self._attempt(delivery)
            self._record(delivery["id"], attempt)
        except Exception:  # the thread pool would swallow it
            traceback.print_exc()
        finally:
            with self._sandbox.store.lock:
                self._sandbox.deliveries_in_flight.pop(delivery["id"], None)
            self._sandbox.store.changed.set()

    def _attempt(self, delivery: Document) -> Document:
        started = time.time()
        endpoint = self._sandbox.store.get("endpoint", delivery["endpoint"])
        active_faults = faults.take(
            self._sandbox,
            faults.WIRE,
            event_type=delivery["event_type"],
            session=delivery["session"],
            endpoint=delivery["endpoint"],
        )
        status, error = None, None
        if endpoint is None:
            error = "the endpoint was deleted"
        elif "drop" in active_faults:
            error = "dropped by a fault"
        else:
            message = signing.message(delivery, endpoint, active_faults, int(started))
            status, error = send(endpoint["url"], message)
        return {
            "attempt": len(delivery["attempts"]) + 1,
            "at": started,
            "status": status,
            "latency": round(time.time() - started, 4),
            "error": error,
            "faults": sorted(active_faults),
        }

    def _record(self, id: str, attempt: Document) -> None:
        """Store the attempt; anything but 2xx is retried, as long as the schedule lasts."""
        store, schedule = self._sandbox.store, self._sandbox.config.retry_seconds
        with store.transaction():
            delivery = store.get("delivery", id)
            if delivery is None:  # the sandbox has been reset since
                return
            delivery["attempts"].append(attempt)
            if attempt["status"] is not None and 200 <= attempt["status"] < 300:
                delivery["status"] = "delivered"
                self._decrement_pending(delivery["event"])
            elif len(delivery["attempts"]) > len(schedule):
                delivery["status"] = "failed"
            else:
                delivery["due"] = time.time() + schedule[len(delivery["attempts"]) - 1]
            store.put("delivery", delivery)

    def _decrement_pending(self, event_id: str) -> None:
        event = self._sandbox.store.get("event", event_id)
        if event and event["pending_webhooks"] > 0:
            event["pending_webhooks"] -= 1
            self._sandbox.store.put("event", event)


def send(url: str, message: Message) -> tuple[int | None, str | None]:
    """POST a message without following redirects. Return the status, or why there is none."""
    parts = urlsplit(url)
    connect: Callable[..., http.client.HTTPConnection] = (
        http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    )
    connection = connect(parts.hostname or "", parts.port, timeout=TIMEOUT)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, message.body, message.headers)
        response = connection.getresponse()
        response.read()
        return response.status, None
    except (OSError, http.client.HTTPException, ValueError) as error:
        return None, f"{type(error).__name__}: {error}"
    finally:
        connection.close()
