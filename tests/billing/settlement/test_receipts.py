"""What a fulfilled payment leaves behind: e-mails, activity and the purchase's facts (R14, R31)."""

from datetime import date
from typing import Any

import pytest
from post_office.models import Email

from billing.models import PaymentProblem, Purchase, Refund
from billing.sandbox.control.client import SandboxControl
from billing.settlement import fulfillment
from billing.settlement.settle import settle
from billing.states import ProblemReason, PurchaseKind, PurchaseStatus
from subscriptions.models import Activity, LicenseEntry, Membership, Notification, Organization
from subscriptions.models.terms import RenewalState
from tests.billing.checkout.test_subscribing import subscribe
from tests.billing.refunds.test_refunds import settled_with
from tests.billing.renewals import renew, renew_and_settle
from tests.support.checks import fresh
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("stripe")

ARLO, ADA = "assignor@lakeside.example", "administrator@lakeside.example"
# What every purchase of these tests has in common.
SAME = {
    "card": "Visa •••• 4242",
    "currency": "usd",
    "discount": 0,
    "discount_name": "",
    "fee": 0,
    "package": "Association",
    "unit_price": 500,
}


def notified(**of: Any) -> dict[tuple[str, str], Any]:
    """Return the facts of notifications by recipient and kind."""
    found = Notification.objects.filter(**of)
    return {(one.recipient, one.kind): one.data for one in found}


def buy_first(world: World) -> Purchase:
    """Buy an organization's first term, as someone without an account."""
    subscribe(world.term.package)
    return world.pay_and_settle(Purchase.objects.get(kind=PurchaseKind.ORIGINAL))


def test_add_ons_are_reported_to_buyer_and_administrators(world: World) -> None:
    purchase = world.buy_and_settle(10)

    facts = SAME | {
        "buyer": "Arlo Assignor",
        "expires": "2031-12-31",
        "link": f"http://localhost/o/lakeside/purchases/{purchase.pk}/",
        "organization_name": "Lakeside Officials Association",
        "paid_at": "2031-06-16T16:00:00Z",
        "quantity": 10,
        "receipt_number": 1,
        "starts": "2031-01-01",
        "subtotal": 5000,
        "total": 5000,
        "valid_from": "2031-06-16T12:00:00-04:00",
    }
    found = notified(reference=purchase.reference, organization=world.lakeside)
    assert found == {(ARLO, "receipt_add_on"): facts, (ADA, "bought_add_on"): facts}
    assert LicenseEntry.objects.get(reference=purchase.reference).actor == world.assignor.user
    bought = Activity.objects.get(verb="licenses_bought", organization=world.lakeside)
    assert bought.actor == world.assignor.user
    assert bought.data == {"purchase": str(purchase.pk), "quantity": 10}


def test_renewal_is_reported_with_its_new_term(window: World) -> None:
    purchase = renew_and_settle(window)

    facts = SAME | {
        "buyer": "Arlo Assignor",
        "expires": "2032-12-31",
        "link": f"http://localhost/o/lakeside/purchases/{purchase.pk}/",
        "organization_name": "Lakeside Officials Association",
        "paid_at": "2031-12-10T17:00:00Z",
        "quantity": 25,
        "receipt_number": 1,
        "starts": "2032-01-01",
        "subtotal": 12500,
        "total": 12500,
        "valid_from": "2032-01-01",
    }
    found = notified(reference=purchase.reference, organization=window.lakeside)
    assert found == {(ARLO, "receipt_renewal"): facts, (ADA, "bought_renewal"): facts}
    renewed = Activity.objects.get(verb="subscription_renewed", organization=window.lakeside)
    assert renewed.actor == window.assignor.user
    term = purchase.term
    assert term is not None
    assert (term.package, term.unit_amount) == (window.term.package, 500)
    assert (purchase.term_starts_on, purchase.term_expires_on) == (
        date(2032, 1, 1),
        date(2032, 12, 31),
    )


def test_first_term_opens_the_organization_of_the_form(world: World) -> None:
    purchase = buy_first(world)

    meadow = Organization.objects.get(slug="meadow-umpires")
    assert (purchase.organization, purchase.status) == (meadow, PurchaseStatus.SETTLED)
    assert (meadow.name, meadow.billing_name) == ("Meadow Umpires", "Tom")
    assert meadow.billing_address == "1 Green\nMeadow"
    term = meadow.terms.get()
    assert (term.package_name, term.unit_amount, term.currency) == ("Association", 500, "usd")
    days = (date(2031, 6, 16), date(2032, 6, 15))
    assert (term.starts_on, term.expires_on) == days
    assert (purchase.term_starts_on, purchase.term_expires_on) == days
    mia = Membership.objects.get(organization=meadow)
    assert (mia.user.email, mia.display_name) == ("mia@meadow.example", "Mia Meadow")
    facts = SAME | {
        "buyer": "Mia Meadow",
        "expires": "2032-06-15",
        "link": f"http://localhost/o/meadow-umpires/purchases/{purchase.pk}/",
        "organization_name": "Meadow Umpires",
        "paid_at": "2031-06-16T16:00:00Z",
        "quantity": 12,
        "receipt_number": 1,
        "starts": "2031-06-16",
        "subtotal": 6000,
        "total": 6000,
        "valid_from": "2031-06-16",
    }
    found = notified(reference=purchase.reference, organization=meadow)
    assert found == {("mia@meadow.example", "receipt_original"): facts}


