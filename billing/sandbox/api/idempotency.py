"""Idempotency keys: the first response is kept and repeated, status and body, for a day."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from billing.sandbox.process.runtime import Sandbox
from billing.sandbox.protocol.errors import ApiError

RETENTION_SECONDS = 24 * 3600  # of the sandbox's clock
MAX_KEY_LENGTH = 255


@dataclass(frozen=True)
class Response:
    """A status and a body, and whether they are a repetition."""

    status: int
    body: dict[str, Any]
    replayed: bool = False


@contextmanager
def in_flight(sandbox: Sandbox, key: str | None) -> Iterator[None]:
    """Refuse a second request with the key of one still being processed."""
    if key is None:
        yield
        return
    with sandbox.store.lock:
        if key in sandbox.keys_in_flight:
            raise ApiError(
                409,
                f"There is currently another in-progress request using this idempotency key: {key}",
                type="idempotency_error",
                code="idempotency_key_in_use",
            )
        sandbox.keys_in_flight.add(key)
    try:
        yield
    finally:
        with sandbox.store.lock:
            sandbox.keys_in_flight.discard(key)


def find_stored_response(
    sandbox: Sandbox, key: str, path: str, params: dict[str, Any]
) -> Response | None:
    """Return the response kept under a key. Raises ApiError if it was for a different request."""
    if len(key) > MAX_KEY_LENGTH:
        raise ApiError(400, f"Idempotency keys have up to {MAX_KEY_LENGTH} characters.")
    kept = sandbox.store.get("idempotency", key)
    if kept is None or kept["created"] + RETENTION_SECONDS <= sandbox.clock.now():
        return None
    if kept["path"] != path:
        raise _misuse_error("endpoint they were first used for", key)
    if kept["params"] != _fingerprint(params):
        raise _misuse_error("parameters they were first used with", key)
    return Response(kept["status"], kept["body"], replayed=True)


def store_response(
    sandbox: Sandbox, key: str, path: str, params: dict[str, Any], response: Response
) -> None:
    """Keep a response, in the transaction of the effect it reports."""
    sandbox.store.put(
        "idempotency",
        {
            "id": key,
            "path": path,
            "params": _fingerprint(params),
            "status": response.status,
            "body": response.body,
            "created": sandbox.clock.now(),
        },
    )


def _misuse_error(what: str, key: str) -> ApiError:
    return ApiError(
        400,
        f"Keys for idempotent requests can only be used with the same {what}."
        f" Try using a key other than '{key}' if you meant to execute a different request.",
        type="idempotency_error",
    )


def _fingerprint(params: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()
