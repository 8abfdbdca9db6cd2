"""A renewal with several concurrent payers is paid once (R14, R24)."""

import uuid
from functools import partial

import pytest

from billing.checkout.quotes import PriceChanged
from billing.checkout.renewals import RenewalOrder, start_renewal
from billing.models import Purchase, Refund
from billing.sandbox.control.client import SandboxControl
from billing.settlement import settle
from billing.states import PurchaseStatus
from subscriptions import clock
from subscriptions.licenses import ledger
from subscriptions.models import Renewal, Term
from subscriptions.models.terms import RenewalState
from subscriptions.policy.refusal import Refused
from tests.billing.renewals import IN_WINDOW, NEW_START, plan, renew
from tests.support.concurrency import concurrently
from tests.support.world import World, local

pytestmark = pytest.mark.usefixtures("committed_db")

RACERS = 8


def mark_expired(purchase: Purchase) -> None:
    """Mark a checkout as expired although it can still be paid."""
    Purchase.objects.filter(pk=purchase.pk).update(status=PurchaseStatus.EXPIRED)
    Renewal.objects.update(state=RenewalState.OPEN, quantity=None)


def test_eight_payments_of_one_renewal_start_one_term_and_refund_the_rest(
    stripe: SandboxControl, world: World
) -> None:
    world.at(IN_WINDOW)
    sessions = []
    for _ in range(RACERS):
        purchase = renew(world)
        sessions.append(purchase.session_id or "")
        mark_expired(purchase)
    for session in sessions:
        stripe.pay(session)

    concurrently(*(partial(settle.settle, session) for session in sessions))

    statuses = sorted(Purchase.objects.values_list("status", flat=True))
    assert statuses == [PurchaseStatus.REFUNDED] * (RACERS - 1) + [PurchaseStatus.SETTLED]
    assert Term.objects.filter(organization=world.lakeside).count() == 2
    assert Refund.objects.filter(amount=12_500).count() == RACERS - 1
    assert ledger.held_at(world.lakeside, [clock.now(), local(NEW_START)]) == [25, 25]


def test_eight_concurrent_renewals_leave_one_payable_checkout(
    stripe: SandboxControl, world: World
) -> None:
    world.at(IN_WINDOW)
    fingerprint = plan(world).fingerprint

    def start() -> Purchase:
        order = RenewalOrder(world.term.package, "", fingerprint, uuid.uuid4())
        return start_renewal(world.administrator, order)

    outcomes = concurrently(*[start] * RACERS)

    open_purchases = Purchase.objects.filter(status=PurchaseStatus.OPEN)
    open_sessions = [s for s in stripe.sessions() if s["status"] == "open"]
    assert open_purchases.count() <= 1
    assert [s["id"] for s in open_sessions] == [p.session_id for p in open_purchases]
    assert not [o for o in outcomes if isinstance(o, Refused | PriceChanged)]
    assert not Purchase.objects.filter(status=PurchaseStatus.PENDING).exists()


def test_payment_during_a_new_checkout_counts_once(stripe: SandboxControl, world: World) -> None:
    for _ in range(3):
        world.at(IN_WINDOW)
        first = renew(world)
        fingerprint = plan(world).fingerprint

        def pay(session: str = first.session_id or "") -> object:
            stripe.pay(session)
            return settle.settle(session)

        def start_again(fingerprint: str = fingerprint) -> object:
            order = RenewalOrder(world.term.package, "", fingerprint, uuid.uuid4())
            return start_renewal(world.assignor, order)

        concurrently(pay, start_again)

        paid = [s for s in stripe.sessions() if s["payment_status"] == "paid"]
        settled = Purchase.objects.filter(status=PurchaseStatus.SETTLED).count()
        assert settled == len(paid) <= 1
        assert Term.objects.filter(organization=world.lakeside).count() == 1 + settled
        if settled:
            break
