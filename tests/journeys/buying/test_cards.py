"""The payment page: declined cards, 3-D Secure, and leaving without paying."""

import pytest
from playwright.sync_api import expect

from billing.models import Purchase
from tests.journeys.conftest import SignedIn
from tests.journeys.people import Person
from tests.support.world import DEBIT_CARD, DECLINED_CARD, PREPAID_CARD, THREE_D_SECURE_CARD, World

pytestmark = pytest.mark.usefixtures("stripe")

CONFIRMATION = "You bought 10 licenses. You now hold 35"


@pytest.fixture
def buyer(arlo: Person) -> Person:
    """Open the payment page for ten licenses as Arlo."""
    arlo.opens("/o/lakeside/licenses/add/")
    arlo.chooses(10)
    arlo.continues_to_payment()
    return arlo


def test_second_card_pays_after_a_decline(buyer: Person, world: World) -> None:
    """R14: trying several cards still makes one purchase."""
    buyer.pays_with(DECLINED_CARD)
    buyer.sees("Your card was declined", "Nothing was charged")
    buyer.is_accessible()
    assert world.held() == 25

    buyer.pays_with()
    buyer.sees(CONFIRMATION)
    assert Purchase.objects.count() == 1


def test_completed_challenge_pays(buyer: Person) -> None:
    """R13: 3-D Secure."""
    buyer.pays_with(THREE_D_SECURE_CARD)
    buyer.is_at("Approve this payment?")
    buyer.clicks("Complete authentication")
    buyer.sees(CONFIRMATION, "3220")


def test_another_card_pays_after_a_failed_challenge(buyer: Person, world: World) -> None:
    buyer.pays_with(THREE_D_SECURE_CARD)
    buyer.clicks("Fail authentication")
    buyer.sees("We are unable to authenticate your payment method")
    assert world.held() == 25

    buyer.pays_with()
    buyer.sees(CONFIRMATION, "4242")


def test_prepaid_card_is_refused_and_debit_card_pays(buyer: Person, world: World) -> None:
    """R12: credit and debit cards only."""
    buyer.pays_with(PREPAID_CARD)
    buyer.sees("prepaid", "Nothing was charged")
    assert world.held() == 25

    buyer.pays_with(DEBIT_CARD)
    buyer.sees(CONFIRMATION, "5556")


def test_returning_from_the_payment_page_keeps_the_number(
    world: World, signed_in: SignedIn
) -> None:
    """R12, R17: the page says that nothing was charged, and continues to the same payment page."""
    arlo = signed_in(world.assignor)
    arlo.opens("/o/lakeside/licenses/add/")
    arlo.chooses(15)
    arlo.continues_to_payment()
    payment_page = arlo.payment_page()
    arlo.clicks("Back")

    arlo.sees("You left the payment page without paying. Nothing was charged")
    expect(arlo.number).to_have_value("15")
    arlo.is_accessible()

    arlo.continues_to_payment()
    assert arlo.payment_page() == payment_page
    arlo.goes_back()
    expect(arlo.number).to_have_value("15")


def test_unpaid_purchase_can_be_paid_from_the_history(buyer: Person) -> None:
    buyer.opens("/o/lakeside/purchases/")
    row = buyer.page.get_by_role("row").filter(has_text="Waiting for payment")
    row.get_by_role("link").click()
    buyer.sees("This purchase has not been paid.")
    buyer.is_accessible()

    buyer.clicks("Go to the payment page")
    buyer.pays_with()
    buyer.sees(CONFIRMATION)
