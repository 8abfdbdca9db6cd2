"""Webhook deliveries, from the signature to the response, counted in the ledger.

dj-stripe does the same in the same rounds (``rival``). The processor's response is a stub for
both, so that its time does not count.
"""

import itertools
import json
from datetime import timedelta
from functools import lru_cache
from unittest import mock

from django.test import Client

from billing.gateway import processor
from billing.gateway.types import CheckoutSession, Payment
from billing.models import Purchase
from subscriptions import clock
from subscriptions.models import LicenseEntry, Organization, Term
from tests.billing.deliveries import PATH, completed, signature
from tests.billing.events.test_webhook_cost import FIRST_QUERIES, REPEATED_QUERIES
from tests.programs.bench import data, workers
from tests.programs.bench.goals import Result
from tests.programs.bench.sections.rivals import rivals

ORGANIZATIONS = 100
GOALS = {"full": ">= 2.0", "lean": ">= 1.5"}
_numbers = itertools.count(1)
# The purchases that the stub of the processor knows.
_purchases: dict[str, Purchase] = {}


def run(rounds: int, seconds: float, burst: int) -> list[Result]:
    """Measure first deliveries, also dj-stripe's, duplicates, and a burst."""
    organizations = _organizations()
    _client()
    ours: list[float] = []
    duplicates: list[float] = []
    theirs: dict[str, list[float]] = {"full": [], "lean": []}
    with (
        mock.patch.object(processor, "retrieve_session", _session),
        rivals(theirs, seconds, payments=int(400 * seconds)) as measure_rivals,
    ):
        # Warm up, so that no round measures what a process does only once.
        for session_id in _open_purchases(organizations, 3):
            _deliver_one(session_id)
        for _ in range(rounds):
            batch = _open_purchases(organizations, int(400 * seconds))
            results = _deliver(batch, seconds)
            handled = sum(len(result.times) for result in results)
            assert _fulfilled(batch) == handled, "not every delivery was fulfilled once"
            repeated = _deliver(_settled(batch), seconds, repeat=True)
            assert _fulfilled(batch) == handled, "a duplicate was fulfilled"
            ours.append(workers.rate(results))
            duplicates.append(workers.rate(repeated))
            measure_rivals()
        waits = _burst(organizations, burst)
    statements, of_duplicate = _statements(organizations)
    return [
        Result("deliveries", ours, unit="per second"),
        *(Result(f"dj-stripe, {form}", rates, unit="per second") for form, rates in theirs.items()),
        *(_compare(form, ours, theirs[form], goal) for form, goal in GOALS.items()),
        Result("repeated deliveries", duplicates, unit="per second"),
        Result("deliveries: statements of the first", [statements], f"<= {FIRST_QUERIES}"),
        Result("deliveries: statements of a duplicate", [of_duplicate], f"<= {REPEATED_QUERIES}"),
        Result(
            f"deliveries: wait in a burst of {burst}", [_quantile(waits, 0.5)], unit="s, median"
        ),
        Result(f"deliveries: wait in a burst of {burst}", [_quantile(waits, 0.99)], unit="s, 99 %"),
    ]


def _compare(form: str, ours: list[float], theirs: list[float], goal: str) -> Result:
    ratios = [our / their for our, their in zip(ours, theirs, strict=True)]
    return Result(f"deliveries: times dj-stripe, {form}", ratios, goal, baseline=theirs)


def _organizations() -> list[Organization]:
    existing = Organization.objects.filter(slug__startswith="hook-")
    return list(existing) or [data.build(f"hook-{n}", 3) for n in range(ORGANIZATIONS)]


