"""A term that is refunded in full is canceled (R30)."""

import uuid
from datetime import date, timedelta

import pytest

from billing.checkout.renewals import RenewalOrder, plan_renewal, start_renewal
from billing.events.follow_payment import follow_up
from billing.events.reconcile import reconcile
from billing.models import PaymentProblem, Purchase
from billing.sandbox.control.client import SandboxControl
from billing.states import ProblemReason, PurchaseStatus, Resolution
from subscriptions import clock
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import LicenseEntry, Membership, Renewal
from subscriptions.models.members import Role
from subscriptions.models.terms import RenewalState
from subscriptions.policy.expiration import Phase
from subscriptions.policy.refusal import Reason
from subscriptions.text import formats
from tests.billing.checkout.test_subscribing import pay_latest, subscribe
from tests.billing.renewals import NEW_START, renew, renew_and_settle
from tests.billing.reversals import (
    NEXT_YEAR,
    dispute_payment,
    fail_refund,
    held,
    open_problems,
    refund_in_dashboard,
    reversals,
    send_webhook,
    subscription,
    term_of,
)
from tests.support.checks import fresh, refuses
from tests.support.factories import MembershipFactory
from tests.support.pages import text_of
from tests.support.world import World, local


class TestCanceledBeforeStart:
    def test_running_term_continues_and_renewal_reopens(
        self, world: World, renewal: Purchase
    ) -> None:
        refund_in_dashboard(world, renewal)

        status = subscription(world.lakeside)
        assert term_of(renewal).canceled_at == clock.now()
        assert (status.phase, status.latest, status.next_term) == (Phase.WINDOW, world.term, None)
        assert world.held() == 25
        assert renewal.renewal is not None
        assert Renewal.objects.get(pk=renewal.renewal.pk).state == RenewalState.REFUNDED

    def test_canceled_term_no_longer_limits_users(self, world: World, renewal: Purchase) -> None:
        """R5"""
        add_on = world.buy_and_settle(5)
        assert add_on.term == renewal.term
        refund_in_dashboard(world, renewal)

        assert subscription(world.lakeside).licenses.usable == 25

    def test_canceled_term_can_be_renewed_again(self, world: World, renewal: Purchase) -> None:
        refund_in_dashboard(world, renewal)
        again = renew_and_settle(world)

        assert again.status == PurchaseStatus.SETTLED
        assert again.term is not None
        assert again.term.starts_on == NEW_START
        assert subscription(world.lakeside).next_term == again.term

    def test_licenses_are_reversed_on_the_term_start(self, world: World, renewal: Purchase) -> None:
        """An earlier reversal would take the ledger below zero."""
        refund_in_dashboard(world, renewal)

        entry = LicenseEntry.objects.get(cause="reversal")
        assert entry.effective_at == local(NEW_START)

    def test_partial_refund_reverses_no_licenses(self, world: World, renewal: Purchase) -> None:
        refund_in_dashboard(world, renewal, renewal.total_amount - 1)

        assert term_of(renewal).canceled_at is None
        assert not reversals(world.lakeside)
        assert Purchase.objects.get(pk=renewal.pk).refunded_amount == renewal.total_amount - 1


