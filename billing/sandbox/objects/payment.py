"""The payment intent, the card as a payment method, and the customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from billing.sandbox.objects.cards import Card, Decline
from billing.sandbox.objects.common import address, new_id, render
from billing.sandbox.process.store import Document


@dataclass(frozen=True)
class Payer:
    """What the payment page asks for besides the card number."""

    email: str
    name: str
    country: str = "US"
    exp_month: int = 12
    exp_year: int = 2034


def build_payment_intent(session: Document, *, now: int) -> Document:
    """Build the intent of a session, as it is before the first card is tried."""
    data = session["_payment_intent_data"]
    id = new_id("pi")
    empty = (
        "allowed_payment_method_types",
        "application",
        "application_fee_amount",
        "automatic_payment_methods",
        "canceled_at",
        "cancellation_reason",
        "customer",
        "customer_account",
        "excluded_payment_method_types",
        "hooks",
        "last_payment_error",
        "latest_charge",
        "next_action",
        "on_behalf_of",
        "payment_details",
        "payment_method",
        "payment_method_configuration_details",
        "payment_record",
        "presentment_details",
        "processing",
        "review",
        "setup_future_usage",
        "shipping",
        "source",
        "statement_descriptor",
        "transfer_data",
        "transfer_group",
    )
    return {
        **dict.fromkeys(empty),
        "id": id,
        "object": "payment_intent",
        "amount": session["amount_total"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "capture_method": "automatic_async",
        "client_secret": new_id(f"{id}_secret", 25),
        "confirmation_method": "automatic",
        "created": now,
        "currency": session["currency"],
        "description": data.get("description"),
        "livemode": False,
        "managed_payments": {"enabled": False},
        "metadata": data.get("metadata", {}),
        "payment_method_options": {"card": _intent_card_options(session)},
        "payment_method_types": ["card"],
        "receipt_email": data.get("receipt_email"),
        "statement_descriptor_suffix": data.get("statement_descriptor_suffix"),
        "status": "requires_payment_method",
        "_session": session["id"],
    }


def _intent_card_options(session: Document) -> dict[str, Any]:
    requested = session["payment_method_options"]["card"]["request_three_d_secure"]
    return {
        "installments": None,
        "mandate_options": None,
        "network": None,
        "request_three_d_secure": requested,
    }


def build_payment_method(card: Card, payer: Payer, *, now: int) -> Document:
    """Build the card as a payment method."""
    return {
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": billing_details(payer),
        "card": {
            **card_facts(card, payer),
            "checks": checks("pass"),
            "display_brand": card.brand,
            "generated_from": None,
            "networks": {"available": [card.brand], "preferred": None},
            "three_d_secure_usage": {"supported": True},
        },
        "created": now,
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
        "_number": card.number,  # one of the published test numbers, never a real one
    }


def build_payment_error(decline: Decline, method: Document, charge: str | None) -> dict[str, Any]:
    """Build the `last_payment_error` of an intent whose card was declined."""
    error: dict[str, Any] = {
        "code": decline.code,
        "doc_url": f"https://stripe.com/docs/error-codes/{decline.code.replace('_', '-')}",
        "message": decline.message,
        "payment_method": render(method),
        "type": "card_error",
    }
    if charge:
        error["charge"] = charge
    if decline.decline_code:
        error["decline_code"] = decline.decline_code
    return error


def build_customer(payer: Payer, *, now: int) -> Document:
    """Build the customer that `customer_creation=always` requests."""
    empty = (
        "address",
        "currency",
        "default_source",
        "description",
        "discount",
        "phone",
        "shipping",
        "test_clock",
    )
    return {
        **dict.fromkeys(empty),
        "id": new_id("cus", 14),
        "object": "customer",
        "balance": 0,
        "created": now,
        "delinquent": False,
        "email": payer.email,
        "invoice_prefix": new_id("X", 8).removeprefix("X_").upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": payer.name,
        "next_invoice_sequence": 1,
        "preferred_locales": [],
        "tax_exempt": "none",
    }


def card_facts(card: Card, payer: Payer) -> dict[str, Any]:
    """Return the facts of a card that a charge and a payment method share."""
    return {
        "brand": card.brand,
        "country": "US",
        "exp_month": payer.exp_month,
        "exp_year": payer.exp_year,
        "fingerprint": f"sandbox{card.number[:1]}{card.last4}{card.number[4:8]}",
        "funding": card.funding,
        "last4": card.last4,
        "regulated_status": "unregulated",
        "wallet": None,
    }


def checks(cvc: str) -> dict[str, Any]:
    """Return the results of the bank's checks; only the CVC is ever checked."""
    return {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": cvc}


def billing_details(payer: Payer) -> dict[str, Any]:
    """Return what the payer entered."""
    return {
        "address": address(payer.country),
        "email": payer.email,
        "name": payer.name,
        "phone": None,
        "tax_id": None,
    }
