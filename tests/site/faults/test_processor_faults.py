"""Under every processor fault, alone or in pairs, a paid purchase is fulfilled once (R14).

The site is running, and the local Stripe delivers its webhooks to it.
"""

import uuid
from contextlib import suppress
from typing import Any

import pytest
from pytest_django import Settings

from billing.events.reconcile import reconcile
from billing.gateway.types import ProcessorError
from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from billing.states import PurchaseStatus
from tests.billing.deliveries import COMPLETED
from tests.programs.soak import invariants
from tests.support.server import Site
from tests.support.world import World

pytestmark = [pytest.mark.race, pytest.mark.one_database]

Fault = tuple[str, dict[str, Any]]
API: dict[str, Fault | None] = {
    "no fault": None,
    "error": ("error", {"status": 500}),
    "error after": ("error_after", {}),
    "dropped before": ("drop_before", {}),
    "dropped after": ("drop_after", {}),
    "slow": ("slow", {"seconds": 0.1}),
    "slow after": ("slow_after", {"seconds": 0.1}),
    "429": ("rate_limited", {}),
    "409": ("conflict", {}),
    "not JSON": ("malformed", {}),
    "not JSON after": ("malformed", {"after": True}),
    "stale": ("stale", {}),
    "no id": ("override", {"fields": {"id": None}}),
    "key ignored": ("ignore_idempotency", {}),
}
WEBHOOKS: dict[str, Fault] = {
    "late": ("delay", {"seconds": 0.1}),
    "held": ("hold", {}),
    "reordered": ("reorder", {"seconds": 0.2}),
    "three times at once": ("duplicate", {"count": 3}),
    "duplicate event": ("twin", {}),
    "lost once": ("drop", {}),
    "lost forever": ("drop", {"times": None}),
    "bad signature": ("bad_signature", {}),
    "old": ("old_timestamp", {"seconds": 900}),
    "second secret only": ("second_secret_only", {}),
    "unknown type": ("unknown_type", {"type": "checkout.session.celebrated"}),
    "another account": ("account", {"account": "acct_other"}),
    "live mode": ("livemode", {}),
    "older version": ("api_version", {"version": "2019-01-01"}),
    "truncated body": ("truncated", {}),
    "huge": ("huge", {}),
    "not UTF-8": ("not_utf8", {}),
    "bad JSON": ("bad_json", {}),
}
# Responses to webhooks: done, deliver again, or rejected.
EXPECTED = {200, 400, 413, 503, None}
# Each processor fault is paired with this many webhook faults.
PAIRS_EACH = 3


@pytest.fixture
def notifying_stripe(
    stripe: SandboxControl, site: Site, short_timeouts: Settings
) -> SandboxControl:
    """Sign webhooks with two secrets, as during a rotation."""
    for endpoint in stripe.webhooks():
        stripe.delete_webhook(endpoint["id"])
    short_timeouts.STRIPE_WEBHOOK_SECRETS = ["whsec_first", "whsec_second"]
    url = f"http://127.0.0.1:{site.port}/stripe/webhook/"
    stripe.register_webhook(url, ["whsec_first", "whsec_second"])
    return stripe


def buy_with_retries(world: World, stripe: SandboxControl, fault: Fault | None) -> Purchase:
    """Retry a purchase that fails; if retries fail too, let reconciliation open it."""
    submission = uuid.uuid4()
    inject(stripe, fault, method="POST", path="/v1/checkout/sessions")
    for _ in range(3):
        with suppress(ProcessorError):
            purchase = world.buy(5, submission=submission, is_repeat=True)
            if purchase.status == PurchaseStatus.OPEN:
                return purchase
    # The error is stored under the idempotency key; reconciliation looks for the session (R17).
    world.later(minutes=5)
    reconcile()
    [purchase] = Purchase.objects.filter(status=PurchaseStatus.OPEN)
    return purchase


def inject(stripe: SandboxControl, fault: Fault | None, **conditions: Any) -> None:
    if fault is not None:
        kind, settings = fault
        stripe.fault(kind, **{"times": 1, **settings, **conditions})


def buy_under_faults(
    world: World, stripe: SandboxControl, api: Fault | None, webhook: Fault
) -> None:
    """Buy and pay under the faults, then clear them."""
    purchase = buy_with_retries(world, stripe, api)
    inject(stripe, webhook, event_type=COMPLETED)
    inject(stripe, api, method="GET")
    world.pay(purchase)
    stripe.flush(timeout=5, immediately=True)
    stripe.clear_faults()
    stripe.release()
    stripe.flush(timeout=5, immediately=True)
    world.later(minutes=2)
    reconcile()
    purchase.refresh_from_db()
    assert purchase.status == PurchaseStatus.SETTLED


def check_invariants(stripe: SandboxControl, purchases: int) -> None:
    assert invariants.check_payments(stripe.sessions())[1] == []
    assert Purchase.objects.filter(status=PurchaseStatus.SETTLED).count() == purchases
    attempts = [one for delivery in stripe.deliveries() for one in delivery["attempts"]]
    assert {one["status"] for one in attempts} <= EXPECTED


def paired_with(number: int) -> list[str]:
    """Return the webhook faults paired with the ``number``-th processor fault."""
    names = list(WEBHOOKS)
    return [names[(PAIRS_EACH * number + offset) % len(names)] for offset in range(PAIRS_EACH)]


def test_each_webhook_fault_alone(world: World, notifying_stripe: SandboxControl) -> None:
    for name, webhook in WEBHOOKS.items():
        buy_under_faults(world, notifying_stripe, None, webhook)
        assert Purchase.objects.latest("created_at").status == PurchaseStatus.SETTLED, name

    check_invariants(notifying_stripe, len(WEBHOOKS))


@pytest.mark.parametrize(
    "number", range(1, len(API)), ids=[name.replace(" ", "-") for name in API][1:]
)
def test_pairs_of_processor_and_webhook_faults(
    world: World, notifying_stripe: SandboxControl, number: int
) -> None:
    api = list(API.values())[number]

    for name in paired_with(number):
        buy_under_faults(world, notifying_stripe, api, WEBHOOKS[name])

    check_invariants(notifying_stripe, PAIRS_EACH)


def test_pairs_cover_every_fault() -> None:
    covered = {name for number in range(1, len(API)) for name in paired_with(number)}

    assert covered == set(WEBHOOKS)