class TestCanceledWhileRunning:
    @pytest.fixture
    def canceled(self, world: World, renewal: Purchase) -> World:
        world.at(NEXT_YEAR)
        refund_in_dashboard(world, renewal)
        return world

    def test_organization_expires_with_the_cancellation(self, canceled: World) -> None:
        status = subscription(canceled.lakeside)

        assert (status.phase, status.canceled_on) == (Phase.EXPIRED, NEXT_YEAR.date())
        assert canceled.held() == 0
        assert status.latest == canceled.term

    def test_adding_users_is_refused(self, canceled: World) -> None:
        with refuses(Reason.CANCELED):
            members.add(canceled.assignor, NewMember("N", "n@x.example", Role.OBSERVER))

    def test_pages_show_the_cancellation(self, canceled: World) -> None:
        page = canceled.client(canceled.assignor).get("/o/lakeside/").content.decode()

        assert "ended on Monday, March 1, 2032, because the payment was refunded" in page

    def test_closing_period_starts_at_the_cancellation(self, canceled: World) -> None:
        client = canceled.client(canceled.official)
        canceled.at(NEXT_YEAR + timedelta(days=14, seconds=-1))
        assert client.get("/o/lakeside/").status_code == 200

        canceled.at(NEXT_YEAR + timedelta(days=14))
        assert client.get("/o/lakeside/").status_code == 403
        assert subscription(canceled.lakeside).phase == Phase.CLOSED

    def test_renewal_starts_on_the_day_of_the_charge(self, canceled: World) -> None:
        canceled.later(days=3)
        again = renew_and_settle(canceled)

        assert again.term is not None
        assert again.term.starts_on == NEXT_YEAR.date() + timedelta(days=3)
        assert canceled.held() == 25

    def test_add_ons_go_to_support(self, world: World, renewal: Purchase, support: str) -> None:
        add_on = world.buy_and_settle(10)
        refund_in_dashboard(world, renewal)

        [problem] = PaymentProblem.objects.filter(needs_support=True)
        assert (problem.purchase, problem.reason) == (add_on, ProblemReason.TERM_CANCELED)
        assert world.held() == 25

    def test_refunded_add_ons_leave_the_problem_list(self, world: World, renewal: Purchase) -> None:
        add_on = world.buy_and_settle(10)
        refund_in_dashboard(world, renewal)
        refund = refund_in_dashboard(world, add_on)
        assert not open_problems()

        fail_refund(world, add_on, refund["id"])
        assert open_problems() == [ProblemReason.TERM_CANCELED]


class TestOpenCheckouts:
    @pytest.mark.parametrize("kind", ["add-on", "renewal"])
    def test_open_checkout_is_expired(self, world: World, renewal: Purchase, kind: str) -> None:
        if kind == "renewal":
            world.at(local(date(2032, 12, 10), 12))
        checkout = world.buy(10) if kind == "add-on" else renew(world)
        refund_in_dashboard(world, renewal)

        assert fresh(checkout).status == PurchaseStatus.EXPIRED
        assert subscription(world.lakeside).licenses.usable == (25 if kind == "add-on" else 0)

    def test_add_on_paid_at_the_last_moment_is_held(self, world: World, renewal: Purchase) -> None:
        checkout = world.buy(10)
        world.pay(checkout)
        refund_in_dashboard(world, renewal)

        checkout.refresh_from_db()
        assert checkout.status == PurchaseStatus.REVIEW
        assert open_problems() == [ProblemReason.TERM_CANCELED]
        page = world.client(world.assignor).get(f"/o/lakeside/purchases/{checkout.pk}/")
        assert "the term it was for has been refunded" in page.content.decode()

    def test_reconciliation_expires_the_checkout_after_an_outage(
        self, world: World, renewal: Purchase, stripe: SandboxControl, short_timeouts: object
    ) -> None:
        checkout = world.buy(10)
        stripe.fault("error", status=500, method="POST", path="*/expire")
        refund_in_dashboard(world, renewal)
        stripe.clear_faults()

        reconcile()

        assert fresh(checkout).status == PurchaseStatus.EXPIRED

    def test_renewal_paid_at_the_last_moment_is_held(self, world: World, renewal: Purchase) -> None:
        world.at(local(date(2032, 12, 10), 12))
        next_renewal = renew(world)
        world.pay(next_renewal)
        refund_in_dashboard(world, renewal)

        assert fresh(next_renewal).status == PurchaseStatus.REVIEW
        assert open_problems() == [ProblemReason.NOT_RENEWABLE]


class TestLaterTermPaid:
    def test_nothing_is_canceled_and_support_is_notified(
        self, world: World, renewal: Purchase, next_renewal: Purchase
    ) -> None:
        dispute_payment(world, renewal, "lost")

        assert term_of(renewal).canceled_at is None
        assert world.held() == 25
        assert not reversals(world.lakeside)
        assert open_problems() == [ProblemReason.LATER_TERM_PAID]

    def test_solved_problem_stays_solved_after_another_notification(
        self, world: World, renewal: Purchase, next_renewal: Purchase
    ) -> None:
        dispute_payment(world, renewal, "lost")
        problem = PaymentProblem.objects.get()
        problem.needs_support, problem.resolution = False, Resolution.CLOSED
        problem.resolved_at = clock.now()
        problem.save()

        send_webhook(renewal, "charge.dispute.closed")

        assert not open_problems()

    def test_both_terms_are_canceled_once_the_later_one_is_refunded(
        self, world: World, renewal: Purchase, next_renewal: Purchase
    ) -> None:
        dispute_payment(world, renewal, "lost")
        refund_in_dashboard(world, next_renewal)

        assert term_of(next_renewal).canceled_at == term_of(renewal).canceled_at == clock.now()
        assert subscription(world.lakeside).latest == world.term
        assert not open_problems()


