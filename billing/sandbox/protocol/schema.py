"""The names each request may carry, and what may stand there.

The contract test holds every table against the official SDK's own parameter types, so that a name
Stripe does not know is refused here too, and one that Stripe has added is noticed.
"""

from __future__ import annotations

from billing.sandbox.protocol.parameters import ListOf, Spec, Table

CARD_BRANDS = ("american_express", "discover_global_network", "mastercard", "visa")
FUNDING_TYPES = ("credit", "debit", "prepaid")
UI_MODES = ("elements", "embedded_page", "form", "hosted_page")
SESSION_STATUSES = ("complete", "expired", "open")
REFUND_REASONS = ("duplicate", "fraudulent", "requested_by_customer")
_IF_AVAILABLE = ("if_available", "never")
_TEXTS: Spec = ListOf("text")

LOCALES = tuple(
    "auto bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hi-IN hr hu id it ja ko lt lv ms mt"
    " nb nl pl pt pt-BR ro ru sk sl sv th tr vi zh zh-HK zh-TW".split()
)

OTHER_PAYMENT_METHODS = tuple(
    "acss_debit affirm afterpay_clearpay alipay alma amazon_pay au_becs_debit bacs_debit bancontact"
    " billie blik boleto cashapp crypto customer_balance demo_pay eps fpx giropay grabpay ideal"
    " kakao_pay klarna konbini kr_card link mobilepay multibanco naver_pay oxxo p24 pay_by_bank"
    " payco paynow paypal payto pix revolut_pay samsung_pay satispay scalapay sepa_debit sequra"
    " sofort sunbit swish twint upi us_bank_account wechat_pay".split()
)

_CARD_OPTIONS: Table = {
    "capture_method": ("manual",),
    "installments": {"enabled": "flag"},
    "request_extended_authorization": _IF_AVAILABLE,
    "request_incremental_authorization": _IF_AVAILABLE,
    "request_multicapture": _IF_AVAILABLE,
    "request_overcapture": _IF_AVAILABLE,
    "request_three_d_secure": ("any", "automatic", "challenge"),
    "restrictions": {
        "brands_blocked": ListOf(CARD_BRANDS),
        "funding_types_blocked": ListOf(FUNDING_TYPES),
    },
    "setup_future_usage": ("off_session", "on_session"),
    "statement_descriptor_suffix_kana": "text",
    "statement_descriptor_suffix_kanji": "text",
}

_PRICE_DATA: Table = {
    "currency": "text",
    "product": "text",
    "product_data": {
        "description": "text",
        "images": _TEXTS,
        "metadata": "metadata",
        "name": "text",
        "tax_code": "text",
        "tax_details": "anything",
        "unit_label": "text",
    },
    "recurring": "anything",
    "tax_behavior": ("exclusive", "inclusive", "unspecified"),
    "unit_amount": "whole",
    "unit_amount_decimal": "text",
}

_LINE_ITEM: Table = {
    "adjustable_quantity": {"enabled": "flag", "maximum": "whole", "minimum": "whole"},
    "metadata": "metadata",
    "price": "text",
    "price_data": _PRICE_DATA,
    "quantity": "whole",
    "tax_rates": _TEXTS,
}

_PAYMENT_INTENT_DATA: Table = {
    "application_fee_amount": "whole",
    "capture_method": ("automatic", "automatic_async", "manual"),
    "description": "text",
    "metadata": "metadata",
    "on_behalf_of": "text",
    "receipt_email": "text",
    "setup_future_usage": ("off_session", "on_session"),
    "shipping": "anything",
    "statement_descriptor": "text",
    "statement_descriptor_suffix": "text",
    "transfer_data": "anything",
    "transfer_group": "text",
}

_MESSAGE: Table = {"message": "text"}
_IMAGE: Table = {"file": "text", "type": ("file", "url"), "url": "text"}
_NAME_FIELD: Table = {"enabled": "flag", "optional": "flag"}

