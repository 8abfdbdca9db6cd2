"""The sandbox's objects and parameters match Stripe's, with no missing or extra keys."""

import functools
import re
import typing
from decimal import Decimal
from typing import Any, Literal, NotRequired, TypedDict

import pytest
import stripe
from stripe import StripeClient

from billing.sandbox.control.client import SandboxControl
from billing.sandbox.process import config
from billing.sandbox.protocol import schema
from billing.sandbox.protocol.parameters import ListOf
from tests.billing.sandbox.contract import (
    ABSENT,
    ABSENT_OR_NULL,
    Api,
    Json,
    assert_matches,
    deviations,
    fields_of,
    keys,
)
from tests.billing.sandbox.helpers import CHALLENGED, DECLINED, open_session, purchase

pytestmark = pytest.mark.one_database

# The keys of Stripe's own example objects; after the +, keys that only the SDK declares.
SESSION = """
    adaptive_pricing after_expiration allow_promotion_codes amount_subtotal amount_total
    automatic_tax billing_address_collection cancel_url client_reference_id client_secret
    collected_information consent consent_collection created currency currency_conversion
    custom_fields custom_text customer customer_account customer_creation customer_details
    customer_email discounts expires_at id integration_identifier invoice invoice_creation livemode
    locale managed_payments metadata mode object origin_context payment_intent payment_link
    payment_method_collection payment_method_configuration_details payment_method_options
    payment_method_types payment_status permissions phone_number_collection recovered_from
    saved_payment_method_options setup_intent shipping_address_collection shipping_cost
    shipping_options status submit_type subscription success_url total_details ui_mode url
    wallet_options
    + presentment_details redirect_on_completion tax_id_collection branding_settings
    name_collection optional_items return_url allowed_payment_method_types
    excluded_payment_method_types line_items
"""
LINE_ITEM = """
    adjustable_quantity amount_discount amount_subtotal amount_tax amount_total currency
    description id metadata object price quantity
    + discounts taxes
"""
PRICE = """
    active billing_scheme created currency custom_unit_amount id livemode lookup_key metadata
    nickname object product recurring tax_behavior tiers_mode transform_quantity type unit_amount
    unit_amount_decimal
"""
PAYMENT_INTENT = """
    amount amount_capturable amount_details amount_received application application_fee_amount
    automatic_payment_methods canceled_at cancellation_reason capture_method client_secret
    confirmation_method created currency customer customer_account description
    excluded_payment_method_types id last_payment_error latest_charge livemode managed_payments
    metadata next_action object on_behalf_of payment_method payment_method_configuration_details
    payment_method_options payment_method_types processing receipt_email review setup_future_usage
    shipping source statement_descriptor statement_descriptor_suffix status transfer_data
    transfer_group
    + payment_record payment_details hooks presentment_details allowed_payment_method_types
"""
CHARGE = """
    amount amount_captured amount_refunded application application_fee application_fee_amount
    balance_transaction billing_details calculated_statement_descriptor captured created currency
    customer description disputed failure_balance_transaction failure_code failure_message
    fraud_details id livemode metadata object on_behalf_of outcome paid payment_intent
    payment_method payment_method_details receipt_email receipt_number receipt_url refunded refunds
    review shipping source source_transfer statement_descriptor statement_descriptor_suffix status
    transfer_data transfer_group
    + transfer authorization_code level3 radar_options presentment_details
"""
CHARGED_CARD = """
    amount_authorized authorization_code brand checks country exp_month exp_year
    extended_authorization fingerprint funding incremental_authorization installments last4 mandate
    multicapture network network_token network_transaction_id overcapture regulated_status
    three_d_secure transaction_link_id wallet
    + electronic_commerce_indicator
"""
OUTCOME = """
    advice_code network_advice_code network_decline_code network_status reason seller_message type
"""
CUSTOMER_DETAILS = "address business_name email individual_name name phone tax_exempt tax_ids"
PAYMENT_METHOD = """
    allow_redisplay billing_details card created customer customer_account id livemode metadata
    object type
"""
REFUND = """
    amount balance_transaction charge created currency customer customer_account
    destination_details id metadata object payment_intent payment_method reason receipt_number
    source_transfer_reversal status transfer_reversal
    + failure_balance_transaction pending_reason failure_reason description next_action
    instructions_email presentment_details
"""
EVENT = """
    api_version created data id livemode object pending_webhooks request type
    + account context
"""
BALANCE_TRANSACTION = """
    amount available_on balance_type created currency description exchange_rate fee fee_details id
    net object reporting_category source status type
"""
CUSTOMER = """
    address balance created currency default_source delinquent description discount email id
    invoice_prefix invoice_settings livemode metadata name next_invoice_sequence object phone
    preferred_locales shipping tax_exempt test_clock
"""