class TestOriginalPurchase:
    """A canceled original purchase can be renewed."""

    @pytest.fixture
    def original(self, world: World, stripe: SandboxControl) -> Purchase:
        subscribe(world.term.package, quantity="30")
        return pay_latest(stripe)

    def test_canceled_original_is_expired_and_renewable(
        self, world: World, original: Purchase
    ) -> None:
        assert original.organization is not None
        refund_in_dashboard(world, original)

        status = subscription(original.organization)
        assert (status.phase, status.latest) == (Phase.EXPIRED, original.term)
        assert held(original.organization) == 0
        assert status.canceled_on == clock.today()

    def test_pages_say_when_and_why_the_subscription_ended(
        self, world: World, original: Purchase
    ) -> None:
        """R22, R30"""
        assert original.organization is not None
        refund_in_dashboard(world, original)
        owner = MembershipFactory.create(
            organization=original.organization, role=Role.ADMINISTRATOR, user=world.stranger.user
        )
        home = f"/o/{original.organization.slug}/"

        page = text_of(world.client(owner).get(f"{home}settings/subscription/"))
        assert "The payment for the subscription was refunded, so you have no licenses" in page

        day = formats.full_date(clock.today())
        world.at(clock.now() + timedelta(days=15))
        page = text_of(world.client(owner).get(home))
        assert f"The subscription ended on {day}, because the payment was refunded." in page
        assert "It has not been renewed." in page

    def test_renewal_covers_users_or_the_minimum(self, world: World, original: Purchase) -> None:
        assert original.organization is not None
        assert original.term is not None
        refund_in_dashboard(world, original)

        planned = plan_renewal(subscription(original.organization), original.term.package)

        assert planned.need.licenses == 0
        assert planned.price.quantity == original.term.package.minimum_licenses
        assert planned.starts_on is None

    def test_add_ons_are_not_renewed(self, world: World, original: Purchase) -> None:
        assert original.organization is not None
        assert original.term is not None
        owner = Membership.objects.get(organization=original.organization)
        world.pay(world.buy(10, buyer=owner))
        reconcile()
        refund_in_dashboard(world, original)

        planned = plan_renewal(subscription(original.organization), original.term.package)

        assert (planned.need.licenses, planned.price.quantity) == (0, 5)

    def test_reconciliation_leaves_the_renewal_open(self, world: World, original: Purchase) -> None:
        assert original.organization is not None
        assert original.term is not None
        refund_in_dashboard(world, original)
        owner = Membership.objects.get(organization=original.organization)
        package = original.term.package
        planned = plan_renewal(subscription(original.organization), package)
        order = RenewalOrder(package, "", planned.fingerprint, uuid.uuid4())
        renewal = start_renewal(owner, order)

        reconcile()
        renewal.refresh_from_db()
        assert renewal.status == PurchaseStatus.OPEN
        world.pay(renewal)
        reconcile()

        assert subscription(original.organization).phase == Phase.RUNNING

    def test_failed_refund_reinstates_the_term(self, world: World, original: Purchase) -> None:
        assert original.organization is not None
        refund = refund_in_dashboard(world, original)
        fail_refund(world, original, refund["id"])

        assert subscription(original.organization).phase == Phase.RUNNING
        assert held(original.organization) == 30


def test_dispute_about_an_ended_term_reopens_nothing(world: World, renewal: Purchase) -> None:
    """A dispute about 2032 is lost in 2034; the organization has been closed since 2033."""
    world.at(local(date(2034, 3, 1), 12))
    dispute_payment(world, renewal, "lost")

    assert subscription(world.lakeside).phase == Phase.CLOSED


def test_repeated_response_changes_nothing(world: World, renewal: Purchase) -> None:
    refund_in_dashboard(world, renewal)
    canceled_at = term_of(renewal).canceled_at
    world.later(days=1)
    for _ in range(2):
        assert follow_up(renewal.payment_intent_id or "")

    assert term_of(renewal).canceled_at == canceled_at
    assert reversals(world.lakeside) == [-25]
