"""Helpers for tests about refunds and disputes."""

import uuid
from datetime import date
from typing import Any, Literal

from billing.models import PaymentProblem, Purchase, Refund
from billing.support.payments import RefundOrder, refund_purchase
from subscriptions import clock
from subscriptions.licenses import ledger
from subscriptions.licenses.status import SubscriptionStatus, get_status
from subscriptions.models import LicenseEntry, Organization, Term
from tests.billing.deliveries import deliver, event
from tests.billing.renewals import IN_WINDOW, renew_and_settle
from tests.support.world import World, local

NEXT_YEAR = local(date(2032, 3, 1), 12)


def subscription(organization: Organization) -> SubscriptionStatus:
    """Return the current subscription status of an organization."""
    return get_status(organization, clock.now())


def send_webhook(purchase: Purchase, type: str = "refund.created") -> int:
    """Deliver a webhook about a purchase's payment; return the HTTP status."""
    body = event(type, "re_any")
    body["data"]["object"]["payment_intent"] = purchase.payment_intent_id
    status: int = deliver(body).status_code
    return status


def refund_in_dashboard(
    world: World, purchase: Purchase, amount: int | None = None
) -> dict[str, Any]:
    """Refund in the processor's dashboard and deliver the webhook. Amounts in minor units."""
    assert world.stripe is not None
    refund = world.stripe.refund(payment_intent=purchase.payment_intent_id, amount=amount)
    assert send_webhook(purchase) == 200
    return refund


def fail_refund(world: World, purchase: Purchase, refund_id: str) -> None:
    """Fail a refund at the bank, and deliver the webhook."""
    assert world.stripe is not None
    world.stripe.fail_refund(refund_id)
    assert send_webhook(purchase, "refund.failed") == 200


def dispute_payment(
    world: World,
    purchase: Purchase,
    outcome: Literal["won", "lost", ""] = "",
    amount: int | None = None,
) -> str:
    """Dispute a payment as the cardholder; close the dispute if there is an ``outcome``."""
    assert world.stripe is not None
    dispute = world.stripe.open_dispute(payment_intent=purchase.payment_intent_id, amount=amount)
    send_webhook(purchase, "charge.dispute.created")
    if outcome:
        world.stripe.close_dispute(dispute["id"], outcome)
        send_webhook(purchase, "charge.dispute.closed")
    return str(dispute["id"])


def refund_as_support(world: World, purchase: Purchase, licenses: int | None = None) -> Refund:
    """Refund a purchase as support."""
    order = RefundOrder(licenses, "asked for it", uuid.uuid4())
    return refund_purchase(purchase, order, actor=world.support)


def renew_in_window(world: World) -> Purchase:
    """Buy Lakeside's next term during the renewal window."""
    world.at(IN_WINDOW)
    return renew_and_settle(world)


def reversals(organization: Organization) -> list[int]:
    """Return the reversal entries of an organization, oldest first."""
    entries = LicenseEntry.objects.filter(term__organization=organization, cause="reversal")
    return list(entries.order_by("pk").values_list("quantity", flat=True))


def held(organization: Organization) -> int:
    """Return the licenses held now."""
    return ledger.held_at(organization, [clock.now()])[0]


def term_of(purchase: Purchase) -> Term:
    """Return a purchase's term, freshly loaded."""
    assert purchase.term_id is not None
    return Term.objects.get(pk=purchase.term_id)


def open_problems() -> list[str]:
    """Return the reasons for the payment problems on support's list."""
    problems = PaymentProblem.objects.filter(needs_support=True).order_by("pk")
    return list(problems.values_list("reason", flat=True))
