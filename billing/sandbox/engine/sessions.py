"""The life of a Checkout Session: created open, then complete or expired, never both."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from billing.sandbox.engine.events import emit
from billing.sandbox.objects.money import THREE_DECIMAL
from billing.sandbox.objects.session import build_session
from billing.sandbox.process.config import is_loopback
from billing.sandbox.process.runtime import Sandbox
from billing.sandbox.process.store import Condition, Document
from billing.sandbox.protocol import parameters
from billing.sandbox.protocol.errors import ApiError, missing_object, unsupported
from billing.sandbox.protocol.schema import SESSION_CREATE

MIN_LIFETIME, MAX_LIFETIME = 30 * 60, 24 * 3600
CLOCK_TOLERANCE = 60  # seconds by which the caller's clock may differ
MAX_LINES = 100
MIN_TOTAL, MAX_TOTAL = 50, 99_999_999
MAX_REFERENCE_LENGTH = 200

# These parameters would change the payment at Stripe, so they are refused, not ignored.
_UNSUPPORTED = (
    "custom_fields",
    "customer_account",
    "customer_update",
    "discounts",
    "excluded_payment_method_types",
    "optional_items",
    "payment_method_configuration",
    "payment_method_data",
    "redirect_on_completion",
    "return_url",
    "setup_intent_data",
    "shipping_address_collection",
    "shipping_options",
    "subscription_data",
)
_MUST_BE_DISABLED = (
    "automatic_tax",
    "invoice_creation",
    "managed_payments",
    "phone_number_collection",
    "tax_id_collection",
)


def create(sandbox: Sandbox, sent: dict[str, Any]) -> Document:
    """Check the parameters like Stripe and open a session."""
    values = parameters.check(sent, SESSION_CREATE)
    now = sandbox.clock.now()
    _check_kind(values)
    _check_addresses(values)
    _check_lines(values)
    _check_customer(values)
    session = build_session(
        values, now=now, expires_at=_expiry(values, now), base_url=sandbox.base_url
    )
    sandbox.store.put("checkout.session", session)
    return session


def find(sandbox: Sandbox, id: str) -> Document:
    """Return a session. Raises Stripe's error for an unknown ID."""
    session = sandbox.store.get("checkout.session", id)
    if session is None:
        raise missing_object("checkout.session", id, param="session")
    return session


def expire(sandbox: Sandbox, id: str) -> Document:
    """Close an open session. Raises ApiError with its status for any other."""
    session = find(sandbox, id)
    if session["status"] != "open":
        raise ApiError(
            400,
            'Only Checkout Sessions with a status in ["open"] can be expired.'
            f" This Checkout Session has a status of {session['status']}.",
            param="session",
            executed=True,
        )
    return _close(sandbox, session)


def expire_due(sandbox: Sandbox) -> None:
    """Close all open sessions that have reached their expiration."""
    is_open: Condition = ("status", "=", "open")
    is_due: Condition = ("expires_at", "<=", sandbox.clock.now())
    with sandbox.store.lock:
        due = sandbox.store.find("checkout.session", is_open, is_due, order_by="expires_at")
        if not due:  # the usual case: no transaction, so no worker wakes up
            return
        with sandbox.store.transaction():
            for session in due:
                _close(sandbox, session)


def _close(sandbox: Sandbox, session: Document) -> Document:
    session |= {"status": "expired", "url": None}
    sandbox.store.put("checkout.session", session)
    if session["payment_intent"]:
        _cancel_intent(sandbox, session["payment_intent"])
    emit(sandbox, "checkout.session.expired", session)
    return session


def _cancel_intent(sandbox: Sandbox, id: str) -> None:
    """Cancel the intent left by declined cards or an unfinished challenge."""
    intent = sandbox.store.get("payment_intent", id)
    if intent is None or intent["status"] == "succeeded":
        return
    intent |= {
        "status": "canceled",
        "canceled_at": sandbox.clock.now(),
        "cancellation_reason": "automatic",
        "next_action": None,
    }
    sandbox.store.put("payment_intent", intent)
    emit(sandbox, "payment_intent.canceled", intent)


def _check_kind(values: dict[str, Any]) -> None:
    _require(values, "mode")
    if values["mode"] != "payment":
        raise unsupported("mode", f"mode {values['mode']}")
    if values.get("ui_mode", "hosted_page") != "hosted_page":
        raise unsupported("ui_mode", f"ui_mode {values['ui_mode']}")
    if values.get("allowed_payment_method_types", ["card"]) != ["card"]:
        raise unsupported("allowed_payment_method_types", "payment methods other than card")
    for name in _UNSUPPORTED:
        if name in values:
            raise unsupported(name, name)
    for name in _MUST_BE_DISABLED:
        if values.get(name, {}).get("enabled"):
            raise unsupported(name, name)
    if values.get("allow_promotion_codes"):
        raise unsupported("allow_promotion_codes", "promotion codes")
    if values.get("payment_intent_data", {}).get("capture_method") == "manual":
        raise unsupported("payment_intent_data[capture_method]", "manual capture")


