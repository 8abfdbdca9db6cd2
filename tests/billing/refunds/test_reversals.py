"""Refunds and lost disputes of add-ons reverse licenses (R30)."""

import itertools
from typing import Literal

import pytest

from billing.events.follow_payment import follow_up
from billing.events.reconcile import reconcile
from billing.gateway import processor
from billing.gateway.types import ProcessorDispute
from billing.models import Dispute, Purchase, Refund
from billing.sandbox.control.client import SandboxControl
from billing.settlement.settle import settle
from billing.states import DisputeStatus, PurchaseStatus, RefundStatus
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import Activity, LicenseEntry, Notification
from subscriptions.models.members import Role
from subscriptions.policy.refusal import Reason, Refused
from tests.billing.renewals import IN_WINDOW, plan
from tests.billing.reversals import (
    dispute_payment,
    fail_refund,
    refund_in_dashboard,
    reversals,
    send_webhook,
)
from tests.support.checks import fresh
from tests.support.world import World


class TestDashboardRefund:
    @pytest.mark.parametrize(
        ("amount", "licenses"),
        [(700, 0), (2499, 0), (2500, 5), (2600, 5), (4999, 5), (5000, 10), (None, 10)],
    )
    def test_refund_reverses_whole_groups(
        self, world: World, bought: Purchase, amount: int | None, licenses: int
    ) -> None:
        refund_in_dashboard(world, bought, amount)

        assert world.held() == 35 - licenses
        assert fresh(bought).refunded_amount == (amount or 5000)
        assert fresh(bought).status == PurchaseStatus.SETTLED

    def test_several_refunds_add_up(self, world: World, bought: Purchase) -> None:
        """Two refunds of $15 reverse one group; another $20 reverses the second."""
        for amount in (1500, 1500, 2000):
            refund_in_dashboard(world, bought, amount)

        assert reversals(world.lakeside) == [-5, -5]
        assert world.held() == 25

    def test_repeated_events_reverse_once(self, world: World, bought: Purchase) -> None:
        refund_in_dashboard(world, bought, 2500)
        for type in ("charge.refunded", "refund.updated", "refund.created"):
            send_webhook(bought, type)
        reconcile()

        assert reversals(world.lakeside) == [-5]
        assert Refund.objects.count() == 1

    def test_reversal_references_the_purchase(self, world: World, bought: Purchase) -> None:
        refund_in_dashboard(world, bought, 2500)

        entry = LicenseEntry.objects.get(cause="reversal")
        assert entry.reverses is not None
        assert entry.reverses.reference == bought.reference
        assert entry.reference == f"{bought.reference}:reversal:1"

    def test_refund_before_the_payment_is_settled_reverses_licenses(
        self, world: World, stripe: SandboxControl
    ) -> None:
        """The purchase was paid and refunded while our site was down."""
        purchase = world.buy(10)
        paid = world.pay(purchase)
        stripe.refund(session=paid["session"]["id"], amount=2500)

        settle(purchase.session_id or "")

        assert world.held() == 30
        assert fresh(purchase).refunded_amount == 2500

    @pytest.mark.usefixtures("stripe")
    def test_refund_from_another_application_is_ignored(
        self, world: World, bought: Purchase
    ) -> None:
        assert not follow_up("pi_of_another_application")
        assert world.held() == 35


