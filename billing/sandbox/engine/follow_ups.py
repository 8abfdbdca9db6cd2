"""Later effects of test cards, stored until they are due by the sandbox's clock."""

from __future__ import annotations

from typing import Literal, TypeAlias

from billing.sandbox.objects.cards import Card
from billing.sandbox.objects.common import new_id
from billing.sandbox.process.runtime import Sandbox
from billing.sandbox.process.store import Document
from billing.sandbox.protocol.errors import Refused

Action: TypeAlias = Literal[
    "dispute_as_fraudulent",
    "dispute_as_not_received",
    "open_inquiry",
    "warn_of_fraud",
    "settle_refund",
    "fail_refund",
]
_PAYMENT_ACTIONS: dict[str, Action] = {
    "disputed_as_fraudulent": "dispute_as_fraudulent",
    "disputed_as_not_received": "dispute_as_not_received",
    "inquiry": "open_inquiry",
    "fraud_warning": "warn_of_fraud",
}
_REFUND_ACTIONS: dict[str, Action] = {
    "refund_pending": "settle_refund",
    "refund_fails": "fail_refund",
}
_DELAYS = ("dispute_seconds", "refund_seconds")


def schedule_after_payment(sandbox: Sandbox, card: Card, charge: Document) -> None:
    """Schedule what a card does to the charge it has just paid."""
    if card.follow_up in _PAYMENT_ACTIONS:
        seconds = delays(sandbox)["dispute_seconds"]
        _plan(sandbox, _PAYMENT_ACTIONS[card.follow_up], charge["id"], seconds)


def schedule_after_refund(sandbox: Sandbox, card: Card, refund: Document) -> None:
    """Schedule what a card does to the refund it has just received."""
    if card.follow_up in _REFUND_ACTIONS:
        seconds = delays(sandbox)["refund_seconds"]
        _plan(sandbox, _REFUND_ACTIONS[card.follow_up], refund["id"], seconds)


def due(sandbox: Sandbox) -> list[Document]:
    """Return what is due now, oldest first: {"id", "action", "subject", "due"}."""
    return sandbox.store.find("plan", ("due", "<=", sandbox.clock.now()))


def delays(sandbox: Sandbox) -> dict[str, int]:
    """Return the delays of the cards, in seconds of the sandbox's clock."""
    overrides = sandbox.store.get("setting", "delays") or {}
    return {name: overrides.get(name, getattr(sandbox.config, name)) for name in _DELAYS}


def set_delays(sandbox: Sandbox, changes: dict[str, int]) -> dict[str, int]:
    """Change delays of what is scheduled from now on, until a reset; return all delays.

    Raises Refused for an unknown name or a negative number of seconds.
    """
    for name, seconds in changes.items():
        if name not in _DELAYS or type(seconds) is not int or seconds < 0:
            raise Refused(f"Not a delay in whole seconds: {name} = {seconds!r}")
    with sandbox.store.transaction():
        sandbox.store.put("setting", {"id": "delays", **delays(sandbox), **changes})
    return delays(sandbox)


def _plan(sandbox: Sandbox, action: Action, subject: str, seconds: int) -> None:
    moment = sandbox.clock.now() + seconds
    plan = {"id": new_id("plan", 14), "action": action, "subject": subject, "due": moment}
    sandbox.store.put("plan", plan)