def _check_addresses(values: dict[str, Any]) -> None:
    _require(values, "success_url")
    for name in ("success_url", "cancel_url"):
        if name not in values:
            continue
        parts = urlsplit(values[name])
        if parts.scheme not in ("http", "https") or not parts.netloc:
            message = f"Not a valid URL: {values[name]}"
            raise ApiError(400, message, code="url_invalid", param=name)
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise unsupported(name, "plain http addresses off this machine")


def _check_customer(values: dict[str, Any]) -> None:
    if "customer" in values and "customer_email" in values:
        message = "You may only specify one of these parameters: customer, customer_email."
        raise ApiError(400, message, param="customer")
    if "customer" in values:
        raise missing_object("customer", values["customer"], param="customer", status=400)
    if "@" not in values.get("customer_email", "@"):
        message = f"Invalid email address: {values['customer_email']}"
        raise ApiError(400, message, code="email_invalid", param="customer_email")
    if len(values.get("client_reference_id", "")) > MAX_REFERENCE_LENGTH:
        message = f"Invalid string: must be at most {MAX_REFERENCE_LENGTH} characters"
        raise ApiError(400, message, param="client_reference_id")


def _check_lines(values: dict[str, Any]) -> None:
    lines = values.get("line_items") or []
    if not lines:
        raise _missing_parameter("line_items")
    if len(lines) > MAX_LINES:
        message = f"You can have at most {MAX_LINES} line items."
        raise ApiError(400, message, param="line_items")
    for index, line in enumerate(lines):
        _check_line(line, f"line_items[{index}]")
    if len({line["price_data"]["currency"] for line in lines}) > 1:
        message = "All line items must have the same currency."
        raise ApiError(400, message, param="line_items")
    _check_total(sum(line["price_data"]["unit_amount"] * line["quantity"] for line in lines))


def _check_line(line: dict[str, Any], at: str) -> None:
    if "price" in line:
        raise missing_object("price", line["price"], param=f"{at}[price]", status=400)
    if line.get("adjustable_quantity", {}).get("enabled") or "tax_rates" in line:
        raise unsupported(at, "adjustable quantities and tax rates")
    data = line.get("price_data", {})
    for name in ("currency", "product_data", "unit_amount"):
        if name not in data:
            raise _missing_parameter(f"{at}[price_data][{name}]")
    if "name" not in data["product_data"]:
        raise _missing_parameter(f"{at}[price_data][product_data][name]")
    if "recurring" in data:
        raise ApiError(400, "You must not send recurring prices in payment mode.", param=at)
    _check_currency(data, at)
    if data["unit_amount"] < 0:
        message = "Invalid non-negative integer"
        raise ApiError(400, message, param=f"{at}[price_data][unit_amount]")
    if line.get("quantity", 0) < 1:
        message = "Quantity is required. Add `quantity` of at least 1."
        raise ApiError(400, message, param=f"{at}[quantity]")


def _check_currency(data: dict[str, Any], at: str) -> None:
    currency = data["currency"]
    if not (
        len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.islower()
    ):
        message = f"Invalid currency: {currency}. Use a three-letter code in lower case."
        raise ApiError(400, message, param=f"{at}[price_data][currency]")
    if currency in THREE_DECIMAL and data["unit_amount"] % 10:
        message = f"Amounts in {currency} must end in 0."
        raise ApiError(400, message, param=f"{at}[price_data][unit_amount]")


def _check_total(total: int) -> None:
    if total < MIN_TOTAL:
        message = "The Checkout Session's total amount due must add up to at least $0.50."
        raise ApiError(400, message, code="amount_too_small")
    if total > MAX_TOTAL:
        message = "The Checkout Session's total amount must be no more than $999,999.99."
        raise ApiError(400, message, code="amount_too_large")


def _expiry(values: dict[str, Any], now: int) -> int:
    requested: int = values.get("expires_at", now + MAX_LIFETIME)
    if requested < now + MIN_LIFETIME - CLOCK_TOLERANCE:
        message = "The `expires_at` timestamp must be at least 30 minutes from creation."
        raise ApiError(400, message, param="expires_at")
    if requested > now + MAX_LIFETIME + CLOCK_TOLERANCE:
        message = "The `expires_at` timestamp must be less than 24 hours from creation."
        raise ApiError(400, message, param="expires_at")
    return requested


def _require(values: dict[str, Any], name: str) -> None:
    if name not in values:
        raise _missing_parameter(name)


def _missing_parameter(param: str) -> ApiError:
    message = f"Missing required param: {param}."
    return ApiError(400, message, code="parameter_missing", param=param)
