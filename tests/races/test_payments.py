"""Concurrent notifications of one payment (R13, R14, R31)."""

import itertools
import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest

from billing.events.reconcile import reconcile
from billing.models import PaymentProblem, ProcessorEvent, Purchase, Refund
from billing.sandbox.control.client import SandboxControl
from billing.settlement.settle import settle
from billing.states import PurchaseStatus
from subscriptions.members import members
from subscriptions.models import LicenseEntry, Notification
from subscriptions.models.members import Role
from subscriptions.policy.card_testing import MAX_OPEN_CHECKOUTS as MOST
from tests.billing.deliveries import completed, deliver
from tests.support.concurrency import concurrently
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("stripe", "committed_db")

EIGHT = range(8)
RETURN_PATH = "/o/lakeside/licenses/return/"
ADD_PATH = "/o/lakeside/licenses/add/"


def paid(world: World, quantity: int = 10) -> Purchase:
    purchase = world.buy(quantity)
    world.pay(purchase)
    return purchase


def fulfillments() -> int:
    return LicenseEntry.objects.filter(cause="add_on").count()


def failures(outcomes: list[Any]) -> list[Exception]:
    return [outcome for outcome in outcomes if isinstance(outcome, Exception)]


def test_eight_fulfillments_of_one_payment_count_once(world: World) -> None:
    session_id = paid(world).session_id or ""

    outcomes = concurrently(*[lambda: settle(session_id)] * 8)

    assert not failures(outcomes)
    assert {o.status for o in outcomes if isinstance(o, Purchase)} == {PurchaseStatus.SETTLED}
    assert fulfillments() == 1
    assert Purchase.objects.get().receipt_number == 1
    assert Notification.objects.filter(recipient="assignor@lakeside.example").count() == 1


def test_eight_concurrent_deliveries_fulfill_once(world: World) -> None:
    body = completed(paid(world).session_id)

    responses = concurrently(*[lambda: deliver(body).status_code] * 8)

    assert responses == [HTTPStatus.OK] * 8
    assert fulfillments() == ProcessorEvent.objects.count() == 1


def test_return_page_webhook_and_reconciliation_fulfill_once(world: World) -> None:
    purchase = paid(world)
    client = world.client(world.assignor)

    outcomes = concurrently(
        *(lambda: deliver(completed(purchase.session_id)).status_code for _ in range(3)),
        *(
            lambda: client.get(RETURN_PATH, {"session_id": purchase.session_id or ""}).status_code
            for _ in range(3)
        ),
        *(lambda: reconcile().failures for _ in range(2)),
    )

    assert outcomes == [200] * 3 + [302] * 3 + [0] * 2
    assert fulfillments() == 1


@pytest.mark.parametrize("attempt", range(2))
def test_form_submitted_eight_times_at_once_makes_one_purchase(
    world: World, stripe: SandboxControl, attempt: int
) -> None:
    """R14: all eight lead to the same payment page."""
    clients = [world.client(world.assignor) for _ in EIGHT]
    fields = {"quantity": "10", "submission": str(uuid.uuid4())}

    def submit(client: Any) -> str:
        response = client.post(ADD_PATH, fields)
        return str(response.headers.get("Location", response.status_code))

    urls = concurrently(*(lambda c=c: submit(c) for c in clients))

    purchase = Purchase.objects.get()
    assert len(stripe.sessions()) == 1
    assert set(urls) == {purchase.session_url}


def test_eight_concurrent_forms_never_share_a_session(world: World, stripe: SandboxControl) -> None:
    """Eight tabs: each purchase has its own session, and open pages stay within the limit."""
    outcomes = concurrently(*[lambda: world.buy(10)] * 8)

    refused = failures(outcomes)
    assert {str(error) for error in refused} <= {f"too_many_checkouts: {{'most': {MOST}}}"}
    assert len(outcomes) - len(refused) >= Purchase.objects.count() > 0
    assert Purchase.objects.count() <= MOST
    sessions = {session["id"] for session in stripe.sessions()}
    assert sessions == set(Purchase.objects.values_list("session_id", flat=True))
    assert fulfillments() == 0