CLASSES: dict[str, type[stripe.StripeObject]] = {
    "charge": stripe.Charge,
    "checkout.session": stripe.checkout.Session,
    "customer": stripe.Customer,
    "payment_intent": stripe.PaymentIntent,
    "refund": stripe.Refund,
}


@pytest.fixture
def paid(api: Api, client: StripeClient, control: SandboxControl) -> Json:
    """Return a session that was declined, paid and partly refunded, with its related objects."""
    session = open_session(client, customer_creation="always")
    control.pay(session.id, card=DECLINED)
    control.pay(session.id, card=CHALLENGED, three_d_secure="complete")
    intent = client.v1.checkout.sessions.retrieve(session.id).payment_intent
    client.v1.refunds.create({"payment_intent": str(intent), "amount": 100})
    return api.get(
        f"checkout/sessions/{session.id}",
        "line_items",
        "customer",
        "payment_intent.payment_method",
        "payment_intent.latest_charge.refunds",
        "payment_intent.latest_charge.balance_transaction",
    )


def test_open_session_has_every_key(api: Api, client: StripeClient) -> None:
    session = open_session(client)

    data = api.get(f"checkout/sessions/{session.id}")

    assert_matches(data, stripe.checkout.Session, SESSION, without="line_items")
    assert re.fullmatch(r"cs_test_[A-Za-z0-9]{58}", data["id"])
    assert set(data["customer_details"]) == keys(CUSTOMER_DETAILS)


def test_session_with_every_setting_matches_the_sdk(api: Api, client: StripeClient) -> None:
    session = open_session(
        client,
        adaptive_pricing={"enabled": False},
        after_expiration={"recovery": {"enabled": True}},
        billing_address_collection="auto",
        branding_settings={"display_name": "Licensing"},
        consent_collection={"terms_of_service": "none"},
        custom_text={"submit": {"message": "You can use the licenses immediately."}},
        invoice_creation={"enabled": False},
        locale="en",
        name_collection={"individual": {"enabled": True}},
        payment_method_options={
            "card": {
                "request_three_d_secure": "automatic",
                "restrictions": {"funding_types_blocked": ["prepaid"]},
            }
        },
        saved_payment_method_options={"payment_method_save": "disabled"},
        submit_type="pay",
        wallet_options={"link": {"display": "never"}},
    )

    data = api.get(f"checkout/sessions/{session.id}")

    assert_matches(data, stripe.checkout.Session, SESSION, without="line_items")
    assert data["adaptive_pricing"] == {"enabled": False}
    assert data["branding_settings"]["display_name"] == "Licensing"
    restrictions = data["payment_method_options"]["card"]["restrictions"]
    assert restrictions == {"funding_types_blocked": ["prepaid"]}
    assert data["wallet_options"] == {"link": {"display": "never"}}


