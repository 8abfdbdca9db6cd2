"""Everything that happens over time: sessions expire, and delayed effects of cards occur."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from billing.sandbox.engine import disputes, follow_ups, refunds, sessions
from billing.sandbox.engine.follow_ups import Action
from billing.sandbox.process.runtime import Sandbox
from billing.sandbox.process.store import Document
from billing.sandbox.protocol.errors import Refused

_Act: TypeAlias = Callable[[Sandbox, str], object]


def run_due(sandbox: Sandbox) -> None:
    """Do everything that is due by the sandbox's clock."""
    sessions.expire_due(sandbox)
    with sandbox.store.lock:
        if not follow_ups.due(sandbox):  # the usual case: no transaction, so no worker wakes up
            return
        with sandbox.store.transaction():
            for plan in follow_ups.due(sandbox):
                _run(sandbox, plan)


def _run(sandbox: Sandbox, plan: Document) -> None:
    sandbox.store.delete("plan", plan["id"])
    try:
        with sandbox.store.transaction():
            _ACTS[plan["action"]](sandbox, plan["subject"])
    except Refused:
        return  # a change since then has left nothing to do


def _dispute(reason: str) -> _Act:
    return lambda sandbox, id: disputes.open_dispute(sandbox, id, reason=reason)


_ACTS: dict[Action, _Act] = {
    "dispute_as_fraudulent": _dispute("fraudulent"),
    "dispute_as_not_received": _dispute("product_not_received"),
    "open_inquiry": lambda sandbox, id: disputes.open_dispute(sandbox, id, inquiry=True),
    "warn_of_fraud": disputes.warn_of_fraud,
    "settle_refund": refunds.settle,
    "fail_refund": refunds.fail,
}