SESSION_CREATE: Table = {
    "adaptive_pricing": {"enabled": "flag"},
    "after_expiration": {"recovery": {"allow_promotion_codes": "flag", "enabled": "flag"}},
    "allow_promotion_codes": "flag",
    "allowed_payment_method_types": _TEXTS,
    "automatic_tax": {"enabled": "flag", "liability": "anything"},
    "billing_address_collection": ("auto", "required"),
    "branding_settings": {
        "background_color": "text",
        "border_style": ("pill", "rectangular", "rounded"),
        "button_color": "text",
        "display_name": "text",
        "font_family": "text",
        "icon": _IMAGE,
        "logo": _IMAGE,
    },
    "cancel_url": "text",
    "client_reference_id": "text",
    "consent_collection": {
        "payment_method_reuse_agreement": {"position": ("auto", "hidden")},
        "promotions": ("auto", "none"),
        "terms_of_service": ("none", "required"),
    },
    "currency": "text",
    "custom_fields": "anything",
    "custom_text": {
        "after_submit": _MESSAGE,
        "shipping_address": _MESSAGE,
        "submit": _MESSAGE,
        "terms_of_service_acceptance": _MESSAGE,
    },
    "customer": "text",
    "customer_account": "text",
    "customer_creation": ("always", "if_required"),
    "customer_email": "text",
    "customer_update": "anything",
    "discounts": "anything",
    "excluded_payment_method_types": _TEXTS,
    "expand": _TEXTS,
    "expires_at": "whole",
    "integration_identifier": "text",
    "invoice_creation": {"enabled": "flag", "invoice_data": "anything"},
    "line_items": ListOf(_LINE_ITEM),
    "locale": LOCALES,
    "managed_payments": {"enabled": "flag"},
    "metadata": "metadata",
    "mode": ("payment", "setup", "subscription"),
    "name_collection": {"business": _NAME_FIELD, "individual": _NAME_FIELD},
    "optional_items": "anything",
    "origin_context": ("mobile_app", "web"),
    "payment_intent_data": _PAYMENT_INTENT_DATA,
    "payment_method_collection": ("always", "if_required"),
    "payment_method_configuration": "text",
    "payment_method_data": "anything",
    "payment_method_options": {
        "card": _CARD_OPTIONS,
        **dict.fromkeys(OTHER_PAYMENT_METHODS, "anything"),
    },
    "permissions": {"update_shipping_details": ("client_only", "server_only")},
    "phone_number_collection": {"enabled": "flag"},
    "redirect_on_completion": ("always", "if_required", "never"),
    "return_url": "text",
    "saved_payment_method_options": {
        "allow_redisplay_filters": ListOf(("always", "limited", "unspecified")),
        "payment_method_remove": ("disabled", "enabled"),
        "payment_method_save": ("disabled", "enabled"),
    },
    "setup_intent_data": "anything",
    "shipping_address_collection": "anything",
    "shipping_options": "anything",
    "submit_type": ("auto", "book", "donate", "pay", "subscribe"),
    "subscription_data": "anything",
    "success_url": "text",
    "tax_id_collection": {"enabled": "flag", "required": ("if_supported", "never")},
    "ui_mode": UI_MODES,
    "wallet_options": {"link": {"display": ("auto", "never")}},
}

RETRIEVE: Table = {"expand": _TEXTS}

_PAGE: Table = {
    "ending_before": "text",
    "expand": _TEXTS,
    "limit": "whole",
    "starting_after": "text",
}

LINE_ITEM_LIST: Table = _PAGE

SESSION_LIST: Table = _PAGE | {
    "created": "moment_range",
    "customer": "text",
    "customer_account": "text",
    "customer_details": {"email": "text"},
    "payment_intent": "text",
    "payment_link": "text",
    "status": SESSION_STATUSES,
    "subscription": "text",
}

PAYMENT_INTENT_LIST: Table = _PAGE | {
    "created": "moment_range",
    "customer": "text",
    "customer_account": "text",
}

CHARGE_LIST: Table = _PAGE | {
    "created": "moment_range",
    "customer": "text",
    "payment_intent": "text",
    "transfer_group": "text",
}

REFUND_LIST: Table = _PAGE | {
    "charge": "text",
    "created": "moment_range",
    "payment_intent": "text",
}

REFUND_CANCEL: Table = RETRIEVE

DISPUTE_LIST: Table = REFUND_LIST

EARLY_FRAUD_WARNING_LIST: Table = REFUND_LIST

EVENT_LIST: Table = _PAGE | {
    "created": "moment_range",
    "delivery_success": "flag",
    "type": "text",
    "types": _TEXTS,
}

REFUND_CREATE: Table = {
    "amount": "whole",
    "charge": "text",
    "currency": "text",
    "customer": "text",
    "expand": _TEXTS,
    "instructions_email": "text",
    "metadata": "metadata",
    "origin": ("customer_balance",),
    "payment_intent": "text",
    "reason": REFUND_REASONS,
    "refund_application_fee": "flag",
    "reverse_transfer": "flag",
}
