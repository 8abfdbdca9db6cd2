"""The dispute, the inquiry that may precede it, and the early fraud warning."""

from __future__ import annotations

from typing import Any

from billing.sandbox.objects.common import new_id
from billing.sandbox.process.store import Document

REASONS = tuple(
    "bank_cannot_process check_returned credit_not_processed customer_initiated"
    " debit_not_authorized duplicate fraudulent general incorrect_account_details"
    " insufficient_funds noncompliant product_not_received product_unacceptable"
    " subscription_canceled unrecognized".split()
)
_DAY = 24 * 3600
_DAYS_TO_RESPOND = 9
# The networks' codes of the reasons in Visa's list.
_VISA_CODES = {
    "fraudulent": "10.4",
    "product_not_received": "13.1",
    "product_unacceptable": "13.3",
    "subscription_canceled": "13.2",
    "credit_not_processed": "13.6",
    "duplicate": "12.6",
}
_EVIDENCE = tuple(
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure"
    " cancellation_rebuttal customer_communication customer_purchase_ip customer_signature"
    " duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id"
    " product_description receipt refund_policy refund_policy_disclosure"
    " refund_refusal_explanation service_date service_documentation shipping_address"
    " shipping_carrier shipping_date shipping_documentation shipping_tracking_number"
    " uncategorized_file uncategorized_text".split()
)


def build_dispute(
    charge: Document, *, amount: int, reason: str, inquiry: bool, now: int
) -> Document:
    """Build a dispute over an amount in minor units, or an inquiry; no money has moved yet."""
    card = charge["payment_method_details"]["card"]
    code = _VISA_CODES.get(reason) if card["network"] == "visa" else None
    return {
        "id": new_id("dp"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {
            **dict.fromkeys(_EVIDENCE),
            "customer_email_address": charge["billing_details"]["email"],
            "customer_name": charge["billing_details"]["name"],
            "enhanced_evidence": {},
        },
        "evidence_details": evidence_details(now),
        "intended_submission_method": None,
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "network_reason_code": code,
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": card["brand"],
                "case_type": "inquiry" if inquiry else "chargeback",
                "network": card["network"],
                "network_reason_code": code,
            },
            "type": "card",
        },
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
        "_session": charge["_session"],
    }


def evidence_details(now: int) -> dict[str, Any]:
    """Return the state before any evidence was sent; it is due at the end of a day."""
    return {
        "due_by": now - now % _DAY + (_DAYS_TO_RESPOND + 1) * _DAY - 1,
        "enhanced_eligibility": {},
        "has_evidence": False,
        "past_due": False,
        "submission_count": 0,
        "submission_method": "not_submitted",
    }


def build_fraud_warning(charge: Document, *, now: int) -> Document:
    """Build the warning of a card's bank that a charge may be fraudulent."""
    return {
        "id": new_id("issfr"),
        "object": "radar.early_fraud_warning",
        "actionable": not (charge["disputed"] or charge["refunded"]),
        "charge": charge["id"],
        "created": now,
        "fraud_type": "misc",
        "livemode": False,
        "payment_intent": charge["payment_intent"],
        "_session": charge["_session"],
    }