class TestFailedRefund:
    def test_failed_refund_restores_the_licenses(self, world: World, bought: Purchase) -> None:
        refund = refund_in_dashboard(world, bought)
        fail_refund(world, bought, refund["id"])

        assert world.held() == 35
        assert reversals(world.lakeside) == [-10, 10]
        assert fresh(bought).refunded_amount == 0
        assert Notification.objects.filter(kind="reversal_undone").count() == 2

    def test_only_the_failed_refund_is_restored(self, world: World, bought: Purchase) -> None:
        first = refund_in_dashboard(world, bought, 2500)
        refund_in_dashboard(world, bought, 2500)
        fail_refund(world, bought, first["id"])

        assert world.held() == 30
        assert fresh(bought).refunded_amount == 2500

    def test_new_refund_after_a_failure_reverses_again(
        self, world: World, bought: Purchase
    ) -> None:
        refund = refund_in_dashboard(world, bought)
        fail_refund(world, bought, refund["id"])
        refund_in_dashboard(world, bought)

        assert reversals(world.lakeside) == [-10, 10, -10]
        assert world.held() == 25

    def test_late_response_does_not_undo_the_failure(self, world: World, bought: Purchase) -> None:
        refund = refund_in_dashboard(world, bought)
        fail_refund(world, bought, refund["id"])
        assert world.stripe is not None
        world.stripe.alter(refund["id"], {"status": "succeeded"})
        send_webhook(bought)

        assert Refund.objects.get().status == RefundStatus.FAILED
        assert world.held() == 35

    def test_pending_refund_reverses_immediately(
        self, world: World, bought: Purchase, stripe: SandboxControl
    ) -> None:
        """R30: pending refunds count like succeeded ones."""
        refund = stripe.refund(payment_intent=bought.payment_intent_id, amount=2500, pending=True)
        send_webhook(bought)
        assert world.held() == 30

        stripe.cancel_refund(refund["id"])
        send_webhook(bought, "refund.updated")
        assert world.held() == 35


class TestDispute:
    def test_opened_dispute_reverses_nothing(
        self, world: World, bought: Purchase, support: str
    ) -> None:
        dispute_payment(world, bought)

        assert world.held() == 35
        assert Dispute.objects.get().status == DisputeStatus.NEEDS_RESPONSE
        assert Notification.objects.get(kind="dispute").recipient == support

    @pytest.mark.parametrize(
        ("outcome", "amount", "licenses"),
        [("lost", None, 10), ("lost", 2500, 5), ("won", None, 0)],
        ids=["lost", "partly lost", "won"],
    )
    def test_lost_dispute_reverses_licenses_but_won_dispute_does_not(
        self,
        world: World,
        bought: Purchase,
        outcome: Literal["lost", "won"],
        amount: int | None,
        licenses: int,
    ) -> None:
        dispute_payment(world, bought, outcome, amount=amount)

        assert world.held() == 35 - licenses
        assert fresh(bought).refunded_amount == 500 * licenses
        assert reversals(world.lakeside) == ([-licenses] if licenses else [])

    def test_refund_and_lost_dispute_add_up(self, world: World, bought: Purchase) -> None:
        refund_in_dashboard(world, bought, 2500)
        dispute_payment(world, bought, "lost")

        assert world.held() == 25
        assert fresh(bought).refunded_amount == 5000

    def test_late_response_does_not_reopen_a_lost_dispute(
        self, world: World, bought: Purchase
    ) -> None:
        dispute = dispute_payment(world, bought, "lost")
        assert world.stripe is not None
        world.stripe.alter(dispute, {"status": "needs_response"})
        send_webhook(bought, "charge.dispute.updated")

        assert world.held() == 25

    def test_won_appeal_restores_the_licenses(self, world: World, bought: Purchase) -> None:
        dispute = dispute_payment(world, bought, "lost")
        assert world.stripe is not None
        world.stripe.alter(dispute, {"status": "appeal_under_review"})
        send_webhook(bought, "charge.dispute.updated")
        assert world.held() == 25

        world.stripe.alter(dispute, {"status": "won"})
        send_webhook(bought, "charge.dispute.closed")
        assert world.held() == 35

    @pytest.mark.parametrize("outcome", ["warning_closed", "won", "lost"])
    def test_inquiry_is_not_a_dispute(
        self,
        world: World,
        bought: Purchase,
        stripe: SandboxControl,
        outcome: Literal["warning_closed", "won", "lost"],
    ) -> None:
        """An inquiry reverses nothing unless it escalates and is lost."""
        inquiry = stripe.open_inquiry(payment_intent=bought.payment_intent_id)
        send_webhook(bought, "charge.dispute.created")
        assert world.held() == 35

        if outcome != "warning_closed":
            stripe.escalate_inquiry(inquiry["id"])
        stripe.close_dispute(inquiry["id"], outcome)
        send_webhook(bought, "charge.dispute.closed")

        assert world.held() == (25 if outcome == "lost" else 35)


