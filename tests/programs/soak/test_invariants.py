"""Each check of the soak test detects violations."""

import pytest

from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from billing.states import PurchaseStatus
from subscriptions import clock
from subscriptions.licenses import ledger
from tests.programs.soak import invariants
from tests.programs.soak.pages import Forms
from tests.support.world import World


def violations(stripe: SandboxControl) -> str:
    return "\n".join(invariants.check_once_settled(stripe.sessions())[1])


@pytest.fixture
def purchase(world: World, stripe: SandboxControl) -> Purchase:
    purchase = world.buy_and_settle(10)
    assert invariants.check_payments(stripe.sessions())[1] == []
    return purchase


def test_unknown_payment_is_detected(
    purchase: Purchase, world: World, stripe: SandboxControl
) -> None:
    unknown = world.buy(15)
    world.pay(unknown)

    assert f"paid but unknown: {unknown.session_id}" in violations(stripe)
    assert "1 purchases still pending" in violations(stripe)


def test_licenses_without_a_payment_are_detected(
    purchase: Purchase, stripe: SandboxControl
) -> None:
    assert purchase.session_id
    stripe.alter(purchase.session_id, {"payment_status": "unpaid"})

    assert "fulfilled but never paid" in violations(stripe)


def test_double_fulfillment_is_detected(
    purchase: Purchase, world: World, stripe: SandboxControl
) -> None:
    ledger.grant_add_on(
        world.term, 5, effective_at=clock.now(), reference="purchase:more", actor=None
    )

    assert "without a settled purchase" in violations(stripe)


def test_gap_in_receipt_numbers_is_detected(purchase: Purchase, stripe: SandboxControl) -> None:
    Purchase.objects.update(receipt_number=2)

    assert "receipts of lakeside: [2]" in violations(stripe)


def test_payment_neither_fulfilled_nor_refunded_is_detected(
    purchase: Purchase, stripe: SandboxControl
) -> None:
    Purchase.objects.update(status=PurchaseStatus.REFUNDING, receipt_number=None)

    assert f"paid but refunding: {purchase.session_id}" in violations(stripe)


def test_more_users_than_licenses_are_detected(world: World, stripe: SandboxControl) -> None:
    world.fill(30)

    assert "in_use=30" in violations(stripe)


def test_unsent_notification_is_detected(purchase: Purchase, stripe: SandboxControl) -> None:
    assert "notifications still pending" in violations(stripe)


def test_forms_are_submitted_with_their_values() -> None:
    page = """
      <form><input name="a" value="1"><input type="radio" name="b" value="2">
      <input type="radio" name="b" value="3" checked>
      <select name="c"><option value="4"><option value="5" selected></select></form>
      <input name="outside"><form><textarea name="d"></textarea></form>
    """

    assert Forms(page).found == [{"a": "1", "b": "3", "c": "5"}, {"d": ""}]
    assert Forms(page).with_field("outside") is None
