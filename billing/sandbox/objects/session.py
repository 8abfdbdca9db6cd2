"""The Checkout Session and its line items."""

from __future__ import annotations

from typing import Any

from billing.sandbox.objects.common import address, new_id, new_session_id
from billing.sandbox.process.config import ACCOUNT_NAME
from billing.sandbox.process.store import Document

_BRANDING = {
    "background_color": "#ffffff",
    "border_style": "rounded",
    "button_color": "#0074d4",
    "display_name": ACCOUNT_NAME,
    "font_family": "default",
    "icon": None,
    "logo": None,
}
_CUSTOM_TEXT = {
    "after_submit": None,
    "shipping_address": None,
    "submit": None,
    "terms_of_service_acceptance": None,
}
_INVOICE_DATA: Document = {
    "account_tax_ids": None,
    "custom_fields": None,
    "description": None,
    "footer": None,
    "issuer": None,
    "metadata": {},
    "rendering_options": None,
}
_CONSENT = {"payment_method_reuse_agreement": None, "promotions": None, "terms_of_service": None}
_RECOVERY = {"allow_promotion_codes": False, "enabled": False, "expires_at": None, "url": None}
_SAVED_METHODS = {
    "allow_redisplay_filters": None,
    "payment_method_remove": None,
    "payment_method_save": None,
}


def build_session(params: dict[str, Any], *, now: int, expires_at: int, base_url: str) -> Document:
    """Build an open session from checked parameters.

    Names that begin with _ are kept for later: the lines, and what the payment will carry.
    """
    id = new_session_id()
    lines = [build_line_item(line, now=now) for line in params["line_items"]]
    total = sum(line["amount_total"] for line in lines)
    return {
        **_identity(params, id=id, now=now, expires_at=expires_at, base_url=base_url),
        **_amounts(total, lines[0]["currency"]),
        **_customer(params),
        **_payment_methods(params),
        **_echoed_settings(params),
        **_empty_fields(),
        "_line_items": lines,
        "_payment_intent_data": params.get("payment_intent_data", {}),
    }


def _identity(
    params: dict[str, Any], *, id: str, now: int, expires_at: int, base_url: str
) -> Document:
    return {
        "id": id,
        "object": "checkout.session",
        "livemode": False,
        "mode": "payment",
        "ui_mode": "hosted_page",
        "status": "open",
        "payment_status": "unpaid",
        "payment_intent": None,
        "created": now,
        "expires_at": expires_at,
        "url": f"{base_url}/c/pay/{id}",
        "success_url": params["success_url"],
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "metadata": params.get("metadata", {}),
    }


def _amounts(total: int, currency: str) -> Document:
    return {
        "amount_subtotal": total,
        "amount_total": total,
        "currency": currency,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
    }


def _customer(params: dict[str, Any]) -> Document:
    email = params.get("customer_email")
    return {
        "customer": None,
        "customer_account": None,
        "customer_creation": params.get("customer_creation", "if_required"),
        "customer_email": email,
        "customer_details": customer_details(email=email) if email else None,
    }


def customer_details(
    *, email: str, name: str | None = None, country: str | None = None
) -> dict[str, Any]:
    """Return what is known of the payer."""
    return {
        "address": address(country) if country else None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": name,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [] if name else None,
    }


def _payment_methods(params: dict[str, Any]) -> Document:
    card = {"request_three_d_secure": "automatic"}
    card |= params.get("payment_method_options", {}).get("card", {})
    return {
        "allowed_payment_method_types": params.get("allowed_payment_method_types"),
        "excluded_payment_method_types": None,
        "payment_method_collection": params.get("payment_method_collection", "if_required"),
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": card},
        "payment_method_types": ["card"],
    }


def _echoed_settings(params: dict[str, Any]) -> Document:
    """Return the settings that are returned as sent, completed with Stripe's defaults."""
    return {
        "adaptive_pricing": {"enabled": True} | params.get("adaptive_pricing", {}),
        "after_expiration": _after_expiration(params.get("after_expiration")),
        "allow_promotion_codes": params.get("allow_promotion_codes"),
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": params.get("billing_address_collection"),
        "branding_settings": _BRANDING | params.get("branding_settings", {}),
        "consent_collection": _with_defaults(_CONSENT, params.get("consent_collection")),
        "custom_text": _CUSTOM_TEXT | params.get("custom_text", {}),
        "integration_identifier": params.get("integration_identifier"),
        "invoice_creation": {"enabled": False, "invoice_data": _INVOICE_DATA},
        "locale": params.get("locale"),
        "managed_payments": {"enabled": False},
        "name_collection": _name_collection(params.get("name_collection")),
        "origin_context": params.get("origin_context"),
        "permissions": params.get("permissions"),
        "phone_number_collection": {"enabled": False},
        "saved_payment_method_options": _with_defaults(
            _SAVED_METHODS, params.get("saved_payment_method_options")
        ),
        "submit_type": params.get("submit_type"),
        "tax_id_collection": {"enabled": False, "required": "never"},
        "wallet_options": params.get("wallet_options"),
    }


def _with_defaults(defaults: Document, sent: Document | None) -> Document | None:
    return None if sent is None else defaults | sent


def _after_expiration(sent: Document | None) -> Document | None:
    if sent is None:
        return None
    return {"recovery": _with_defaults(_RECOVERY, sent.get("recovery"))}


def _name_collection(sent: Document | None) -> Document | None:
    if sent is None:
        return None
    return {
        who: _with_defaults({"enabled": False, "optional": False}, sent.get(who))
        for who in ("business", "individual")
    }


def _empty_fields() -> Document:
    """Return the keys that are empty for a one-time card payment without extras."""
    empty = (
        "client_secret",
        "consent",
        "currency_conversion",
        "invoice",
        "optional_items",
        "payment_link",
        "presentment_details",
        "recovered_from",
        "redirect_on_completion",
        "return_url",
        "setup_intent",
        "shipping_address_collection",
        "shipping_cost",
        "subscription",
    )
    return {
        **dict.fromkeys(empty),
        "collected_information": {
            "business_name": None,
            "individual_name": None,
            "shipping_details": None,
        },
        "custom_fields": [],
        "discounts": [],
        "shipping_options": [],
    }


def build_line_item(line: dict[str, Any], *, now: int) -> Document:
    """Build a line item, with the price Stripe makes of `price_data`."""
    data, quantity = line["price_data"], line["quantity"]
    total = data["unit_amount"] * quantity
    return {
        "id": new_id("li"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": data["currency"],
        "description": data["product_data"]["name"],
        "discounts": [],
        "metadata": line.get("metadata", {}),
        "price": _build_price(data, now=now),
        "quantity": quantity,
        "taxes": [],
        "_description": data["product_data"].get("description"),  # the product's, for the page
    }


def _build_price(data: dict[str, Any], *, now: int) -> Document:
    return {
        "id": new_id("price"),
        "object": "price",
        "active": False,  # Stripe archives a price made for one session at once
        "billing_scheme": "per_unit",
        "created": now,
        "currency": data["currency"],
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": new_id("prod", 14),
        "recurring": None,
        "tax_behavior": data.get("tax_behavior", "unspecified"),
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": data["unit_amount"],
        "unit_amount_decimal": str(data["unit_amount"]),
    }
