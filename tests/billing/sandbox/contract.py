"""Recursively compare the sandbox's objects with the SDK's classes of the same names."""

import inspect
import types
import typing
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import requests
import stripe
from stripe import ListObject, StripeObject

from billing.sandbox.control.process import SandboxProcess

NONE = type(None)
Json = dict[str, Any]

# The SDK's classes do not distinguish nullable from optional; Stripe's TypeScript types do
# (``name?: T`` versus ``name: T | null``). Per class, these are the keys that Stripe omits if empty
# and never sets to null. Every other key must be present.
ABSENT = {
    "Charge": "authorization_code level3 presentment_details radar_options transfer",
    "Charge.FraudDetails": "stripe_report user_report",
    "Charge.Outcome": "risk_level risk_score rule",
    "Charge.PaymentMethodDetails.Card": "capture_before extended_authorization "
    "incremental_authorization multicapture overcapture setup_credential_usage "
    "stored_credential_usage",
    "Charge.PaymentMethodDetails.Card.ThreeDSecure": "exemption_indicator_applied",
    "Charge.RadarOptions": "session",
    "Customer": "business_name deleted individual_name invoice_credit_balance "
    "next_invoice_sequence sources subscriptions tax tax_ids",
    "Dispute": "payment_method_details",
    "Dispute.Evidence.EnhancedEvidence": "mastercard_compliance visa_compelling_evidence_3 "
    "visa_compliance",
    "Dispute.EvidenceDetails.EnhancedEligibility": "mastercard_compliance "
    "visa_compelling_evidence_3 visa_compliance",
    "Event": "account context",
    "Event.Data": "previous_attributes",
    "LineItem": "discounts taxes",
    "PaymentIntent": "amount_details hooks payment_details presentment_details",
    "PaymentIntent.AmountDetails": "discount_amount error line_items shipping tax tip",
    "PaymentIntent.AmountDetails.Tip": "amount",
    "PaymentIntent.LastPaymentError": "advice_code charge code decline_code doc_url message "
    "network_advice_code network_decline_code param payment_intent payment_method "
    "payment_method_type request_log_url setup_intent source",
    "PaymentIntent.NextAction": "redirect_to_url use_stripe_sdk",
    "PaymentIntent.PaymentMethodOptions.Card": "capture_method request_extended_authorization "
    "request_incremental_authorization request_multicapture request_overcapture "
    "require_cvc_recollection setup_credential_usage setup_future_usage "
    "statement_descriptor_suffix_kana statement_descriptor_suffix_kanji stored_credential_usage",
    "Price": "currency_options deleted tiers",
    "Refund": "description destination_details failure_balance_transaction failure_reason "
    "instructions_email next_action pending_reason presentment_details",
    "Refund.DestinationDetails.Card": "reference reference_status reference_type",
    "Session": "branding_settings excluded_payment_method_types line_items name_collection "
    "phone_number_collection presentment_details redirect_on_completion return_url "
    "tax_id_collection",
    "Session.PaymentMethodOptions.Card": "capture_method installments "
    "request_extended_authorization request_incremental_authorization request_multicapture "
    "request_overcapture restrictions setup_future_usage statement_descriptor_suffix_kana "
    "statement_descriptor_suffix_kanji",
    "Session.PaymentMethodOptions.Card.Restrictions": "brands_blocked funding_types_blocked",
    "Session.TotalDetails": "breakdown",
}
# Keys that may be absent or null: they must be expanded, or not all accounts have them.
ABSENT_OR_NULL = {
    "Charge": "refunds",
    "Charge.PaymentMethodDetails.Card": "description fingerprint iin issuer moto network_token",
    "Customer": "cash_balance customer_account",
    "Dispute.Evidence": "appeal",
    "PaymentMethod.Card": "description fingerprint iin issuer",
}
# Classes with one key per payment type; all but one of these keys are omitted.
KEYED_BY_TYPE = {
    "Charge.PaymentMethodDetails",
    "Dispute.PaymentMethodDetails",
    "PaymentIntent.NextAction",
    "PaymentIntent.PaymentMethodOptions",
    "PaymentMethod",
    "Refund.DestinationDetails",
    "Session.PaymentMethodOptions",
}


class Api:
    """Return plain JSON from the sandbox."""

    def __init__(self, sandbox: SandboxProcess) -> None:
        self.sandbox = sandbox

    def get(self, path: str, *expand: str) -> Json:
        response = requests.get(
            f"{self.sandbox.base_url}/v1/{path}",
            params={f"expand[{n}]": name for n, name in enumerate(expand)},
            headers={"Authorization": f"Bearer {self.sandbox.secret_key}"},
            timeout=5,
        )
        assert response.ok, response.text
        body: Json = response.json()
        return body


def keys(table: str) -> set[str]:
    """Return the names in a table; the + only separates names by origin."""
    return set(table.replace("+", " ").split())


