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
    delivery: Document, endpoint: Document, struck: dict[str, Document], now: int
) -> Message:
    """Sign the body for this attempt, with the real time, for each secret of the endpoint."""
    body = _body(delivery["payload"], struck)
    stamp = now
    if "old_timestamp" in struck:
        stamp -= int(struck["old_timestamp"].get("seconds", _OLD_SECONDS))
    header = signature(body, stamp, _secrets(endpoint["secrets"], struck))
    if "truncated" in struck:
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
    marks = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={stamp}", *(f"v1={mark}" for mark in marks)])


def _secrets(secrets: list[str], struck: dict[str, Document]) -> list[str]:
    if "bad_signature" in struck:
        return ["whsec_somebody_else"]
    return secrets[1:2] if "second_secret_only" in struck else secrets


def _body(payload: str, struck: dict[str, Document]) -> bytes:
    if "bad_json" in struck:
        return b'{"id": "evt_broken", "object": '
    event: dict[str, Any] = json.loads(payload)
    if "unknown_type" in struck:
        event["type"] = struck["unknown_type"].get("type", "sandbox.unknown_type")
    if "account" in struck:
        event["account"] = struck["account"].get("account", "acct_somebodyelse")
    if "livemode" in struck:
        event["livemode"] = True
        event["data"]["object"]["livemode"] = True
    if "api_version" in struck:
        event["api_version"] = struck["api_version"].get("version", "2020-08-27")
    if "huge" in struck:
        event["data"]["padding"] = "x" * int(struck["huge"].get("bytes", _HUGE))
    body = json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
    return body.replace(b'"id"', b'"\xff\xfe":0,"id"', 1) if "not_utf8" in struck else body
