"""Refunds, disputes and fraud warnings have Stripe's keys in every state."""

import inspect
import re

import pytest
import stripe
import stripe.radar
from stripe import StripeClient

from billing.sandbox.control.client import SandboxControl
from billing.sandbox.engine.refunds import FAILURE_REASONS
from billing.sandbox.objects.dispute import REASONS
from tests.billing.sandbox.api.test_contract import (
    BALANCE_TRANSACTION,
    CHARGE,
    EVENT,
    PAYMENT_INTENT,
    REFUND,
)
from tests.billing.sandbox.contract import Api, assert_agrees, keys
from tests.billing.sandbox.helpers import paid_charge

pytestmark = pytest.mark.one_database

DISPUTE = """
    amount balance_transactions charge created currency enhanced_eligibility_types evidence
    evidence_details id is_charge_refundable livemode metadata object payment_intent
    payment_method_details reason status
    + network_reason_code intended_submission_method
"""
EVIDENCE = """
    access_activity_log billing_address cancellation_policy cancellation_policy_disclosure
    cancellation_rebuttal customer_communication customer_email_address customer_name
    customer_purchase_ip customer_signature duplicate_charge_documentation
    duplicate_charge_explanation duplicate_charge_id enhanced_evidence product_description receipt
    refund_policy refund_policy_disclosure refund_refusal_explanation service_date
    service_documentation shipping_address shipping_carrier shipping_date shipping_documentation
    shipping_tracking_number uncategorized_file uncategorized_text
"""
EVIDENCE_DETAILS = """
    due_by enhanced_eligibility has_evidence past_due submission_count
    + submission_method
"""
EARLY_FRAUD_WARNING = """
    actionable charge created fraud_type id livemode object
    + payment_intent
"""


@pytest.mark.parametrize("end", ["needs_response", "under_review", "won", "lost"])
def test_dispute_has_every_key_in_each_state(
    api: Api, client: StripeClient, control: SandboxControl, end: str
) -> None:
    made = control.open_dispute(charge=paid_charge(client, control).id)
    if end == "under_review":
        control.review_dispute(made["id"])
    elif end in ("won", "lost"):
        control.close_dispute(made["id"], end)  # type: ignore[arg-type]

    shown = api.get(f"disputes/{made['id']}")

    assert shown["status"] == end
    assert_agrees(shown, stripe.Dispute, DISPUTE)
    assert set(shown["evidence"]) == keys(EVIDENCE)
    assert set(shown["evidence_details"]) == keys(EVIDENCE_DETAILS)
    assert re.fullmatch(r"dp_[A-Za-z0-9]{24}", shown["id"])
    for moved in shown["balance_transactions"]:
        assert_agrees(moved, stripe.BalanceTransaction, BALANCE_TRANSACTION)


def test_inquiry_has_every_key(api: Api, client: StripeClient, control: SandboxControl) -> None:
    made = control.open_inquiry(charge=paid_charge(client, control).id)

    shown = api.get(f"disputes/{made['id']}", "charge", "payment_intent")

    assert_agrees(shown, stripe.Dispute, DISPUTE)
    assert_agrees(shown["charge"], stripe.Charge, CHARGE, without="refunds")
    assert_agrees(shown["payment_intent"], stripe.PaymentIntent, PAYMENT_INTENT)
    assert shown["payment_method_details"]["card"]["case_type"] == "inquiry"


def test_fraud_warning_has_every_key(
    api: Api, client: StripeClient, control: SandboxControl
) -> None:
    made = control.warn_of_fraud(charge=paid_charge(client, control).id)

    shown = api.get(f"radar/early_fraud_warnings/{made['id']}")

    assert_agrees(shown, stripe.radar.EarlyFraudWarning, EARLY_FRAUD_WARNING)
    assert re.fullmatch(r"issfr_[A-Za-z0-9]{24}", shown["id"])


@pytest.mark.parametrize("end", ["pending", "succeeded", "failed", "canceled"])
def test_refund_has_every_key_in_each_state(
    api: Api, client: StripeClient, control: SandboxControl, end: str
) -> None:
    charge = paid_charge(client, control).id
    made = control.refund(charge=charge, pending=end in ("pending", "canceled"))
    if end == "failed":
        control.fail_refund(made["id"])
    elif end == "canceled":
        control.cancel_refund(made["id"])

    shown = api.get(
        f"refunds/{made['id']}", "charge", "balance_transaction", "failure_balance_transaction"
    )

    assert shown["status"] == end
    assert_agrees(shown, stripe.Refund, REFUND)
    for name in ("balance_transaction", "failure_balance_transaction"):
        if shown.get(name):
            assert_agrees(shown[name], stripe.BalanceTransaction, BALANCE_TRANSACTION)
    assert ("failure_balance_transaction" in shown) == (end == "failed")


def test_event_types_are_stripes(api: Api, client: StripeClient, control: SandboxControl) -> None:
    charge = paid_charge(client, control).id
    control.warn_of_fraud(charge=charge)
    control.fail_refund(control.refund(charge=charge, amount=500)["id"])
    inquiry = control.open_inquiry(charge=charge)
    control.escalate_inquiry(inquiry["id"])
    control.close_dispute(inquiry["id"], "won")

    page = api.get("events?limit=100")["data"]

    for event in page:
        assert_agrees(event, stripe.Event, EVENT)
    assert {event["type"] for event in page} >= {
        "charge.refund.updated",
        "refund.updated",
        "refund.failed",
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
        "radar.early_fraud_warning.created",
        "radar.early_fraud_warning.updated",
    }


def test_reasons_match_the_sdk_descriptions() -> None:
    disputes, refunds = documented_words(stripe.Dispute), documented_words(stripe.Refund)

    assert set(REASONS) <= disputes
    assert set(FAILURE_REASONS) <= refunds


def documented_words(cls: type[stripe.StripeObject]) -> set[str]:
    """Return the words in back quotes from a class's descriptions."""
    return set(re.findall(r"`([a-z_]+)`", inspect.getsource(cls)))