def test_paid_session_and_its_related_objects_have_every_key(paid: Json) -> None:
    intent = paid["payment_intent"]
    charge = intent["latest_charge"]
    line_item = paid["line_items"]["data"][0]

    assert_matches(paid, stripe.checkout.Session, SESSION)
    assert_matches(line_item, stripe.LineItem, LINE_ITEM)
    assert_matches(line_item["price"], stripe.Price, PRICE)
    assert_matches(intent, stripe.PaymentIntent, PAYMENT_INTENT)
    assert_matches(intent["payment_method"], stripe.PaymentMethod, PAYMENT_METHOD)
    assert_matches(charge, stripe.Charge, CHARGE)
    assert_matches(charge["refunds"]["data"][0], stripe.Refund, REFUND)
    assert_matches(charge["balance_transaction"], stripe.BalanceTransaction, BALANCE_TRANSACTION)
    assert_matches(paid["customer"], stripe.Customer, CUSTOMER)
    assert set(charge["payment_method_details"]["card"]) == keys(CHARGED_CARD)
    assert set(charge["outcome"]) == keys(OUTCOME)


def test_charge_includes_refunds_only_when_expanded(paid: Json, api: Api) -> None:
    charge = paid["payment_intent"]["latest_charge"]

    data = api.get(f"charges/{charge['id']}")

    assert_matches(data, stripe.Charge, CHARGE, without="refunds")


def test_declined_and_challenged_objects_match(
    api: Api, client: StripeClient, control: SandboxControl
) -> None:
    session = open_session(client)
    control.pay(session.id, card=DECLINED)
    declined = api.get(f"checkout/sessions/{session.id}", "payment_intent.latest_charge")
    control.pay(session.id, card=CHALLENGED)
    challenged = api.get(f"checkout/sessions/{session.id}", "payment_intent")

    intent = declined["payment_intent"]

    assert_matches(intent, stripe.PaymentIntent, PAYMENT_INTENT)
    assert intent["last_payment_error"]["code"] == "card_declined"
    assert_matches(intent["latest_charge"], stripe.Charge, CHARGE, without="refunds")
    assert_matches(challenged["payment_intent"], stripe.PaymentIntent, PAYMENT_INTENT)
    assert challenged["payment_intent"]["status"] == "requires_action"


def test_events_have_every_key_and_known_types(paid: Json, api: Api) -> None:
    page = api.get("events")

    for event in page["data"]:
        assert_matches(event, stripe.Event, EVENT)
    assert {event["type"] for event in page["data"]} >= {
        "payment_intent.created",
        "payment_intent.payment_failed",
        "payment_intent.requires_action",
        "payment_intent.succeeded",
        "charge.failed",
        "charge.succeeded",
        "charge.refunded",
        "refund.created",
        "checkout.session.completed",
    }


def test_event_objects_match_the_sdk(paid: Json, api: Api) -> None:
    emitted = [event["data"]["object"] for event in api.get("events?limit=100")["data"]]

    assert {item["object"] for item in emitted} == set(CLASSES)
    for item in emitted:
        assert not [*deviations(item, CLASSES[item["object"]], item["object"])]


@pytest.mark.parametrize("name", [*ABSENT, *ABSENT_OR_NULL])
def test_optional_keys_exist_in_the_sdk(name: str) -> None:
    root, *inner = name.split(".")
    cls = functools.reduce(getattr, inner, getattr(stripe, root, stripe.checkout.Session))

    assert cls.__qualname__ == name
    assert keys(ABSENT.get(name, "") + " " + ABSENT_OR_NULL.get(name, "")) <= set(fields_of(cls))


def test_ids_have_their_prefixes(paid: Json) -> None:
    intent = paid["payment_intent"]
    charge = intent["latest_charge"]

    assert re.fullmatch(r"pi_[A-Za-z0-9]{24}", intent["id"])
    assert re.fullmatch(r"ch_[A-Za-z0-9]{24}", charge["id"])
    assert re.fullmatch(r"pm_[A-Za-z0-9]{24}", charge["payment_method"])
    assert re.fullmatch(r"re_[A-Za-z0-9]{24}", charge["refunds"]["data"][0]["id"])
    assert re.fullmatch(r"txn_[A-Za-z0-9]{24}", charge["balance_transaction"]["id"])
    assert re.fullmatch(r"li_[A-Za-z0-9]{24}", paid["line_items"]["data"][0]["id"])


