"""A term that is refunded in full is canceled (R30)."""

import uuid
from datetime import date, timedelta

import pytest

from billing.checkout.renewals import RenewalOrder, plan_renewal, start_renewal
from billing.events.follow_payment import follow_payment
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
    disputed,
    hear,
    held,
    refund_fails,
    refunded_in_dashboard,
    reversals,
    subscription,
    term_of,
    waiting,
)
from tests.support.checks import fresh, refuses
from tests.support.factories import MembershipFactory
from tests.support.pages import text_of
from tests.support.world import World, local


class TestCanceledBeforeStart:
    def test_running_term_continues_and_renewal_reopens(
        self, world: World, renewal: Purchase
    ) -> None:
        refunded_in_dashboard(world, renewal)

        now = subscription(world.lakeside)
        assert term_of(renewal).canceled_at == clock.now()
        assert (now.phase, now.latest, now.next_term) == (Phase.WINDOW, world.term, None)
        assert world.held() == 25
        assert renewal.renewal is not None
        assert Renewal.objects.get(pk=renewal.renewal.pk).state == RenewalState.REFUNDED

    def test_canceled_term_no_longer_limits_users(self, world: World, renewal: Purchase) -> None:
        """R5: next year's 20 licenses are no limit once that term is canceled."""
        add_on = world.buy_and_settle(5)
        assert add_on.term == renewal.term
        refunded_in_dashboard(world, renewal)

        assert subscription(world.lakeside).licenses.usable == 25

    def test_canceled_term_can_be_renewed_again(self, world: World, renewal: Purchase) -> None:
        refunded_in_dashboard(world, renewal)
        again = renew_and_settle(world)

        assert again.status == PurchaseStatus.SETTLED
        assert again.term is not None
        assert again.term.starts_on == NEW_START
        assert subscription(world.lakeside).next_term == again.term

    def test_licenses_are_reversed_on_the_term_start(self, world: World, renewal: Purchase) -> None:
        """Not earlier: the ledger never goes below zero."""
        refunded_in_dashboard(world, renewal)

        entry = LicenseEntry.objects.get(cause="reversal")
        assert entry.effective_at == local(NEW_START)

    def test_partial_refund_reverses_no_licenses(self, world: World, renewal: Purchase) -> None:
        refunded_in_dashboard(world, renewal, renewal.total_amount - 1)

        assert term_of(renewal).canceled_at is None
        assert not reversals(world.lakeside)
        assert Purchase.objects.get(pk=renewal.pk).refunded_amount == renewal.total_amount - 1


class TestCanceledWhileRunning:
    @pytest.fixture
    def canceled(self, world: World, renewal: Purchase) -> World:
        world.at(NEXT_YEAR)
        refunded_in_dashboard(world, renewal)
        return world

    def test_organization_is_expired_from_the_cancellation(self, canceled: World) -> None:
        now = subscription(canceled.lakeside)

        assert (now.phase, now.canceled_on) == (Phase.EXPIRED, NEXT_YEAR.date())
        assert canceled.held() == 0
        assert now.latest == canceled.term

    def test_adding_users_is_refused_with_that_reason(self, canceled: World) -> None:
        with refuses(Reason.CANCELED):
            members.add(canceled.assignor, NewMember("N", "n@x.example", Role.OBSERVER))

    def test_pages_show_the_cancellation(self, canceled: World) -> None:
        page = canceled.client(canceled.assignor).get("/o/lakeside/").content.decode()

        assert "ended on Monday, March 1, 2032, because its payment was refunded" in page

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

    def test_its_add_ons_go_to_support(self, world: World, renewal: Purchase, support: str) -> None:
        add_on = world.buy_and_settle(10)
        refunded_in_dashboard(world, renewal)

        [problem] = PaymentProblem.objects.filter(needs_support=True)
        assert (problem.purchase, problem.reason) == (add_on, ProblemReason.TERM_CANCELED)
        assert world.held() == 25

    def test_refunded_add_ons_leave_the_list(self, world: World, renewal: Purchase) -> None:
        add_on = world.buy_and_settle(10)
        refunded_in_dashboard(world, renewal)
        made = refunded_in_dashboard(world, add_on)
        assert not waiting()

        refund_fails(world, add_on, made["id"])
        assert waiting() == [ProblemReason.TERM_CANCELED]


