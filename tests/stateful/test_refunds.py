"""Refunds and disputes, compared with a simple list of payments (R14, R30).

Refunds, their failures and disputes happen in any order, with or without webhooks. Once all are
processed, each purchase has the licenses that its remaining payment covers.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from billing.events.reconcile import reconcile
from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from billing.settlement import ledger_audit
from subscriptions.policy.refusal import Refused
from tests.billing.reversals import refund_as_support, send_webhook
from tests.support.world import World, build_world

pytestmark = pytest.mark.one_database

INCLUDED = 25
PROFILE = settings(
    max_examples=12,
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Payment:
    """A payment at $5.00 per license. Amounts are in minor units."""

    purchase: Purchase
    licenses: int
    refunds: dict[str, int] = field(default_factory=dict)
    disputed: dict[str, int] = field(default_factory=dict)
    lost: int = 0

    @property
    def paid(self) -> int:
        return 500 * self.licenses

    @property
    def refunded(self) -> int:
        return sum(self.refunds.values()) + self.lost

    @property
    def remaining(self) -> int:
        return self.paid - self.refunded - sum(self.disputed.values())

    @property
    def remaining_licenses(self) -> int:
        """Groups of five that are still partly paid remain (R30)."""
        if self.refunded >= self.paid:
            return 0
        return self.licenses - 5 * (self.refunded // 2500)


class StatefulReversals(RuleBasedStateMachine):
    """One organization per example, with a frozen clock."""

    stripe: SandboxControl

    payments = Bundle("payments")
    refunds = Bundle("refunds")
    disputes = Bundle("disputes")

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.stripe.reset()
        self.world: World = build_world(licenses=INCLUDED, stripe=self.stripe)
        self.all_payments: list[Payment] = []

    def teardown(self) -> None:
        reconcile()
        self.assert_paid_licenses_are_held()
        transaction.savepoint_rollback(self.savepoint)

    def notify(self, payment: Payment, is_notified: bool) -> None:
        if is_notified:
            send_webhook(payment.purchase)

    @initialize(target=payments, groups=st.integers(1, 4))
    def buy_first(self, groups: int) -> Payment:
        return self.buy(groups)

    @rule(target=payments, groups=st.integers(1, 4))
    def buy_another(self, groups: int) -> Payment:
        return self.buy(groups)

    def buy(self, groups: int) -> Payment:
        purchase = self.world.buy_and_settle(5 * groups, is_repeat=True)
        payment = Payment(purchase, 5 * groups)
        self.all_payments.append(payment)
        return payment

    @rule(target=refunds, payment=payments, part=st.floats(0.05, 1), is_notified=st.booleans())
    def refund_in_the_dashboard(self, payment: Payment, part: float, is_notified: bool) -> Any:
        amount = int(payment.remaining * part)
        if amount < 1 or payment.disputed or payment.lost:
            return multiple()
        refund = self.stripe.refund(
            payment_intent=payment.purchase.payment_intent_id, amount=amount
        )
        payment.refunds[refund["id"]] = amount
        self.notify(payment, is_notified)
        return payment, refund["id"]

    @rule(target=refunds, payment=payments, groups=st.integers(1, 4), is_all=st.booleans())
    def support_refunds(self, payment: Payment, groups: int, is_all: bool) -> Any:
        reconcile()
        most = payment.remaining_licenses
        licenses = most if is_all else 5 * groups
        is_possible = most and licenses <= most and not payment.disputed and not payment.lost
        expected = payment.remaining if licenses == most else 500 * licenses
        try:
            refund = refund_as_support(self.world, payment.purchase, licenses)
        except Refused:
            assert not is_possible
            return multiple()
        assert is_possible
        assert refund.amount == expected
        payment.refunds[refund.refund_id or ""] = refund.amount
        return payment, refund.refund_id

    @rule(refund=consumes(refunds), is_notified=st.booleans())
    def fail_a_refund(self, refund: tuple[Payment, str], is_notified: bool) -> None:
        payment, refund_id = refund
        self.stripe.fail_refund(refund_id)
        del payment.refunds[refund_id]
        self.notify(payment, is_notified)

    @rule(target=disputes, payment=payments, is_notified=st.booleans(), is_lost_now=st.booleans())
    def open_a_dispute(self, payment: Payment, is_notified: bool, is_lost_now: bool) -> Any:
        if payment.remaining < 1 or payment.disputed or payment.lost:
            return multiple()
        opened = self.stripe.open_dispute(payment_intent=payment.purchase.payment_intent_id)
        payment.disputed[opened["id"]] = opened["amount"]
        self.notify(payment, is_notified)
        if is_lost_now:
            self.decide(payment, opened["id"], is_lost=True)
            return multiple()
        return payment, opened["id"]

    @rule(dispute=consumes(disputes), is_lost=st.booleans(), is_notified=st.booleans())
    def close_dispute(self, dispute: tuple[Payment, str], is_lost: bool, is_notified: bool) -> None:
        payment, dispute_id = dispute
        self.decide(payment, dispute_id, is_lost=is_lost)
        self.notify(payment, is_notified)

    def decide(self, payment: Payment, dispute_id: str, *, is_lost: bool) -> None:
        self.stripe.close_dispute(dispute_id, "lost" if is_lost else "won")
        amount = payment.disputed.pop(dispute_id)
        payment.lost += amount if is_lost else 0

    @rule()
    def run_the_periodic_job(self) -> None:
        reconcile()
        self.assert_paid_licenses_are_held()

    @invariant()
    def ledger_audit_finds_no_differences(self) -> None:
        assert list(ledger_audit.differences()) == []

    def assert_paid_licenses_are_held(self) -> None:
        """Check that exactly the paid licenses are held, once all is processed."""
        assert self.world.held() == INCLUDED + sum(p.remaining_licenses for p in self.all_payments)
        for payment in self.all_payments:
            saved = Purchase.objects.get(pk=payment.purchase.pk)
            assert saved.refunded_amount == min(payment.paid, payment.refunded)


@pytest.mark.django_db
def test_licenses_follow_the_payments(stripe: SandboxControl, db: Any) -> None:
    StatefulReversals.stripe = stripe
    run_state_machine_as_test(StatefulReversals, settings=PROFILE)
