"""The message of one delivery: body, signature, and the damage that faults do to both."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

from billing.sandbox.process.store import Document

USER_AGENT = "Stripe/1.0 (+https://stripe.com/docs/webhooks)"
_HUGE = 2 * 1024 * 1024
_OLD_SECONDS = 600


@dataclass(frozen=True)
class Message:
    """A body and its headers, ready to send."""

    body: bytes
    headers: dict[str, str]


def message(
    delivery: Document, endpoint: Document, active_faults: dict[str, Document], now: int
) -> Message:
    """Sign the body for this attempt, with the real time, for each secret of the endpoint."""
    body = _body(delivery["payload"], active_faults)
    stamp = now
    if "old_timestamp" in active_faults:
        stamp -= int(active_faults["old_timestamp"].get("seconds", _OLD_SECONDS))
    header = signature(body, stamp, _secrets(endpoint["secrets"], active_faults))
    if "truncated" in active_faults:
        body = body[: len(body) // 2]
    return Message(
        body,
        {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": USER_AGENT,
            "Stripe-Signature": header,
        },
    )


def signature(body: bytes, stamp: int, secrets: list[str]) -> str:
    """Return Stripe's signature header: a time, and one v1 for each secret."""
    signed = str(stamp).encode() + b"." + body
    signatures = [
        hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets
    ]
    return ",".join([f"t={stamp}", *(f"v1={digest}" for digest in signatures)])


def _secrets(secrets: list[str], active_faults: dict[str, Document]) -> list[str]:
    if "bad_signature" in active_faults:
        return ["whsec_somebody_else"]
    return secrets[1:2] if "second_secret_only" in active_faults else secrets


def _body(payload: str, active_faults: dict[str, Document]) -> bytes:
    if "bad_json" in active_faults:
        return b'{"id": "evt_broken", "object": '
    event: dict[str, Any] = json.loads(payload)
    if "unknown_type" in active_faults:
        event["type"] = active_faults["unknown_type"].get("type", "sandbox.unknown_type")
    if "account" in active_faults:
        event["account"] = active_faults["account"].get("account", "acct_somebodyelse")
    if "livemode" in active_faults:
        event["livemode"] = True
        event["data"]["object"]["livemode"] = True
    if "api_version" in active_faults:
        event["api_version"] = active_faults["api_version"].get("version", "2020-08-27")
    if "huge" in active_faults:
        event["data"]["padding"] = "x" * int(active_faults["huge"].get("bytes", _HUGE))
    body = json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
    return body.replace(b'"id"', b'"\xff\xfe":0,"id"', 1) if "not_utf8" in active_faults else body