def test_nothing_is_live(paid: Json) -> None:
    def flags(value: Any) -> list[bool]:
        if isinstance(value, list):
            return [flag for item in value for flag in flags(item)]
        if isinstance(value, dict):
            own = [value["livemode"]] if "livemode" in value else []
            return own + [flag for item in value.values() for flag in flags(item)]
        return []

    assert flags(paid)
    assert not any(flags(paid))


def test_api_version_matches_the_sdk() -> None:
    assert stripe.api_version == config.API_VERSION


def test_contract_check_finds_deviations(paid: Json) -> None:
    charge = paid["payment_intent"]["latest_charge"]
    del charge["outcome"]["type"]
    charge["payment_method_details"]["card"]["color"] = "red"
    charge["payment_method_details"]["card"]["three_d_secure"]["result"] = "invalid"
    charge["amount"] = "12500"
    charge["billing_details"] = None
    charge["level3"] = None
    charge["payment_method_details"]["card"]["multicapture"] = None
    charge["payment_method_details"]["klarna"] = None
    del charge["payment_method_details"]["card"]["electronic_commerce_indicator"]
    charge["refunds"]["data"][0]["failure_reason"] = None
    del charge["refunds"]["data"][0]["receipt_number"]
    del charge["refunds"]["has_more"]

    found = list(deviations(charge, stripe.Charge, "charge"))

    assert sorted(line.split(" ")[0] for line in found) == [
        "charge.amount",
        "charge.billing_details",
        "charge.level3",
        "charge.outcome.type",
        "charge.payment_method_details.card.color",
        "charge.payment_method_details.card.electronic_commerce_indicator",
        "charge.payment_method_details.card.multicapture",
        "charge.payment_method_details.card.three_d_secure.result",
        "charge.payment_method_details.klarna",
        "charge.refunds",
        "charge.refunds.data[0].failure_reason",
        "charge.refunds.data[0].receipt_number",
    ]


# Parameters ---------------------------------------------------------------------------------------


class Inner(TypedDict):
    gte: NotRequired[int]


class Params(stripe.RequestOptions):
    amount: NotRequired[int]
    created: NotRequired["Inner|int"]
    metadata: NotRequired["Literal['']|dict[str, str]"]
    price: NotRequired[Decimal]
    range: NotRequired[Inner]
    several: NotRequired["list[Inner]"]
    text: NotRequired["Literal['']|str"]
    words: NotRequired["Literal['', 'one', 'two']|str"]


def test_parameters_are_read_from_sdk_types() -> None:
    assert schema.build_table(Params) == {
        "amount": "whole",
        "created": "moment_range",
        "metadata": "metadata",
        "price": "text",
        "range": {"gte": "whole"},
        "several": ListOf({"gte": "whole"}),
        "text": "text",
        "words": ("one", "two"),
    }


def test_unknown_parameter_types_raise() -> None:
    class Unknown(TypedDict):
        value: bytes

    with pytest.raises(TypeError, match="Unknown: <class 'bytes'>"):
        schema.build_table(Unknown)


def test_parameters_we_send_exist_in_the_sdk() -> None:
    create: Any = schema.SESSION_CREATE

    assert create["mode"] == ("payment", "setup", "subscription")
    assert create["line_items"].item["price_data"]["unit_amount"] == "whole"
    assert create["payment_intent_data"]["metadata"] == "metadata"
    assert create["wallet_options"] == {"link": {"display": ("auto", "never")}}
    assert "idempotency_key" not in create
    assert schema.REFUND_CREATE["amount"] == "whole"
    assert schema.SESSION_LIST["created"] == "moment_range"


def test_every_sdk_parameter_is_understood(client: StripeClient) -> None:
    session = client.v1.checkout.sessions.create(
        purchase(expand=["line_items", "payment_intent"], metadata={"text": "Ünïcode & =[]?"})
    )

    assert session.metadata is not None
    assert session.metadata["text"] == "Ünïcode & =[]?"
    assert session.line_items is not None
    assert typing.cast(Any, session.line_items).data[0].quantity == 25
