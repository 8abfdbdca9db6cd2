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
from tests.billing.sandbox.contract import Api, assert_matches, keys
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


@pytest.mark.parametrize("status", ["needs_response", "under_review", "won", "lost"])
def test_dispute_has_every_key_in_each_state(
    api: Api, client: StripeClient, control: SandboxControl, status: str
) -> None:
    created = control.open_dispute(charge=paid_charge(client, control).id)
    if status == "under_review":
        control.review_dispute(created["id"])
    elif status in ("won", "lost"):
        control.close_dispute(created["id"], status)  # type: ignore[arg-type]

    data = api.get(f"disputes/{created['id']}")

    assert data["status"] == status
    assert_matches(data, stripe.Dispute, DISPUTE)
    assert set(data["evidence"]) == keys(EVIDENCE)
    assert set(data["evidence_details"]) == keys(EVIDENCE_DETAILS)
    assert re.fullmatch(r"dp_[A-Za-z0-9]{24}", data["id"])
    for transaction in data["balance_transactions"]:
        assert_matches(transaction, stripe.BalanceTransaction, BALANCE_TRANSACTION)


def test_inquiry_has_every_key(api: Api, client: StripeClient, control: SandboxControl) -> None:
    created = control.open_inquiry(charge=paid_charge(client, control).id)

    data = api.get(f"disputes/{created['id']}", "charge", "payment_intent")

    assert_matches(data, stripe.Dispute, DISPUTE)
    assert_matches(data["charge"], stripe.Charge, CHARGE, without="refunds")
    assert_matches(data["payment_intent"], stripe.PaymentIntent, PAYMENT_INTENT)
    assert data["payment_method_details"]["card"]["case_type"] == "inquiry"


def test_fraud_warning_has_every_key(
    api: Api, client: StripeClient, control: SandboxControl
) -> None:
    created = control.warn_of_fraud(charge=paid_charge(client, control).id)

    data = api.get(f"radar/early_fraud_warnings/{created['id']}")

    assert_matches(data, stripe.radar.EarlyFraudWarning, EARLY_FRAUD_WARNING)
    assert re.fullmatch(r"issfr_[A-Za-z0-9]{24}", data["id"])


@pytest.mark.parametrize("status", ["pending", "succeeded", "failed", "canceled"])
def test_refund_has_every_key_in_each_state(
    api: Api, client: StripeClient, control: SandboxControl, status: str
) -> None:
    charge = paid_charge(client, control).id
    created = control.refund(charge=charge, pending=status in ("pending", "canceled"))
    if status == "failed":
        control.fail_refund(created["id"])
    elif status == "canceled":
        control.cancel_refund(created["id"])

    data = api.get(
        f"refunds/{created['id']}", "charge", "balance_transaction", "failure_balance_transaction"
    )

    assert data["status"] == status
    assert_matches(data, stripe.Refund, REFUND)
    for name in ("balance_transaction", "failure_balance_transaction"):
        if data.get(name):
            assert_matches(data[name], stripe.BalanceTransaction, BALANCE_TRANSACTION)
    assert ("failure_balance_transaction" in data) == (status == "failed")


def test_event_types_match_stripe(api: Api, client: StripeClient, control: SandboxControl) -> None:
    charge = paid_charge(client, control).id
    control.warn_of_fraud(charge=charge)
    control.fail_refund(control.refund(charge=charge, amount=500)["id"])
    inquiry = control.open_inquiry(charge=charge)
    control.escalate_inquiry(inquiry["id"])
    control.close_dispute(inquiry["id"], "won")

    page = api.get("events?limit=100")["data"]

    for event in page:
        assert_matches(event, stripe.Event, EVENT)
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
    disputes, refunds = documented_values(stripe.Dispute), documented_values(stripe.Refund)

    assert set(REASONS) <= disputes
    assert set(FAILURE_REASONS) <= refunds


def documented_values(cls: type[stripe.StripeObject]) -> set[str]:
    """Return the values in backticks in a class's docstrings."""
    return set(re.findall(r"`([a-z_]+)`", inspect.getsource(cls)))
