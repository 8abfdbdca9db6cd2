"""Refunds and disputes, against a treasurer's list of payments (R14, R30).

Whatever is refunded, fails or is disputed, with or without webhooks: once all notifications are
processed, each purchase holds the licenses that its remaining money pays for.
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
    """A line of the treasurer's list. Amounts in minor units; $5.00 per license."""

    purchase: Purchase
    licenses: int
    refunds: dict[str, int] = field(default_factory=dict)
    disputed: dict[str, int] = field(default_factory=dict)
    lost: int = 0

    @property
    def paid(self) -> int:
        return 500 * self.licenses

    @property
    def gone(self) -> int:
        return sum(self.refunds.values()) + self.lost

    @property
    def left(self) -> int:
        return self.paid - self.gone - sum(self.disputed.values())

    @property
    def licenses_left(self) -> int:
        """Groups of five that are still partly paid for stay (R30)."""
        if self.gone >= self.paid:
            return 0
        return self.licenses - 5 * (self.gone // 2500)


class StatefulReversals(RuleBasedStateMachine):
    """One organization per example, with a stopped clock."""

    stripe: SandboxControl

    payments = Bundle("payments")
    refunds = Bundle("refunds")
    disputes = Bundle("disputes")

    def __init__(self) -> None:
        super().__init__()
        self.before = transaction.savepoint()
        self.stripe.reset()
        self.world: World = build_world(licenses=INCLUDED, stripe=self.stripe)
        self.list: list[Payment] = []

    def teardown(self) -> None:
        reconcile()
        self.ledger_matches()
        transaction.savepoint_rollback(self.before)

    def notify(self, payment: Payment, is_notified: bool) -> None:
        if is_notified:
            send_webhook(payment.purchase)

    @initialize(target=payments, groups=st.integers(1, 4))
    def first(self, groups: int) -> Payment:
        return self.buy(groups)

    @rule(target=payments, groups=st.integers(1, 4))
    def buy_another(self, groups: int) -> Payment:
        return self.buy(groups)

    def buy(self, groups: int) -> Payment:
        purchase = self.world.buy_and_settle(5 * groups, is_repeat=True)
        payment = Payment(purchase, 5 * groups)
        self.list.append(payment)
        return payment

    @rule(target=refunds, payment=payments, part=st.floats(0.05, 1), is_notified=st.booleans())
    def refund_in_the_dashboard(self, payment: Payment, part: float, is_notified: bool) -> Any:
        amount = int(payment.left * part)
        if amount < 1 or payment.disputed or payment.lost:
            return multiple()
        made = self.stripe.refund(payment_intent=payment.purchase.payment_intent_id, amount=amount)
        payment.refunds[made["id"]] = amount
        self.notify(payment, is_notified)
        return payment, made["id"]

    @rule(target=refunds, payment=payments, groups=st.integers(1, 4), is_all=st.booleans())
    def support_refunds(self, payment: Payment, groups: int, is_all: bool) -> Any:
        reconcile()
        left = payment.licenses_left
        licenses = left if is_all else 5 * groups
        is_possible = left and licenses <= left and not payment.disputed and not payment.lost
        expected = payment.left if licenses == left else 500 * licenses
        try:
            refund = refund_as_support(self.world, payment.purchase, licenses)
        except Refused:
            assert not is_possible
            return multiple()
        assert is_possible
        assert refund.amount == expected
        payment.refunds[refund.refund_id or ""] = refund.amount
        return payment, refund.refund_id

    @rule(made=consumes(refunds), is_notified=st.booleans())
    def a_refund_fails(self, made: tuple[Payment, str], is_notified: bool) -> None:
        payment, refund_id = made
        self.stripe.fail_refund(refund_id)
        del payment.refunds[refund_id]
        self.notify(payment, is_notified)

    @rule(
        target=disputes, payment=payments, is_notified=st.booleans(), is_lost_at_once=st.booleans()
    )
    def the_cardholder_disputes(
        self, payment: Payment, is_notified: bool, is_lost_at_once: bool
    ) -> Any:
        if payment.left < 1 or payment.disputed or payment.lost:
            return multiple()
        opened = self.stripe.open_dispute(payment_intent=payment.purchase.payment_intent_id)
        payment.disputed[opened["id"]] = opened["amount"]
        self.notify(payment, is_notified)
        if is_lost_at_once:
            self.decide(payment, opened["id"], is_lost=True)
            return multiple()
        return payment, opened["id"]

    @rule(dispute=consumes(disputes), is_lost=st.booleans(), is_notified=st.booleans())
    def it_is_decided(self, dispute: tuple[Payment, str], is_lost: bool, is_notified: bool) -> None:
        payment, dispute_id = dispute
        self.decide(payment, dispute_id, is_lost=is_lost)
        self.notify(payment, is_notified)

    def decide(self, payment: Payment, dispute_id: str, *, is_lost: bool) -> None:
        self.stripe.close_dispute(dispute_id, "lost" if is_lost else "won")
        amount = payment.disputed.pop(dispute_id)
        payment.lost += amount if is_lost else 0

    @rule()
    def the_periodic_job_runs(self) -> None:
        reconcile()
        self.ledger_matches()

    @invariant()
    def ledger_matches_the_list(self) -> None:
        assert list(ledger_audit.differences()) == []

    def ledger_matches(self) -> None:
        """Process all notifications: what is paid for is held, and nothing else."""
        assert self.world.held() == INCLUDED + sum(one.licenses_left for one in self.list)
        for payment in self.list:
            now = Purchase.objects.get(pk=payment.purchase.pk)
            assert now.refunded_amount == min(payment.paid, payment.gone)


@pytest.mark.django_db
def test_licenses_follow_the_payments(stripe: SandboxControl, db: Any) -> None:
    StatefulReversals.stripe = stripe
    run_state_machine_as_test(StatefulReversals, settings=PROFILE)
