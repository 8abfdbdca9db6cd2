"""Support, members and the processor act at the same moment (R27, R30)."""

import uuid
from functools import partial

from django.db import IntegrityError

from billing.events.follow_payment import follow_payment
from billing.models import Purchase, Refund
from billing.sandbox.control.client import SandboxControl
from billing.settlement import ledger_audit, settle
from billing.states import PurchaseStatus, RefundStatus
from subscriptions import clock
from subscriptions.licenses.status import status_of
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import LicenseRemoval
from subscriptions.models.members import Role
from subscriptions.policy.refusal import Refused
from tests.billing.renewals import IN_WINDOW, plan, renew
from tests.billing.reversals import refunded_by_support, renewed, reversals
from tests.support.concurrency import at_once
from tests.support.removals import remove
from tests.support.world import World

FOUR = range(4)


def test_two_of_support_remove_what_only_one_can(committed_db: str, world: World) -> None:
    """21 can go; of four who remove 15 each, one does."""
    world.at(IN_WINDOW)

    outcomes = at_once(*(lambda: remove(world, 15) for _ in FOUR))

    assert sum(isinstance(outcome, LicenseRemoval) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 3
    assert plan(world).price.quantity == 10


def test_one_form_sent_four_times_removes_once(committed_db: str, world: World) -> None:
    world.at(IN_WINDOW)
    submission = uuid.uuid4()

    outcomes = at_once(*(lambda: remove(world, 5, submission=submission) for _ in FOUR))

    assert {outcome.pk for outcome in outcomes if isinstance(outcome, LicenseRemoval)} == {
        LicenseRemoval.objects.get().pk
    }


def test_removing_while_users_are_added_never_ends_below_them(
    committed_db: str, world: World
) -> None:
    """4 members and 25 licenses: whoever comes first, the renewal covers the members."""
    world.at(IN_WINDOW)

    def add(number: int) -> object:
        new = NewMember(f"N{number}", f"n{number}@new.example", Role.GENERAL_MEMBER)
        return members.add(world.administrator, new)

    at_once(lambda: remove(world, 20), *(partial(add, number) for number in FOUR))

    subscription = status_of(world.lakeside, clock.now())
    assert subscription.licenses.in_use == 8
    assert plan(world).price.quantity >= 8


def test_removing_while_the_renewal_is_paid_is_one_or_the_other(
    committed_db: str, stripe: SandboxControl, world: World
) -> None:
    world.at(IN_WINDOW)
    paying = renew(world)

    def pay() -> object:
        stripe.pay(paying.session_id or "")
        return settle.settle(paying.session_id or "")

    at_once(pay, lambda: remove(world, 5))

    paying.refresh_from_db()
    if paying.status == PurchaseStatus.SETTLED:
        assert not LicenseRemoval.objects.exists()
        assert paying.quantity == 25
    else:
        assert paying.status == PurchaseStatus.EXPIRED
        assert plan(world).price.quantity == 20


def test_four_of_support_refund_the_same_licenses_once(
    committed_db: str, stripe: SandboxControl, world: World
) -> None:
    purchase = world.buy_and_settle(10)

    outcomes = at_once(*(lambda: refunded_by_support(world, purchase) for _ in FOUR))

    assert sum(isinstance(outcome, Refund) for outcome in outcomes) == 1
    assert all(isinstance(outcome, Refund | Refused | IntegrityError) for outcome in outcomes)
    assert Refund.objects.get().status == RefundStatus.SUCCEEDED
    assert world.held() == 25


def test_the_same_refund_heard_of_from_everywhere_counts_once(
    committed_db: str, stripe: SandboxControl, world: World
) -> None:
    purchase = world.buy_and_settle(10)
    stripe.refund(payment_intent=purchase.payment_intent_id, amount=2500)

    at_once(*(lambda: follow_payment(purchase.payment_intent_id or "") for _ in range(8)))

    assert reversals(world.lakeside) == [-5]
    assert Refund.objects.count() == 1
    assert list(ledger_audit.differences()) == []


def test_a_refund_and_its_failure_heard_of_at_once(
    committed_db: str, stripe: SandboxControl, world: World
) -> None:
    """The answer that was asked for last counts, whichever is written first."""
    purchase = world.buy_and_settle(10)
    for _ in range(3):
        made = stripe.refund(payment_intent=purchase.payment_intent_id)

        def fail(refund_id: str = made["id"]) -> object:
            stripe.fail_refund(refund_id)
            return follow_payment(purchase.payment_intent_id or "")

        at_once(fail, *(lambda: follow_payment(purchase.payment_intent_id or "") for _ in FOUR))

        assert world.held() == 35
        assert Purchase.objects.get().refunded_amount == 0


def test_a_term_is_canceled_while_an_add_on_of_it_is_paid(
    committed_db: str, stripe: SandboxControl, world: World
) -> None:
    """Granted and on the list, or held and on the list: never lost."""
    renewal = renewed(world)
    add_on = world.buy(10)
    stripe.refund(payment_intent=renewal.payment_intent_id)

    def pay() -> object:
        stripe.pay(add_on.session_id or "")
        return settle.settle(add_on.session_id or "")

    at_once(pay, lambda: follow_payment(renewal.payment_intent_id or ""))

    add_on.refresh_from_db()
    assert world.held() == 25
    if add_on.status == PurchaseStatus.EXPIRED:
        assert not add_on.problems.exists()
    else:
        assert add_on.status in (PurchaseStatus.SETTLED, PurchaseStatus.REVIEW)
        assert add_on.problems.get().needs_support