def _open_purchases(organizations: list[Organization], number: int) -> list[str]:
    """Create ``number`` purchases; return the ids of their paid Checkout Sessions."""
    terms = {term.organization_id: term for term in Term.objects.all()}
    buyers = {one.pk: one.memberships.get(license_number=1).user for one in organizations}
    now = clock.now()
    rows = []
    for organization in itertools.islice(itertools.cycle(organizations), number):
        name = f"bench{next(_numbers)}"
        rows.append(
            Purchase(
                kind="add_on",
                organization=organization,
                buyer=buyers[organization.pk],
                term=terms[organization.pk],
                quantity=10,
                unit_amount=500,
                total_amount=5000,
                currency="usd",
                organization_name=organization.name,
                package_name="Association",
                buyer_name="Ada",
                buyer_email=buyers[organization.pk].email,
                idempotency_key=name,
                session_id=f"cs_test_{name}",
                created_at=now,
                status="open",
            )
        )
    Purchase.objects.bulk_create(rows, batch_size=500)
    _purchases.update({row.session_id or "": row for row in rows})
    return [row.session_id or "" for row in rows]


def _session(session_id: str) -> CheckoutSession:
    purchase = _purchases[session_id]
    return CheckoutSession(
        id=session_id,
        url="",
        status="complete",
        payment_status="paid",
        mode="payment",
        amount_total=purchase.total_amount,
        currency=purchase.currency,
        livemode=False,
        created_at=clock.now(),
        expires_at=clock.now() + timedelta(minutes=30),
        purchase_id=str(purchase.pk),
        is_ours=True,
        quantity=purchase.quantity,
        unit_amount=purchase.unit_amount,
        payment=Payment(
            payment_intent_id=f"pi_{session_id}",
            amount=purchase.total_amount,
            card_brand="visa",
            card_last4="4242",
            card_funding="credit",
            paid_at=clock.now(),
        ),
    )


def _deliver_one(session_id: str) -> None:
    text = json.dumps(completed(session_id, id=f"evt_{session_id}"))
    response = _client().post(
        PATH,
        text,
        content_type="application/json",
        headers={"Stripe-Signature": signature(text)},
    )
    assert response.status_code == 200, response.content


@lru_cache(1)
def _client() -> Client:
    # One for all, because its handler is as slow to build as a server is to start.
    client = Client(enforce_csrf_checks=True)
    client.get("/pricing/")
    return client


def _deliver(
    batch: list[str], seconds: float, *, repeat: bool = False
) -> list[workers.ClientTimes]:
    """Let each client deliver its share of events once, or over and over with ``repeat``."""

    def task(client: int, number: int) -> bool:
        share = batch[client :: workers.CLIENTS]
        if repeat:
            number %= max(1, len(share))
        if number >= len(share):
            return False
        _deliver_one(share[number])
        return True

    return workers.run_clients(task, seconds)


def _settled(batch: list[str]) -> list[str]:
    settled = set(
        Purchase.objects.filter(session_id__in=batch, status="settled").values_list(
            "session_id", flat=True
        )
    )
    return [session_id for session_id in batch if session_id in settled]


def _fulfilled(batch: list[str]) -> int:
    keys = Purchase.objects.filter(session_id__in=batch).values_list("pk", flat=True)
    references = [f"purchase:{key}" for key in keys]
    return LicenseEntry.objects.filter(reference__in=references).count()


def _burst(organizations: list[Organization], number: int) -> list[float]:
    """Return how long events wait that arrive at eight processes at the same time."""
    batch = _open_purchases(organizations, number)
    results = _deliver(batch, seconds=600)
    assert _fulfilled(batch) == number
    return sorted(end for result in results for end in result.ends)


def _quantile(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))]


def _statements(organizations: list[Organization]) -> tuple[int, int]:
    """Count the statements of a first delivery and of its duplicate, without the stub's."""
    [session_id] = _open_purchases(organizations, 1)
    session = _session(session_id)
    counts: list[int] = []
    for _ in range(2):
        stub = mock.patch.object(processor, "retrieve_session", return_value=session)
        with stub, data.statements() as executed:
            _deliver_one(session_id)
        # Count BEGIN and COMMIT as the test does; ``executed`` has only SQLite's BEGIN.
        begins = sum(sql.startswith("BEGIN") for sql in executed)
        counts.append(len(executed) - begins + 2 * (1 if counts else 2))
    return counts[0], counts[1]
