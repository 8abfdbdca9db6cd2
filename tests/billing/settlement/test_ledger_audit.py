"""Reconciliation finds missed payments and reversals, and audits the ledger (R14-R15, R29-R30)."""

from datetime import timedelta

import pytest

from billing.events.reconcile import reconcile
from billing.models import PaymentProblem, Purchase
from billing.sandbox.control.client import SandboxControl
from billing.settlement import ledger_audit
from billing.states import ProblemReason, PurchaseStatus
from subscriptions import clock
from subscriptions.licenses import ledger
from subscriptions.models import Activity, Term
from tests.billing.renewals import renew_and_settle
from tests.billing.reversals import dispute_payment, refund_in_dashboard
from tests.support.world import World


def findings() -> list[tuple[str, str]]:
    return [(line.category, line.result) for line in reconcile().lines]


@pytest.mark.usefixtures("stripe")
class TestPaidSession:
    def test_paid_session_of_an_expired_purchase_is_settled(self, world: World) -> None:
        purchase = world.buy(10)
        world.pay(purchase)
        Purchase.objects.update(status=PurchaseStatus.EXPIRED)

        assert findings() == [("paid session", PurchaseStatus.SETTLED)]
        assert world.held() == 35
        assert findings() == []

    def test_unknown_payment_goes_to_support(self, world: World, stripe: SandboxControl) -> None:
        """The database was restored from before the purchase and its term."""
        purchase = world.buy(10)
        world.pay(purchase)
        stripe.alter(purchase.session_id or "", {"metadata.term": "999999"})
        Activity.objects.all().delete()
        Purchase.objects.all().delete()

        assert findings() == [("paid session", "no purchase, on support's list")]
        assert PaymentProblem.objects.get().reason == ProblemReason.UNKNOWN_PURCHASE
        assert findings() == []

    def test_paid_session_of_another_application_is_ignored(
        self, world: World, stripe: SandboxControl
    ) -> None:
        purchase = world.buy(10)
        stripe.alter(purchase.session_id or "", {"metadata": {"product": "something-else"}})
        world.pay(purchase)
        Purchase.objects.update(status=PurchaseStatus.EXPIRED)

        assert findings() == []

    def test_older_sessions_require_a_longer_look_back(self, world: World) -> None:
        world.pay(world.buy(10))
        Purchase.objects.update(status=PurchaseStatus.EXPIRED)
        world.later(days=2)

        assert findings() == []
        lines = reconcile(lookback=timedelta(days=3)).lines
        assert [line.result for line in lines] == [PurchaseStatus.SETTLED]


class TestReversals:
    def test_refund_without_webhook_is_found(self, world: World, stripe: SandboxControl) -> None:
        purchase = world.buy_and_settle(10)
        stripe.refund(payment_intent=purchase.payment_intent_id, amount=2500)

        assert findings() == [("refund or dispute", "2500 refunded in all")]
        assert world.held() == 30
        assert findings() == []

    def test_dispute_without_webhook_is_found(self, world: World, stripe: SandboxControl) -> None:
        purchase = world.buy_and_settle(10)
        dispute = stripe.open_dispute(payment_intent=purchase.payment_intent_id)
        stripe.close_dispute(dispute["id"], "lost")

        assert findings() == [("refund or dispute", "5000 refunded in all")]
        assert world.held() == 25


class TestThoroughRun:
    """Refunds and disputes created over a day ago that changed in a webhook outage (R30)."""

    def test_dispute_lost_in_outage_is_found(self, world: World, stripe: SandboxControl) -> None:
        purchase = world.buy_and_settle(10)
        dispute = dispute_payment(world, purchase)
        world.later(days=40)
        stripe.close_dispute(dispute, "lost")

        assert findings() == []
        reconcile(is_thorough=True)

        assert world.held() == 25

    def test_refund_failed_in_outage_is_found(self, world: World, stripe: SandboxControl) -> None:
        purchase = world.buy_and_settle(10)
        refund = refund_in_dashboard(world, purchase)
        world.later(days=20)
        stripe.fail_refund(refund["id"])

        assert findings() == []
        reconcile(is_thorough=True)

        assert world.held() == 35


class TestLedgerAudit:
    @pytest.mark.usefixtures("stripe")
    def test_ledger_matches_after_every_kind_of_event(self, world: World) -> None:
        first = world.buy_and_settle(10)
        refund_in_dashboard(world, first, 2500)
        dispute_payment(world, world.buy_and_settle(15), "lost")
        world.at(clock.now() + timedelta(days=177))
        renewal = renew_and_settle(world)
        refund_in_dashboard(world, renewal)

        assert list(ledger_audit.differences()) == []

    @pytest.mark.parametrize("since", [None, timedelta(hours=1)])
    @pytest.mark.usefixtures("stripe")
    def test_unfulfilled_payment_is_reported(self, world: World, since: timedelta | None) -> None:
        purchase = world.buy_and_settle(10)
        copy = Purchase.objects.get()
        copy.pk = None
        copy.id = Purchase._meta.pk.get_default()
        copy.session_id, copy.payment_intent_id = "cs_test_copy", "pi_copy"
        copy.idempotency_key, copy.receipt_number = "copy", 2
        copy.submission = copy.id
        copy.save(force_insert=True)

        differences = list(ledger_audit.differences(clock.now() - since if since else None))

        assert differences == [(copy.reference, "settled, but not fulfilled")]
        assert purchase.reference != copy.reference

    def test_licenses_without_a_payment_are_reported(self, world: World) -> None:
        reference = "purchase:5f2b3c1e-0000-4000-8000-000000000000"
        ledger.grant_add_on(
            world.term, 5, effective_at=clock.now(), reference=reference, actor=None
        )

        assert list(ledger_audit.differences()) == [
            (reference, "fulfilled without a settled purchase")
        ]

    def test_wrong_license_count_is_reported(self, world: World, stripe: SandboxControl) -> None:
        purchase = world.buy_and_settle(10)
        Purchase.objects.update(quantity=15, total_amount=7500)

        assert list(ledger_audit.differences()) == [(purchase.reference, "15 paid, 10 fulfilled")]

    def test_manual_reversal_is_reported(self, world: World, stripe: SandboxControl) -> None:
        purchase = world.buy_and_settle(10)
        entry = ledger.find_entry(purchase.reference)
        assert entry is not None
        ledger.reverse(entry, 5, note="by hand", actor=None)

        assert list(ledger_audit.differences()) == [
            (purchase.reference, "5 licenses reversed, which does not match the refunds")
        ]

    def test_manual_cancellation_is_reported(self, world: World, stripe: SandboxControl) -> None:
        world.at(clock.now() + timedelta(days=177))
        renewal = renew_and_settle(world)
        Term.objects.filter(pk=renewal.term_id or 0).update(canceled_at=clock.now())

        [(reference, difference)] = ledger_audit.differences()
        assert reference == renewal.reference
        assert difference.startswith("0 licenses reversed")

    def test_audit_reports_and_changes_nothing(self, world: World, stripe: SandboxControl) -> None:
        world.buy_and_settle(10)
        Purchase.objects.update(quantity=15, total_amount=7500)

        report = reconcile()

        assert [(line.category, line.needs_attention) for line in report.lines] == [
            ("ledger differs", True)
        ]
        assert world.held() == 35
