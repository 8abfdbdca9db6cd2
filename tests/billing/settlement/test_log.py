"""What the log says about payments, so that someone on call can follow one (R14, R15)."""

from typing import Any

import pytest

from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from billing.settlement import transitions
from billing.settlement.settle import settle
from billing.states import PurchaseStatus
from tests.billing.refunds.test_refunds import settled_with
from tests.billing.settlement.test_held_payments import WRONG_LINE, held_payment
from tests.billing.settlement.test_rebuild import LOST_TERM, lose_in_restore
from tests.support.checks import fresh
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("stripe")


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]


def moves(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Return the new statuses of purchases, with their kinds."""
    changed = "purchase status changed"
    rows: list[Any] = [row for row in caplog.records if row.getMessage() == changed]
    return [(row.to, row.kind) for row in rows]


def test_each_move_is_logged_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        purchase = world.buy_and_settle(5)
        settle(purchase.session_id or "")
        settled_with(world, "prepaid")

    assert moves(caplog) == [("settled", "add_on"), ("refunding", "add_on")]


def test_mismatch_is_logged_with_what_differs(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    held_payment(world, **WRONG_LINE)

    purchase = Purchase.objects.get()
    assert f"purchase {purchase.pk} does not match its payment: {{'quantity': (10, 7)}}" in errors(
        caplog
    )


def test_lost_purchase_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    lost = lose_in_restore(world.buy(10))
    world.pay(lost)

    settle(lost.session_id or "")

    assert errors(caplog) == [f"purchase {lost.pk} was lost and has been rebuilt"]


def test_payment_of_an_unknown_purchase_is_logged_once(
    world: World, stripe: SandboxControl, caplog: pytest.LogCaptureFixture
) -> None:
    lost = lose_in_restore(world.buy(10))
    world.pay(lost)
    stripe.alter(lost.session_id or "", LOST_TERM)

    for _ in range(2):
        settle(lost.session_id or "")

    assert errors(caplog) == [f"paid session {lost.session_id} belongs to no purchase"]


def test_session_the_processor_does_not_know_is_logged(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    purchase = world.buy(10)

    transitions.abandon_unknown_purchase(purchase)

    assert fresh(purchase).status == PurchaseStatus.ABANDONED
    assert errors(caplog) == [f"purchase {purchase.pk}: the processor does not know its session"]


@pytest.mark.usefixtures("short_timeouts")
def test_payment_is_fulfilled_though_its_refunds_are_unknown(
    world: World, stripe: SandboxControl, caplog: pytest.LogCaptureFixture
) -> None:
    """R30: reconciliation asks again."""
    purchase = world.buy(10)
    world.pay(purchase)
    stripe.refund(session=purchase.session_id, amount=2500)
    stripe.fault("error", method="GET", path="/v1/refunds", status=500)

    settle(purchase.session_id or "")

    purchase = fresh(purchase)
    assert (purchase.status, purchase.refunded_amount) == (PurchaseStatus.SETTLED, 0)
    assert errors(caplog) == [
        f"refunds of {purchase.payment_intent_id} could not be read; reconciliation will retry"
    ]