def test_receipt_is_mailed_at_once_unless_it_may_wait(world: World) -> None:
    waiting, at_once = world.buy(5), world.buy(10, is_repeat=True)
    for purchase in (waiting, at_once):
        world.pay(purchase)

    settle(waiting.session_id or "", defer_receipt=True)
    assert not Email.objects.exists()
    settle(at_once.session_id or "")

    [email] = Email.objects.all()
    assert email.to == [ARLO]
    assert Notification.objects.exclude(queued_at=None).get().reference == at_once.reference


def test_receipts_are_numbered_in_each_organization(world: World) -> None:
    numbers = [world.buy_and_settle(5, is_repeat=True).receipt_number for _ in range(3)]
    other = world.pay_and_settle(world.buy(5, buyer=world.stranger))

    assert (numbers, other.receipt_number) == ([1, 2, 3], 1)


def test_card_and_payment_are_kept_with_the_purchase(world: World, stripe: SandboxControl) -> None:
    purchase = world.buy(10)
    world.pay(purchase, card="4000056655665556")
    settle(purchase.session_id or "")

    purchase = fresh(purchase)
    [session] = stripe.sessions()
    assert purchase.payment_intent_id == session["payment_intent"]
    assert (purchase.card_brand, purchase.card_last4) == ("visa", "5556")
    assert purchase.card_funding == "debit"
    assert purchase.paid_at == purchase.settled_at


def test_purchase_with_a_total_is_never_free(world: World) -> None:
    purchase = world.buy(10)

    with pytest.raises(ValueError, match="is not free"):
        fulfillment.fulfill_free_purchase(purchase)


def test_second_payment_of_a_renewal_is_reported(window: World, support: str) -> None:
    first = renew(window, window.administrator)
    Purchase.objects.filter(pk=first.pk).update(status=PurchaseStatus.EXPIRED)
    renewal = first.renewal
    assert renewal is not None
    renewal.state, renewal.quantity = RenewalState.OPEN, None
    renewal.save()
    second = renew(window, window.assignor)
    for purchase in (second, first):
        window.pay_and_settle(purchase)

    reference = f"session:{first.session_id}"
    found = notified(reference=reference, organization=window.lakeside)
    assert set(found) == {
        (ADA, "payment_refunded_second_renewal"),
        (ARLO, "renewal_paid_twice"),
        (support, "renewal_paid_twice"),
    }
    for facts in found.values():
        assert (facts["buyer"], facts["total"]) == ("Ada Admin", 12500)
    assert found[ADA, "payment_refunded_second_renewal"]["refund"] == 12500


class TestRefundedPayments:
    """Payments that are refunded instead of fulfilled."""

    def check(self, world: World, session_id: str, kind: str, reason: ProblemReason) -> None:
        """Check what the buyer is told and what support could look up."""
        [facts] = notified(reference=f"session:{session_id}", organization=world.lakeside).values()
        assert Notification.objects.get(kind=kind, recipient=ARLO).data == facts
        assert (facts["refund"], facts["quantity"]) == (5000, 10)
        problem = PaymentProblem.objects.get(session_id=session_id)
        same = {
            "mode": "payment",
            "amount_total": 5000,
            "amount_received": 5000,
            "currency": "usd",
            "livemode": False,
            "quantity": 10,
            "unit_amount": 500,
            "purchase_id": str(problem.purchase_id),
        }
        funding = "prepaid" if reason == ProblemReason.UNWANTED_FUNDING else "credit"
        assert (problem.reason, problem.needs_support) == (reason, False)
        assert (problem.expected, problem.received) == (same, same | {"funding": funding})
        refund = Refund.objects.get(problem=problem)
        assert (refund.amount, refund.currency) == (5000, "usd")

    def test_prepaid_card(self, world: World) -> None:
        """R12"""
        purchase = settled_with(world, "prepaid")

        kind = "payment_refunded_unwanted_funding"
        self.check(world, purchase.session_id or "", kind, ProblemReason.UNWANTED_FUNDING)

    def test_second_payment_of_a_purchase(self, world: World, stripe: SandboxControl) -> None:
        purchase = world.buy_and_settle(10)
        params = purchase.request_parameters | {"expires_at": None}
        session = stripe.inject(params)["session"]["id"]

        for _ in range(2):
            settle(session)

        self.check(world, session, "payment_refunded_surplus", ProblemReason.SURPLUS)


def test_payment_refunded_before_it_arrives_gives_no_licenses(
    world: World, stripe: SandboxControl
) -> None:
    purchase = world.buy(10)
    world.pay(purchase)
    stripe.refund(session=purchase.session_id, amount=2500)

    settle(purchase.session_id or "")

    assert fresh(purchase).refunded_amount == 2500
    assert world.held() == 30