class TestOpenCheckouts:
    @pytest.mark.parametrize("kind", ["add-on", "renewal"])
    def test_open_checkout_is_expired(self, world: World, renewal: Purchase, kind: str) -> None:
        if kind == "renewal":
            world.at(local(date(2032, 12, 10), 12))
        open_one = world.buy(10) if kind == "add-on" else renew(world)
        refunded_in_dashboard(world, renewal)

        assert fresh(open_one).status == PurchaseStatus.EXPIRED
        assert subscription(world.lakeside).licenses.usable == (25 if kind == "add-on" else 0)

    def test_add_on_paid_at_the_last_moment_is_held(self, world: World, renewal: Purchase) -> None:
        open_one = world.buy(10)
        world.pay(open_one)
        refunded_in_dashboard(world, renewal)

        open_one.refresh_from_db()
        assert open_one.status == PurchaseStatus.REVIEW
        assert waiting() == [ProblemReason.TERM_CANCELED]
        page = world.client(world.assignor).get(f"/o/lakeside/purchases/{open_one.pk}/")
        assert "the term it was for has been refunded" in page.content.decode()

    def test_reconciliation_expires_it_after_a_processor_outage(
        self, world: World, renewal: Purchase, stripe: SandboxControl, impatient: object
    ) -> None:
        open_one = world.buy(10)
        stripe.fault("error", status=500, method="POST", path="*/expire")
        refunded_in_dashboard(world, renewal)
        stripe.clear_faults()

        reconcile()

        assert fresh(open_one).status == PurchaseStatus.EXPIRED

    def test_renewal_paid_at_the_last_moment_is_held(self, world: World, renewal: Purchase) -> None:
        world.at(local(date(2032, 12, 10), 12))
        following = renew(world)
        world.pay(following)
        refunded_in_dashboard(world, renewal)

        assert fresh(following).status == PurchaseStatus.REVIEW
        assert waiting() == [ProblemReason.NOT_RENEWABLE]


class TestLaterTermPaid:
    @pytest.fixture
    def following(self, world: World, renewal: Purchase) -> Purchase:
        """Return the 2033 term's purchase, paid in December 2032."""
        world.at(local(date(2032, 12, 10), 12))
        return renew_and_settle(world)

    def test_nothing_is_canceled_and_support_is_notified(
        self, world: World, renewal: Purchase, following: Purchase
    ) -> None:
        disputed(world, renewal, "lost")

        assert term_of(renewal).canceled_at is None
        assert world.held() == 25
        assert not reversals(world.lakeside)
        assert waiting() == [ProblemReason.LATER_TERM_PAID]

    def test_solved_problem_stays_solved_after_another_notification(
        self, world: World, renewal: Purchase, following: Purchase
    ) -> None:
        disputed(world, renewal, "lost")
        problem = PaymentProblem.objects.get()
        problem.needs_support, problem.resolution = False, Resolution.CLOSED
        problem.solved_at = clock.now()
        problem.save()

        hear(renewal, "charge.dispute.closed")

        assert not waiting()

    def test_both_terms_are_canceled_once_the_later_one_is_refunded(
        self, world: World, renewal: Purchase, following: Purchase
    ) -> None:
        disputed(world, renewal, "lost")
        refunded_in_dashboard(world, following)

        assert term_of(following).canceled_at == term_of(renewal).canceled_at == clock.now()
        assert subscription(world.lakeside).latest == world.term
        assert not waiting()


