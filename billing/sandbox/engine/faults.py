"""Faults on request: which exist, when one applies, and how often.

A fault is activated through the control API, for requests or webhooks that match it, for the next N
of them or a seeded share; each time it applies uses it up by one.
"""

from __future__ import annotations

import random
from fnmatch import fnmatchcase
from typing import Any

from billing.sandbox.objects.common import new_id
from billing.sandbox.process.runtime import Sandbox
from billing.sandbox.process.store import Document

API = frozenset(
    {
        "error",  # respond with `status` before anything happens
        "error_after",  # execute, then respond 500 and keep that response under the idempotency key
        "drop_before",  # cut the connection before anything happens
        "drop_after",  # execute, then cut the connection
        "slow",  # wait `seconds`, then execute
        "slow_after",  # execute, wait `seconds`, then respond
        "rate_limited",  # 429
        "conflict",  # 409 lock_timeout
        "malformed",  # an HTML page with 502; with `after` true the request was executed
        "stale",  # sessions appear open and unpaid; with `seconds`, for that long after paying
        "override",  # replace `fields` of the response
        "ignore_idempotency",  # execute again although the key was used
        "refund_pending",  # a refund stays pending
    }
)
QUEUE = frozenset(
    {
        "delay",  # deliver after `seconds`
        "hold",  # deliver when released
        "reorder",  # deliver after the next event, or after the next of type `after`
        "duplicate",  # deliver `count` times in parallel
        "twin",  # one change sent as two events with two IDs
    }
)
WIRE = frozenset(
    {
        "drop",  # never delivered
        "bad_signature",
        "old_timestamp",  # signed `seconds` ago
        "second_secret_only",
        "unknown_type",  # `type`
        "account",  # `account`
        "livemode",
        "api_version",  # `version`
        "truncated",
        "huge",  # padded to `bytes`
        "not_utf8",
        "bad_json",
    }
)
PAGE = frozenset(
    {
        "redirect_waits",  # the page waits up to `seconds` for the webhook's response
    }
)
ALL = API | QUEUE | WIRE | PAGE

# How each condition of a fault matches a request or event.
_PATTERNS = ("method", "path", "session", "event_type", "endpoint")


def add(sandbox: Sandbox, kind: str, settings: dict[str, Any]) -> Document:
    """Activate a fault."""
    fault = {
        "id": new_id("fault", 10),
        "kind": kind,
        "times": None,
        "skip": 0,
        "probability": None,
        "seed": 0,
        "seen": 0,
        "applied": 0,
        **settings,
    }
    with sandbox.store.transaction():
        sandbox.store.put("fault", fault)
    return fault


def take(sandbox: Sandbox, kinds: frozenset[str], **facts: str | None) -> dict[str, Document]:
    """Return the faults that apply now, by kind, and count one use of each."""
    with sandbox.store.lock:
        found = [
            fault
            for fault in sandbox.store.find("fault")
            if fault["kind"] in kinds and _matches(fault, facts)
        ]
        if not found:  # the usual case: no transaction, so no worker wakes up
            return {}
        with sandbox.store.transaction():
            return {fault["kind"]: fault for fault in found if _applies(sandbox, fault)}


def _matches(fault: Document, facts: dict[str, str | None]) -> bool:
    return all(
        fault.get(name) is None or fnmatchcase(facts.get(name) or "", fault[name])
        for name in _PATTERNS
    )


def _applies(sandbox: Sandbox, fault: Document) -> bool:
    """Count a match, and decide by turn and by chance."""
    if fault["times"] is not None and fault["applied"] >= fault["times"]:
        return False
    fault["seen"] += 1
    applies = fault["seen"] > fault["skip"] and _draw(fault)
    fault["applied"] += applies
    sandbox.store.put("fault", fault)
    return applies


def _draw(fault: Document) -> bool:
    """Draw from a seeded generator, so that a run with the same seed repeats."""
    if fault["probability"] is None:
        return True
    draw = random.Random(f"{fault['seed']}:{fault['seen']}").random()
    return bool(draw < fault["probability"])
