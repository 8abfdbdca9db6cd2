"""The control API after a payment: refunds, disputes, fraud warnings."""

from __future__ import annotations

from typing import Any, TypeAlias

from billing.sandbox.control import headless
from billing.sandbox.engine import disputes, follow_ups, refunds, sessions
from billing.sandbox.objects.common import render
from billing.sandbox.process.runtime import Sandbox
from billing.sandbox.process.store import Document
from billing.sandbox.protocol.errors import Refused

Body: TypeAlias = dict[str, Any]


def create_refund(running: Sandbox, body: Body) -> Body:
    """Refund from outside the application, as in Stripe's dashboard."""
    pending = bool(body.pop("pending", False))
    with running.store.transaction():
        if "session" in body:
            body["payment_intent"] = _get_intent_id(running, body.pop("session"))
        return render(refunds.create(running, headless.as_form_values(body), pending=pending))


def settle_refund(running: Sandbox, body: Body, id: str) -> Body:
    """Make a pending refund succeed."""
    with running.store.transaction():
        return render(refunds.settle(running, id))


def fail_refund(running: Sandbox, body: Body, id: str) -> Body:
    """Make a refund fail, for `reason`."""
    with running.store.transaction():
        return render(refunds.fail(running, id, body.get("reason", "expired_or_canceled_card")))


def cancel_refund(running: Sandbox, body: Body, id: str) -> Body:
    """Cancel a pending refund."""
    with running.store.transaction():
        return render(refunds.cancel(running, id))


def list_disputes(running: Sandbox, body: Body) -> Body:
    """List all disputes and inquiries, oldest first."""
    return {"disputes": [render(dispute) for dispute in running.store.find("dispute")]}


def open_dispute(running: Sandbox, body: Body) -> Body:
    """Open a dispute (or an inquiry, with `inquiry`) over a payment or `amount` of it."""
    amount = body.get("amount")
    if amount is not None and type(amount) is not int:
        raise Refused(f"Not an amount in minor units: {amount!r}")
    with running.store.transaction():
        dispute = disputes.open_dispute(
            running,
            _find_charge_id(running, body),
            amount=amount,
            reason=body.get("reason", "fraudulent"),
            inquiry=bool(body.get("inquiry", False)),
        )
    return render(dispute)


def review_dispute(running: Sandbox, body: Body, id: str) -> Body:
    """Start the bank's review, as if evidence had been submitted."""
    with running.store.transaction():
        return render(disputes.review(running, id))


def escalate_dispute(running: Sandbox, body: Body, id: str) -> Body:
    """Turn an inquiry into a dispute."""
    with running.store.transaction():
        return render(disputes.escalate(running, id))


def close_dispute(running: Sandbox, body: Body, id: str) -> Body:
    """Close a dispute with the `outcome` won, lost or warning_closed."""
    with running.store.transaction():
        return render(disputes.close(running, id, body["outcome"]))


def warn_of_fraud(running: Sandbox, body: Body) -> Body:
    """Send an early fraud warning about a payment."""
    with running.store.transaction():
        return render(disputes.warn_of_fraud(running, _find_charge_id(running, body)))


def read_delays(running: Sandbox, body: Body) -> Body:
    """Return how long the cards wait before they dispute a payment or change a refund."""
    return follow_ups.delays(running)


def set_delays(running: Sandbox, body: Body) -> Body:
    """Change how long the cards wait, until the next reset."""
    return follow_ups.set_delays(running, body)


def _find_charge_id(running: Sandbox, body: Body) -> str:
    """Return the ID of the charge given by itself, its intent or its session."""
    if "charge" in body:
        return str(body["charge"])
    id = body.get("payment_intent") or _get_intent_id(running, body.get("session", ""))
    intent: Document = running.store.get("payment_intent", id) or {}
    if not intent.get("latest_charge"):
        raise Refused(f"{id} has no charge.")
    return str(intent["latest_charge"])


def _get_intent_id(running: Sandbox, session_id: str) -> str:
    intent = sessions.find(running, session_id)["payment_intent"]
    if intent is None:
        raise Refused(f"{session_id} has not been paid.")
    return str(intent)
