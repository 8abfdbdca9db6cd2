"""A client of the control API, for test fixtures and the demo."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypeAlias

import requests

from billing.sandbox.process.config import DEFAULT_CONTROL_TOKEN

Json: TypeAlias = dict[str, Any]
Challenge: TypeAlias = Literal["complete", "fail"]
Outcome: TypeAlias = Literal["won", "lost", "warning_closed"]

_TIMEOUT = 30.0  # seconds, in addition to what a flush waits


class SandboxError(Exception):
    """The sandbox refused a control request; the message says why."""


class SandboxControl:
    """Actions that tests and the demo take on a running sandbox."""

    def __init__(self, base_url: str, token: str = DEFAULT_CONTROL_TOKEN) -> None:
        """Connect to the sandbox at ``base_url``."""
        self.base_url = base_url.rstrip("/")
        self._token = token

    def reset(self, *, keep_webhooks: bool = False) -> None:
        """Clear everything, including the clock; register the configured endpoints again."""
        self._call("POST", "reset", {"keep_webhooks": keep_webhooks})

    def clock(self) -> Json:
        """Return {"now": epoch, "real": epoch, "frozen": bool}."""
        return self._call("GET", "clock")

    def set_clock(self, moment: datetime | None, *, frozen: bool | None = None) -> Json:
        """Move forward to an aware moment (None: real time), and freeze there or continue."""
        body: Json = {"now": None if moment is None else int(moment.timestamp())}
        return self._call("POST", "clock", body | _without_none(frozen=frozen))

    def advance_clock(self, seconds: int) -> Json:
        """Move forward by some seconds."""
        return self._call("POST", "clock", {"advance": seconds})

    def register_webhook(
        self,
        url: str,
        secret: str | list[str],
        *,
        enabled_events: list[str] | None = None,
        api_version: str | None = None,
    ) -> Json:
        """Deliver events to a URL; several secrets sign as during a rotation."""
        secrets = [secret] if isinstance(secret, str) else secret
        body = {"url": url, "secrets": secrets}
        more = _without_none(enabled_events=enabled_events, api_version=api_version)
        return self._call("POST", "webhook_endpoints", body | more)

    def webhooks(self) -> list[Json]:
        """List the registered endpoints."""
        return self._list("webhook_endpoints", "endpoints")

    def delete_webhook(self, id: str) -> None:
        """Stop delivering to an endpoint."""
        self._call("DELETE", f"webhook_endpoints/{id}")

    def fault(
        self,
        kind: str,
        *,
        method: str | None = None,
        path: str | None = None,
        session: str | None = None,
        event_type: str | None = None,
        endpoint: str | None = None,
        times: int | None = None,
        skip: int = 0,
        probability: float | None = None,
        seed: int = 0,
        **settings: Any,
    ) -> Json:
        """Activate a fault for what matches (patterns with *); times=None means until cleared."""
        body: Json = {"kind": kind, "times": times, "skip": skip, "seed": seed, **settings}
        conditions = _without_none(
            method=method,
            path=path,
            session=session,
            event_type=event_type,
            endpoint=endpoint,
            probability=probability,
        )
        return self._call("POST", "faults", body | conditions)

    def faults(self) -> list[Json]:
        """List the faults, with how often each has applied."""
        return self._list("faults", "faults")

    def clear_faults(self, id: str | None = None) -> None:
        """Deactivate one fault, or all."""
        self._call("DELETE", f"faults/{id}" if id else "faults")

    def deliveries(self, *, event_type: str | None = None) -> list[Json]:
        """List the webhook deliveries, oldest first, each with its attempts."""
        found = self._list("deliveries", "deliveries")
        return [d for d in found if event_type in (None, d["event_type"])]

    def release(self, event_id: str | None = None) -> int:
        """Release held deliveries; return how many."""
        released: int = self._call("POST", "deliveries/release", {"event": event_id})["released"]
        return released

    def resend(self, event_id: str) -> list[Json]:
        """Deliver an event again."""
        deliveries: list[Json] = self._call("POST", f"events/{event_id}/resend")["deliveries"]
        return deliveries

    def flush(
        self, *, timeout: float = 10.0, retries: bool = True, immediately: bool = False
    ) -> bool:
        """Wait until the webhook queue is idle and return whether it is.

        Without `retries`, only first attempts; with `immediately`, retries are due now.
        Held deliveries count as idle.
        """
        body = {"timeout": timeout, "retries": retries, "immediately": immediately}
        return bool(self._call("POST", "flush", body, wait=timeout)["idle"])

    def requests(self, *, method: str | None = None, path: str | None = None) -> list[Json]:
        """List the API requests received, oldest first."""
        return [
            request
            for request in self._list("requests", "requests")
            if method in (None, request["method"]) and path in (None, request["path"])
        ]

    def clear_requests(self) -> None:
        """Clear the API requests received."""
        self._call("DELETE", "requests")

    def sessions(self) -> list[Json]:
        """List all Checkout Sessions with their lines, oldest first."""
        return self._list("sessions", "sessions")

    def pay(
        self,
        session_id: str,
        *,
        card: str = "4242424242424242",
        email: str | None = None,
        name: str | None = None,
        three_d_secure: Challenge | None = None,
        funding: str | None = None,
    ) -> Json:
        """Pay without a browser; return {"outcome", "code", "decline_code", "message", "session"}.

        The outcome is paid, declined, blocked, requires_action or not_open.
        """
        body = _without_none(
            card=card, email=email, name=name, three_d_secure=three_d_secure, funding=funding
        )
        return self._call("POST", f"sessions/{session_id}/pay", body)

    def inject(self, params: Json, *, card: str = "4242424242424242") -> Json:
        """Create and pay a session with any parameters, unlike any that the application creates."""
        return self._call("POST", "sessions/inject", {"params": params, "card": card})

    def expire(self, session_id: str) -> Json:
        """Expire a session."""
        return self._call("POST", f"sessions/{session_id}/expire")

    def refund(
        self,
        *,
        session: str | None = None,
        charge: str | None = None,
        payment_intent: str | None = None,
        amount: int | None = None,
        reason: str | None = None,
        pending: bool = False,
    ) -> Json:
        """Refund outside the application, as in the processor's dashboard; return the refund.

        The payment is given by one of the three IDs. The amount is in minor units, by default all
        that is left. With `pending` it stays so until it is settled, failed or canceled here.
        """
        target = _without_none(session=session, charge=charge, payment_intent=payment_intent)
        body = target | _without_none(amount=amount, reason=reason)
        return self._call("POST", "refunds", body | {"pending": pending})

    def settle_refund(self, id: str) -> Json:
        """Make a pending refund succeed; return it."""
        return self._call("POST", f"refunds/{id}/settle")

    def fail_refund(self, id: str, *, reason: str | None = None) -> Json:
        """Make a pending or succeeded refund fail, as expired_or_canceled_card by default."""
        return self._call("POST", f"refunds/{id}/fail", _without_none(reason=reason))

    def cancel_refund(self, id: str) -> Json:
        """Cancel a pending refund, as in the processor's dashboard; return it."""
        return self._call("POST", f"refunds/{id}/cancel")

    def open_dispute(
        self,
        *,
        session: str | None = None,
        charge: str | None = None,
        payment_intent: str | None = None,
        amount: int | None = None,
        reason: str | None = None,
    ) -> Json:
        """Dispute a payment, which takes the money; return the dispute.

        The payment is given by one of the three IDs. The amount is in minor units, by default what
        has been neither refunded nor disputed; the default reason is fraudulent.
        """
        target = _without_none(session=session, charge=charge, payment_intent=payment_intent)
        return self._call("POST", "disputes", target | _without_none(amount=amount, reason=reason))

    def open_inquiry(
        self,
        *,
        session: str | None = None,
        charge: str | None = None,
        payment_intent: str | None = None,
        amount: int | None = None,
        reason: str | None = None,
    ) -> Json:
        """Inquire about a payment, which takes no money; return the dispute (warning_…)."""
        target = _without_none(session=session, charge=charge, payment_intent=payment_intent)
        more = _without_none(amount=amount, reason=reason)
        return self._call("POST", "disputes", target | more | {"inquiry": True})

    def disputes(self) -> list[Json]:
        """List all disputes and inquiries, oldest first."""
        return self._list("disputes", "disputes")

    def review_dispute(self, id: str) -> Json:
        """Start the bank's review of a dispute or inquiry, as submitting evidence does."""
        return self._call("POST", f"disputes/{id}/review")

    def escalate_inquiry(self, id: str) -> Json:
        """Turn an open inquiry into a dispute with the same ID, which takes the money."""
        return self._call("POST", f"disputes/{id}/escalate")

    def close_dispute(self, id: str, outcome: Outcome) -> Json:
        """Close a dispute as won or lost, an inquiry as warning_closed."""
        return self._call("POST", f"disputes/{id}/close", {"outcome": outcome})

    def warn_of_fraud(
        self,
        *,
        session: str | None = None,
        charge: str | None = None,
        payment_intent: str | None = None,
    ) -> Json:
        """Send an early fraud warning about a payment; return it."""
        target = _without_none(session=session, charge=charge, payment_intent=payment_intent)
        return self._call("POST", "early_fraud_warnings", target)

    def delays(self) -> Json:
        """Return {"dispute_seconds", "refund_seconds"}, in seconds of the sandbox's clock."""
        return self._call("GET", "delays")

    def set_delays(
        self, *, dispute_seconds: int | None = None, refund_seconds: int | None = None
    ) -> Json:
        """Set how long, until a reset, cards wait to dispute a payment or to change a refund."""
        body = _without_none(dispute_seconds=dispute_seconds, refund_seconds=refund_seconds)
        return self._call("POST", "delays", body)

    def alter(self, object_id: str, fields: Json) -> Json:
        """Change fields of a stored object by dotted path, e.g. "line_items.data.0.quantity"."""
        return self._call("POST", f"objects/{object_id}/alter", {"fields": fields})

    def _list(self, path: str, name: str) -> list[Json]:
        found: list[Json] = self._call("GET", path)[name]
        return found

    def _call(self, method: str, path: str, body: Json | None = None, *, wait: float = 0.0) -> Json:
        with requests.Session() as session:
            session.trust_env = False  # proxy variables must not redirect 127.0.0.1
            response = session.request(
                method,
                f"{self.base_url}/_sandbox/{path}",
                json=body,
                headers={"Authorization": f"Bearer {self._token}"},
                timeout=wait + _TIMEOUT,
            )
        payload: Json = response.json()
        if not response.ok:
            raise SandboxError(payload["error"])
        return payload


def _without_none(**values: Any) -> Json:
    return {name: value for name, value in values.items() if value is not None}