def test_outdated_response_repeats_the_request(
    world: World, bought: Purchase, stripe: SandboxControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one response is in transit, an appeal is won and another response is stored."""
    dispute = dispute_payment(world, bought, "lost")
    list_disputes = processor.list_disputes
    requests: list[str] = []

    def delayed_list_disputes(payment: str) -> list[ProcessorDispute]:
        response = list_disputes(payment)
        requests.append(payment)
        if len(requests) == 1:
            stripe.alter(dispute, {"status": "won"})
            send_webhook(bought, "charge.dispute.closed")
        return response

    monkeypatch.setattr(processor, "list_disputes", delayed_list_disputes)
    send_webhook(bought, "charge.dispute.updated")

    assert world.held() == 35
    assert len(requests) == 3


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_events_in_any_order_have_the_same_result(
    world: World, bought: Purchase, stripe: SandboxControl, order: tuple[int, ...]
) -> None:
    """A refund, its failure and a lost dispute, delivered in every order."""
    refund = stripe.refund(payment_intent=bought.payment_intent_id, amount=2500)
    stripe.fail_refund(refund["id"])
    dispute = stripe.open_dispute(payment_intent=bought.payment_intent_id, amount=2500)
    stripe.close_dispute(dispute["id"], "lost")

    types = ["refund.created", "refund.failed", "charge.dispute.closed"]
    for number in order:
        send_webhook(bought, types[number])

    assert world.held() == 30
    assert fresh(bought).refunded_amount == 2500


class TestMoreUsersThanLicenses:
    @pytest.fixture
    def over_limit(self, world: World, bought: Purchase, support: str) -> World:
        world.fill(30)
        refund_in_dashboard(world, bought)
        return world

    def test_no_user_is_removed(self, over_limit: World) -> None:
        assert over_limit.lakeside.memberships.exclude(license_number=None).count() == 30
        page = over_limit.client(over_limit.official).get("/o/lakeside/")
        assert page.status_code == 200

    def test_adding_users_is_refused(self, over_limit: World) -> None:
        with pytest.raises(Refused) as refused:
            members.add(over_limit.assignor, NewMember("N", "n@lakeside.example", Role.OBSERVER))

        assert refused.value.refusal.reason == Reason.NO_LICENSE_FREE
        assert refused.value.refusal.facts["missing"] == 1

    def test_buyers_and_support_are_notified(self, over_limit: World, support: str) -> None:
        notified = set(
            Notification.objects.filter(kind="payment_reversed").values_list("recipient", "kind")
        )
        assert {recipient for recipient, _ in notified} == {
            "administrator@lakeside.example",
            "assignor@lakeside.example",
        }
        notification = Notification.objects.get(kind="over_licenses")
        assert (notification.recipient, notification.data["over"]) == (support, 5)

    def test_pages_show_the_shortfall(self, over_limit: World) -> None:
        for person in (over_limit.administrator, over_limit.assignor):
            page = (
                over_limit.client(person).get("/o/lakeside/settings/subscription/").content.decode()
            )
            assert "5 more users than licenses" in page

    def test_buying_again_covers_the_shortfall(self, over_limit: World) -> None:
        over_limit.buy_and_settle(10)

        members.add(over_limit.assignor, NewMember("N", "n@lakeside.example", Role.OBSERVER))


def test_reversal_is_recorded_as_an_activity(world: World, bought: Purchase) -> None:
    refund_in_dashboard(world, bought, 2500)

    activity = Activity.objects.get(verb="payment_reversed")
    assert activity.data["licenses"] == -5
    assert activity.data["amount"] == 2500


def test_renewal_covers_the_remaining_licenses(world: World, bought: Purchase) -> None:
    """R25, R30"""
    refund_in_dashboard(world, bought, 2500)
    world.at(IN_WINDOW)

    assert plan(world).price.quantity == 30
