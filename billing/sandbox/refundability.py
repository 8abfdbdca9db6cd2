"""How a charge, its refunds, its disputes and its warnings bear on each other."""

from __future__ import annotations

from billing.sandbox.events import emit
from billing.sandbox.runtime import Sandbox
from billing.sandbox.store import Document

# In these states the money is with the cardholder's bank. Inquiries take none.
_TAKEN = ("needs_response", "under_review", "lost")


def disputes_of(sandbox: Sandbox, charge_id: str) -> list[Document]:
    """Return the disputes and inquiries of a charge, oldest first."""
    return sandbox.store.find("dispute", ("charge", "=", charge_id))


def is_charged_back(sandbox: Sandbox, charge_id: str) -> bool:
    """Say whether a dispute forbids to refund a charge: one that is open or lost."""
    return any(dispute["status"] in _TAKEN for dispute in disputes_of(sandbox, charge_id))


def allows_refund(status: str, charge: Document) -> bool:
    """Say what `is_charge_refundable` of a dispute in this state is."""
    return status not in _TAKEN and not charge["refunded"]


def recheck(sandbox: Sandbox, charge: Document) -> None:
    """Bring disputes and fraud warnings in line with a charge that was refunded or disputed."""
    for dispute in disputes_of(sandbox, charge["id"]):
        dispute["is_charge_refundable"] = allows_refund(dispute["status"], charge)
        sandbox.store.put("dispute", dispute)
    actionable = not (charge["disputed"] or charge["refunded"])
    for warning in sandbox.store.find("radar.early_fraud_warning", ("charge", "=", charge["id"])):
        if warning["actionable"] != actionable:
            previous = {"actionable": warning["actionable"]}
            warning["actionable"] = actionable
            sandbox.store.put("radar.early_fraud_warning", warning)
            emit(sandbox, "radar.early_fraud_warning.updated", warning, previous=previous)