def test_receipts_of_concurrent_settlements_have_no_gaps(world: World) -> None:
    """R31"""
    bought = [paid(world, 5 * number) for number in range(1, MOST + 1)]

    outcomes = concurrently(*(lambda p=p: settle(p.session_id or "") for p in bought))

    assert not failures(outcomes)
    numbers = Purchase.objects.values_list("receipt_number", flat=True)
    assert sorted(number or 0 for number in numbers) == list(range(1, MOST + 1))
    assert world.held() == 25 + 5 * sum(range(1, MOST + 1))


def test_unaccepted_card_is_refunded_once(world: World, stripe: SandboxControl) -> None:
    """R14"""
    purchase = world.buy(10)
    world.pay(purchase, funding="charge_card")

    outcomes = concurrently(*[lambda: settle(purchase.session_id or "")] * 6, reconcile, reconcile)
    reconcile()

    assert not failures(outcomes)
    assert (Refund.objects.count(), PaymentProblem.objects.count()) == (1, 1)
    assert Purchase.objects.get().status == PurchaseStatus.REFUNDED
    assert len(stripe_refunds(stripe)) == 1


def stripe_refunds(stripe: SandboxControl) -> set[str]:
    """Return the idempotency keys of refund requests, one per refund."""
    return {r["idempotency_key"] for r in stripe.requests(method="POST", path="/v1/refunds")}


def test_two_concurrent_payments_of_one_purchase_fulfill_one_and_refund_one(
    world: World, stripe: SandboxControl
) -> None:
    """R14"""
    purchase = paid(world)
    other = stripe.inject(purchase.request_parameters | {"expires_at": None})["session"]["id"]
    both = [purchase.session_id or "", other]

    outcomes = concurrently(*(lambda s=s: settle(s) for s in both * 4))

    assert not failures(outcomes)
    assert fulfillments() == 1
    assert Refund.objects.get().status == "succeeded"


def test_concurrent_retries_of_a_lost_creation_make_one_session(
    world: World, stripe: SandboxControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R17: the form is resubmitted while reconciliation runs."""
    submission = uuid.uuid4()
    with monkeypatch.context() as patched:
        patched.setattr("billing.checkout.sessions.create_checkout", lambda purchase: purchase)
        world.buy(10, submission=submission)
    assert not stripe.sessions()

    outcomes = concurrently(
        *[lambda: world.buy(10, submission=submission).status] * 2,
        *[lambda: str(reconcile().failures)] * 2,
    )

    assert outcomes == [PurchaseStatus.OPEN] * 2 + ["0"] * 2
    assert len(stripe.sessions()) == 1


def test_buying_settling_adding_and_removing_do_not_deadlock(world: World) -> None:
    bought = [paid(world, 5 * number) for number in range(1, 4)]
    world.fill(20)
    leaving = list(world.lakeside.memberships.filter(role=Role.GENERAL_MEMBER)[:2])
    numbers = itertools.count()

    def add() -> object:
        number = next(numbers)
        new = members.NewMember(f"P{number}", f"p{number}@new.example", Role.GENERAL_MEMBER)
        return members.add(world.administrator, new)

    actions: list[Callable[[], object]] = [
        *(lambda p=p: settle(p.session_id or "") for p in bought),
        *(lambda p=p: deliver(completed(p.session_id)) for p in bought),
        *(lambda n=n: world.buy(n) for n in (50, 55)),
        *(lambda m=m: members.remove(world.administrator, m) for m in leaving),
        *[add] * 3,
        lambda: members.change_role(world.administrator, world.observer, Role.ASSIGNOR),
        reconcile,
    ]

    outcomes = concurrently(*actions)

    assert not failures(outcomes)
    assert fulfillments() == 3
    assert world.held() == 25 + 5 + 10 + 15
    assert world.lakeside.memberships.exclude(license_number=None).count() == 20 - 2 + 3