def assert_matches(data: Json, cls: type[StripeObject], table: str, without: str = "") -> None:
    """Compare an object with a table of keys and recursively with the SDK's class."""
    optional = keys(ABSENT.get(cls.__qualname__, ""))
    assert set(data) - optional == keys(table) - keys(without) - optional
    found = list(deviations(data, cls, data["object"]))
    assert not found, "\n".join(found)


def deviations(data: Any, cls: type[StripeObject], path: str) -> Iterator[str]:
    """Return where an object deviates from the SDK's declarations or from ABSENT."""
    hints = fields_of(cls)
    absent = keys(ABSENT.get(cls.__qualname__, ""))
    may_be_absent = absent | keys(ABSENT_OR_NULL.get(cls.__qualname__, ""))
    for name in sorted(set(data) - set(hints)):
        yield f"{path}.{name} is unknown to the SDK"
    for name, hint in hints.items():
        if name not in data:
            if not is_optional(hint) or not (name in may_be_absent or is_type_specific(hint, cls)):
                yield f"{path}.{name} is missing"
        elif data[name] is None and (name in absent or is_type_specific(hint, cls)):
            yield f"{path}.{name} must be omitted, not null"
        else:
            yield from value_deviations(data[name], hint, f"{path}.{name}")


def is_type_specific(hint: Any, cls: type[StripeObject]) -> bool:
    """Return whether a field is for one payment type, so that objects of other types lack it."""
    options = [option for option in union_members(hint) if option is not NONE]
    return cls.__qualname__ in KEYED_BY_TYPE and all(
        inspect.isclass(option) and issubclass(option, StripeObject) for option in options
    )


def fields_of(cls: type[StripeObject]) -> dict[str, Any]:
    """Return the declared fields of a class, without the SDK's internals."""
    return {
        name: resolved(hint, cls)
        for name, hint in cls.__annotations__.items()
        if not name.startswith("_") and name != "OBJECT_NAME"
    }


def resolved(hint: Any, cls: type[StripeObject]) -> Any:
    """Resolve hints that are strings or forward references."""
    if isinstance(hint, typing.ForwardRef):
        hint = hint.__forward_arg__
    if isinstance(hint, str):
        module = inspect.getmodule(cls)
        return getattr(stripe, hint, None) or getattr(module, hint, Any)
    return hint


def value_deviations(value: Any, hint: Any, path: str) -> Iterator[str]:
    """Return where a value has none of the declared types."""
    options = union_members(hint)
    if value is None:
        if NONE not in options and Any not in options:
            yield f"{path} must not be null"
        return
    literals = [literal for option in options for literal in literal_values(option)]
    if literals and isinstance(value, str) and value not in literals and not has_class(options):
        yield f"{path} is {value!r}, not one of {literals[:8]}"
        return
    if not literals and not any(has_type(value, option) for option in options):
        yield f"{path} is {value!r}, not {options}"
        return
    yield from nested_deviations(value, options, path)


def nested_deviations(value: Any, options: list[Any], path: str) -> Iterator[str]:
    if isinstance(value, list):
        inner = next((typing.get_args(o)[0] for o in options if typing.get_origin(o) is list), Any)
        for index, item in enumerate(value):
            yield from value_deviations(item, inner, f"{path}[{index}]")
    elif isinstance(value, dict):
        for option in options:
            if nested_class(option):
                yield from deviations(value, option, path)
            elif typing.get_origin(option) is ListObject:
                yield from list_deviations(value, option, path)


def list_deviations(value: Json, option: Any, path: str) -> Iterator[str]:
    """Return where a list object or one of its items deviates."""
    if set(value) != {"object", "data", "has_more", "url"}:
        yield f"{path} has {sorted(value)}"
    for index, item in enumerate(value["data"]):
        yield from value_deviations(item, typing.get_args(option)[0], f"{path}.data[{index}]")


def union_members(hint: Any) -> list[Any]:
    """Return the members of a union, or the single type."""
    if isinstance(hint, typing.ForwardRef):
        hint = getattr(stripe, hint.__forward_arg__, Any)
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return [option for member in typing.get_args(hint) for option in union_members(member)]
    return [hint]


def literal_values(option: Any) -> tuple[Any, ...]:
    return typing.get_args(option) if typing.get_origin(option) is typing.Literal else ()


def has_class(options: list[Any]) -> bool:
    """Return whether an id may replace an object here."""
    return any(nested_class(option) for option in options)


def nested_class(option: Any) -> bool:
    """Return whether a type is one of the SDK's classes with its own fields."""
    is_class = inspect.isclass(option) and issubclass(option, StripeObject)
    return is_class and bool(option.__annotations__)


def has_type(value: Any, option: Any) -> bool:
    origin = typing.get_origin(option) or option
    if option is Any or origin is Any:
        return True
    if option is Decimal:
        return isinstance(value, str)
    if origin is list:
        return isinstance(value, list)
    if inspect.isclass(origin) and issubclass(origin, StripeObject):
        return isinstance(value, dict)
    if isinstance(value, bool):
        return option is bool
    return inspect.isclass(origin) and isinstance(value, origin)


def is_optional(hint: Any) -> bool:
    return NONE in union_members(hint)
