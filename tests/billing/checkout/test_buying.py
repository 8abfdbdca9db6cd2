"""Buying add-ons: from the order to the licenses (R10, R11, R13, R14, R16, R21)."""

from datetime import timedelta

import pytest

from billing.checkout import add_ons
from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from billing.settlement import settle
from billing.states import PurchaseStatus
from subscriptions import clock
from subscriptions.licenses import ledger
from subscriptions.models import LicenseEntry, Package
from subscriptions.policy import calendar
from tests.support.checks import fresh
from tests.support.world import DEBIT_CARD, TERM_END, World

pytestmark = pytest.mark.usefixtures("stripe")


def test_paid_purchase_is_fulfilled_immediately(world: World) -> None:
    purchase = world.buy_and_settle(10)

    assert purchase.status == PurchaseStatus.SETTLED
    assert world.held() == 35
    assert purchase.card_last4 == "4242"
    assert purchase.receipt_number == 1
    assert purchase.paid_at == clock.now()


def test_debit_card_is_accepted(world: World) -> None:
    purchase = world.buy(5)
    world.pay(purchase, DEBIT_CARD)
    settle.settle(purchase.session_id or "")

    assert world.held() == 30


def test_second_settlement_changes_nothing(world: World) -> None:
    purchase = world.buy_and_settle(10)
    entries = LicenseEntry.objects.count()

    for _ in range(3):
        settle.settle(purchase.session_id or "")

    assert LicenseEntry.objects.count() == entries
    assert world.held() == 35


def test_unpaid_checkout_is_not_fulfilled(world: World) -> None:
    purchase = world.buy(10)

    settle.settle(purchase.session_id or "")

    assert fresh(purchase).status == PurchaseStatus.OPEN
    assert world.held() == 25


def test_price_is_locked_when_the_term_begins(world: World) -> None:
    Package.objects.update(unit_amount=9900, name="Renamed")

    purchase = world.buy_and_settle(10)

    assert (purchase.unit_amount, purchase.total_amount) == (500, 5000)
    assert purchase.package_name == "Association"


def test_price_is_unchanged_on_the_last_day(world: World) -> None:
    first = world.buy_and_settle(5)
    last_instant = calendar.renewal_opens_at(TERM_END, clock.zone()) - timedelta(seconds=1)
    world.at(last_instant)
    last = world.buy_and_settle(5000)

    assert first.unit_amount == last.unit_amount == 500
    assert last.total_amount == 2_500_000
    assert world.held() == 25 + 5 + 5000


def test_add_ons_expire_with_the_term(world: World) -> None:
    world.buy_and_settle(10)
    end = calendar.expires_at(TERM_END, clock.zone())

    held = ledger.held_at(world.lakeside, [end - timedelta(microseconds=1), end])

    assert held == [35, 0]


def test_receipt_numbers_have_no_gaps(world: World, stripe: SandboxControl) -> None:
    abandoned = world.buy(5)
    numbers = [world.buy_and_settle(quantity).receipt_number for quantity in (10, 15, 20)]
    stripe.expire(abandoned.session_id or "")
    settle.settle(abandoned.session_id or "")
    numbers.append(world.buy_and_settle(25).receipt_number)

    assert numbers == [1, 2, 3, 4]


def test_request_to_the_processor_has_the_right_parameters(
    world: World, stripe: SandboxControl
) -> None:
    purchase = world.buy(10)

    [request] = stripe.requests(method="POST", path="/v1/checkout/sessions")
    params = request["params"]
    assert request["idempotency_key"] == purchase.idempotency_key
    assert params["mode"] == "payment"
    assert params["allowed_payment_method_types"] == ["card"]
    blocked = params["payment_method_options"]["card"]["restrictions"]["funding_types_blocked"]
    assert blocked == ["prepaid"]
    assert params["adaptive_pricing"]["enabled"] in (False, "false")
    [line] = params["line_items"]
    assert int(line["quantity"]) == 10
    assert int(line["price_data"]["unit_amount"]) == 500
    assert line["price_data"]["currency"] == "usd"
    assert int(params["expires_at"]) == int((clock.now() + timedelta(minutes=35)).timestamp())
    assert params["success_url"].endswith("?session_id={CHECKOUT_SESSION_ID}")
    assert params["metadata"]["purchase"] == str(purchase.pk)
    assert params["payment_intent_data"]["metadata"]["purchase"] == str(purchase.pk)


def test_form_submitted_twice_makes_one_purchase(world: World) -> None:
    first = world.buy(10)
    again = world.buy(10, submission=first.submission)

    assert again.pk == first.pk
    assert Purchase.objects.count() == 1


def test_two_tabs_share_one_payment_page(world: World) -> None:
    first = world.buy(10)
    second = world.buy(10)

    assert second.pk == first.pk


def test_different_quantity_makes_another_purchase(world: World) -> None:
    first = world.buy(10)
    second = world.buy(15, submission=first.submission)

    assert second.pk != first.pk
    assert second.quantity == 15


@pytest.mark.parametrize("minutes", [0, 9])
def test_identical_purchase_within_minutes_asks_for_confirmation(
    world: World, minutes: int
) -> None:
    before = world.buy_and_settle(10)
    world.later(minutes=minutes)

    with pytest.raises(add_ons.RepeatedPurchase) as caught:
        world.buy(10)

    assert caught.value.previous.pk == before.pk
    assert world.buy(10, is_repeat=True).pk != before.pk


def test_identical_purchase_later_needs_no_confirmation(world: World) -> None:
    world.buy_and_settle(10)
    world.later(minutes=10)

    assert world.buy(10).status == PurchaseStatus.OPEN


def test_paid_purchase_without_webhook_asks_for_confirmation(world: World) -> None:
    """The buyer clicks Buy again after paying; the processor reports the payment."""
    before = world.buy(10)
    world.pay(before)

    with pytest.raises(add_ons.RepeatedPurchase):
        world.buy(10)

    assert world.held() == 35
