"""Concurrent actions of support, members and the processor (R27, R30)."""

import uuid
from functools import partial

import pytest
from django.db import IntegrityError

from billing.events.follow_payment import follow_up
from billing.models import Purchase, Refund
from billing.sandbox.control.client import SandboxControl
from billing.settlement import ledger_audit, settle
from billing.states import PurchaseStatus, RefundStatus
from subscriptions import clock
from subscriptions.licenses.status import get_status
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import LicenseRemoval
from subscriptions.models.members import Role
from subscriptions.policy.refusal import Refused
from tests.billing.renewals import IN_WINDOW, plan, renew
from tests.billing.reversals import refund_as_support, renew_in_window, reversals
from tests.support.concurrency import concurrently
from tests.support.world import World, remove

pytestmark = pytest.mark.usefixtures("committed_db")

FOUR = range(4)


def test_one_of_four_competing_removals_succeeds(world: World) -> None:
    """21 licenses can be removed; of four people who remove 15 each, one succeeds."""
    world.at(IN_WINDOW)

    outcomes = concurrently(*(lambda: remove(world, 15) for _ in FOUR))

    assert sum(isinstance(outcome, LicenseRemoval) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 3
    assert plan(world).price.quantity == 10


def test_form_submitted_four_times_removes_once(world: World) -> None:
    world.at(IN_WINDOW)
    submission = uuid.uuid4()

    outcomes = concurrently(*(lambda: remove(world, 5, submission=submission) for _ in FOUR))

    assert {outcome.pk for outcome in outcomes if isinstance(outcome, LicenseRemoval)} == {
        LicenseRemoval.objects.get().pk
    }


def test_renewal_covers_users_added_during_a_removal(world: World) -> None:
    """There are 25 licenses and 4 users, and 4 more are added."""
    world.at(IN_WINDOW)

    def add(number: int) -> object:
        new = NewMember(f"N{number}", f"n{number}@new.example", Role.GENERAL_MEMBER)
        return members.add(world.administrator, new)

    concurrently(lambda: remove(world, 20), *(partial(add, number) for number in FOUR))

    subscription = get_status(world.lakeside, clock.now())
    assert subscription.licenses.in_use == 8
    assert plan(world).price.quantity >= 8


def test_either_removal_or_renewal_payment_succeeds(stripe: SandboxControl, world: World) -> None:
    world.at(IN_WINDOW)
    paying = renew(world)

    def pay() -> object:
        stripe.pay(paying.session_id or "")
        return settle.settle(paying.session_id or "")

    concurrently(pay, lambda: remove(world, 5))

    paying.refresh_from_db()
    if paying.status == PurchaseStatus.SETTLED:
        assert not LicenseRemoval.objects.exists()
        assert paying.quantity == 25
    else:
        assert paying.status == PurchaseStatus.EXPIRED
        assert plan(world).price.quantity == 20


@pytest.mark.usefixtures("stripe")
def test_four_support_agents_refund_the_same_licenses_once(world: World) -> None:
    purchase = world.buy_and_settle(10)

    outcomes = concurrently(*(lambda: refund_as_support(world, purchase) for _ in FOUR))

    assert sum(isinstance(outcome, Refund) for outcome in outcomes) == 1
    assert all(isinstance(outcome, Refund | Refused | IntegrityError) for outcome in outcomes)
    assert Refund.objects.get().status == RefundStatus.SUCCEEDED
    assert world.held() == 25


def test_concurrent_notifications_of_a_refund_count_once(
    stripe: SandboxControl, world: World
) -> None:
    purchase = world.buy_and_settle(10)
    stripe.refund(payment_intent=purchase.payment_intent_id, amount=2500)

    concurrently(*(lambda: follow_up(purchase.payment_intent_id or "") for _ in range(8)))

    assert reversals(world.lakeside) == [-5]
    assert Refund.objects.count() == 1
    assert list(ledger_audit.differences()) == []


def test_refund_that_fails_during_notifications_reverses_nothing(
    stripe: SandboxControl, world: World
) -> None:
    """The response requested last counts, whichever is written first."""
    purchase = world.buy_and_settle(10)
    for _ in range(3):
        refund = stripe.refund(payment_intent=purchase.payment_intent_id)

        def fail(refund_id: str = refund["id"]) -> object:
            stripe.fail_refund(refund_id)
            return follow_up(purchase.payment_intent_id or "")

        concurrently(fail, *(lambda: follow_up(purchase.payment_intent_id or "") for _ in FOUR))

        assert world.held() == 35
        assert Purchase.objects.get().refunded_amount == 0


def test_add_on_paid_while_its_term_is_canceled_goes_to_support(
    stripe: SandboxControl, world: World
) -> None:
    """Whether it was fulfilled or held."""
    renewal = renew_in_window(world)
    add_on = world.buy(10)
    stripe.refund(payment_intent=renewal.payment_intent_id)

    def pay() -> object:
        stripe.pay(add_on.session_id or "")
        return settle.settle(add_on.session_id or "")

    concurrently(pay, lambda: follow_up(renewal.payment_intent_id or ""))

    add_on.refresh_from_db()
    assert world.held() == 25
    if add_on.status == PurchaseStatus.EXPIRED:
        assert not add_on.problems.exists()
    else:
        assert add_on.status in (PurchaseStatus.SETTLED, PurchaseStatus.REVIEW)
        assert add_on.problems.get().needs_support