class TestOriginalPurchase:
    """A canceled original purchase is renewed as that term."""

    @pytest.fixture
    def original(self, world: World, stripe: SandboxControl) -> Purchase:
        subscribe(world.term.package, quantity="30")
        return pay_latest(stripe)

    def test_canceled_original_is_expired_and_renewable(
        self, world: World, original: Purchase
    ) -> None:
        assert original.organization is not None
        refunded_in_dashboard(world, original)

        now = subscription(original.organization)
        assert (now.phase, now.latest) == (Phase.EXPIRED, original.term)
        assert held(original.organization) == 0
        assert now.canceled_on == clock.today()

    def test_pages_say_when_and_why_it_ended_even_once_closed(
        self, world: World, original: Purchase
    ) -> None:
        """R22, R30"""
        assert original.organization is not None
        refunded_in_dashboard(world, original)
        owner = MembershipFactory.create(
            organization=original.organization, role=Role.ADMINISTRATOR, user=world.stranger.user
        )
        here = f"/o/{original.organization.slug}/"

        page = text_of(world.client(owner).get(f"{here}settings/subscription/"))
        assert "There have been no licenses since the payment for the subscription was" in page

        day = formats.full_date(clock.today())
        world.at(clock.now() + timedelta(days=15))
        page = text_of(world.client(owner).get(here))
        assert f"The subscription ended on {day}, because its payment was refunded." in page
        assert "It has not been renewed." in page

    def test_renewal_covers_users_or_the_minimum(self, world: World, original: Purchase) -> None:
        assert original.organization is not None
        assert original.term is not None
        refunded_in_dashboard(world, original)

        found = plan_renewal(subscription(original.organization), original.term.package)

        assert found.need.licenses == 0
        assert found.price.quantity == original.term.package.minimum_licenses
        assert found.starts_on is None

    def test_its_add_ons_are_not_renewed(self, world: World, original: Purchase) -> None:
        assert original.organization is not None
        assert original.term is not None
        client_of_new_owner = Membership.objects.get(organization=original.organization)
        world.pay(world.buy(10, buyer=client_of_new_owner))
        reconcile()
        refunded_in_dashboard(world, original)

        found = plan_renewal(subscription(original.organization), original.term.package)

        assert (found.need.licenses, found.price.quantity) == (0, 5)

    def test_its_renewal_checkout_stays_open(self, world: World, original: Purchase) -> None:
        """Nothing expires that checkout: only the renewal is open."""
        assert original.organization is not None
        assert original.term is not None
        refunded_in_dashboard(world, original)
        owner = Membership.objects.get(organization=original.organization)
        package = original.term.package
        found = plan_renewal(subscription(original.organization), package)
        order = RenewalOrder(package, "", found.shown, uuid.uuid4())
        renewal = start_renewal(owner, order)

        reconcile()
        renewal.refresh_from_db()
        assert renewal.status == PurchaseStatus.OPEN
        world.pay(renewal)
        reconcile()

        assert subscription(original.organization).phase == Phase.RUNNING

    def test_failed_refund_reinstates_the_term(self, world: World, original: Purchase) -> None:
        assert original.organization is not None
        made = refunded_in_dashboard(world, original)
        refund_fails(world, original, made["id"])

        assert subscription(original.organization).phase == Phase.RUNNING
        assert held(original.organization) == 30


def test_long_ended_term_reopens_nothing(world: World, renewal: Purchase) -> None:
    """A dispute lost in 2034 about 2032: the organization has been closed since 2033."""
    world.at(local(date(2034, 3, 1), 12))
    disputed(world, renewal, "lost")

    assert subscription(world.lakeside).phase == Phase.CLOSED


def test_repeated_response_changes_nothing(world: World, renewal: Purchase) -> None:
    refunded_in_dashboard(world, renewal)
    canceled_at = term_of(renewal).canceled_at
    world.later(days=1)
    for _ in range(2):
        assert follow_payment(renewal.payment_intent_id or "")

    assert term_of(renewal).canceled_at == canceled_at
    assert reversals(world.lakeside) == [-25]
