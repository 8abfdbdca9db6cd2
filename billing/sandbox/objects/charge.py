"""The charge."""

from __future__ import annotations

from typing import Any

from billing.sandbox.objects.cards import Card, Decline
from billing.sandbox.objects.common import new_id
from billing.sandbox.objects.payment import Payer, billing_details, card_facts, checks
from billing.sandbox.process.config import ACCOUNT_NAME
from billing.sandbox.process.store import Document


def build_charge(
    intent: Document,
    method: Document,
    card: Card,
    payer: Payer,
    *,
    now: int,
    decline: Decline | None,
    authenticated: bool,
    base_url: str,
) -> Document:
    """Build an attempt to take the money, successful or declined."""
    id, paid = new_id("ch"), decline is None
    suffix = intent["statement_descriptor_suffix"]
    empty = (
        "application",
        "application_fee",
        "application_fee_amount",
        "authorization_code",
        "balance_transaction",
        "failure_balance_transaction",
        "level3",
        "on_behalf_of",
        "presentment_details",
        "receipt_number",
        "review",
        "shipping",
        "source",
        "source_transfer",
        "statement_descriptor",
        "transfer",
        "transfer_data",
        "transfer_group",
    )
    return {
        **dict.fromkeys(empty),
        "id": id,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if paid else 0,
        "amount_refunded": 0,
        "billing_details": billing_details(payer),
        "calculated_statement_descriptor": _statement(suffix),
        "captured": paid,
        "created": now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_code": decline.code if decline else None,
        "failure_message": decline.message if decline else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "outcome": _outcome(decline),
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {
            "card": _card_details(card, payer, intent["amount"], decline, authenticated),
            "type": "card",
        },
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "receipt_url": f"{base_url}/receipts/{id}" if paid else None,
        "refunded": False,
        "statement_descriptor_suffix": suffix,
        "status": "succeeded" if paid else "failed",
        "_session": intent["_session"],
    }


def _statement(suffix: str | None) -> str:
    prefix = ACCOUNT_NAME.upper()
    return f"{prefix}* {suffix}"[:22] if suffix else prefix


def _outcome(decline: Decline | None) -> dict[str, Any]:
    return {
        "advice_code": "try_again_later" if decline else None,
        "network_advice_code": None,
        "network_decline_code": "05" if decline else None,
        "network_status": "declined_by_network" if decline else "approved_by_network",
        "reason": (decline.decline_code or decline.code) if decline else None,
        "seller_message": "The bank declined it." if decline else "Payment complete.",
        "type": "issuer_declined" if decline else "authorized",
    }


def _card_details(
    card: Card, payer: Payer, amount: int, decline: Decline | None, authenticated: bool
) -> dict[str, Any]:
    wrong_cvc = decline is not None and decline.field == "cvc"
    return {
        **card_facts(card, payer),
        "amount_authorized": None if decline else amount,
        "authorization_code": None if decline else "123456",
        "checks": checks("fail" if wrong_cvc else "pass"),
        "electronic_commerce_indicator": "05" if authenticated else None,
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card.brand,
        "network_token": {"used": False},
        "network_transaction_id": "104557651805572",
        "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
        "three_d_secure": _three_d_secure() if authenticated else None,
        "transaction_link_id": None,
    }


def _three_d_secure() -> dict[str, Any]:
    return {
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": "00000000-0000-4000-8000-000000000000",
        "version": "2.2.0",
    }
