"""Webhook deliveries: verified, recorded, settled, fulfilled. Counted in the ledger.

The processor answers at once, by a stub that stands here only: its own time is not ours. Everything
else is the product's way from the signature to the answer.
"""

import itertools
import json
import statistics
from datetime import timedelta
from functools import lru_cache
from unittest import mock

from django.db import connection
from django.test import Client

from billing.gateway import processor
from billing.gateway.types import CheckoutSession, Payment
from billing.models import Purchase
from subscriptions import clock
from subscriptions.models import LicenseEntry, Organization, Term
from tests.billing.deliveries import PATH, completed, signature
from tests.programs.bench import crew, data
from tests.programs.bench.goals import Result

ORGANIZATIONS = 100
_numbers = itertools.count(1)


def run(rounds: int, seconds: float, burst: int) -> list[Result]:
    """First deliveries and duplicates against the anchor, then many at once."""
    organizations = _organizations()
    _client()
    firsts, doubles, anchors, ratios, cheaper = [], [], [], [], []
    with mock.patch.object(processor, "retrieve_session", _response):
        # What a process does once is not a matter of each round's new ones.
        for session_id in _open_purchases(organizations, 3):
            _deliver_one(session_id)
        for _ in range(rounds):
            anchor = crew.commits_per_second(seconds)
            batch = _open_purchases(organizations, int(400 * seconds))
            shifts = _deliver(batch, seconds)
            handled = sum(len(shift.times) for shift in shifts)
            assert _fulfilled(batch) == handled, (
                "not every delivery has fulfilled its licenses once"
            )
            again = _deliver(_settled(batch), seconds, again=True)
            assert _fulfilled(batch) == handled, "a duplicate has fulfilled something"
            anchor = statistics.fmean([anchor, crew.commits_per_second(seconds)])
            first, double = crew.rate(shifts), crew.rate(again)
            firsts.append(first)
            doubles.append(double)
            anchors.append(anchor)
            ratios.append(first / anchor)
            cheaper.append(double / first)
        waits = _burst(organizations, burst)
    statements, of_duplicate = _statements(organizations)
    note = f"{statistics.median(firsts):.0f} of {statistics.median(anchors):.0f} commits a second"
    return [
        Result("raw commits a second", anchors),
        Result("webhooks: events per commit", ratios, ">= 0.05", anchor=anchors, note=note),
        Result(
            "webhooks: duplicates as cheap",
            cheaper,
            ">= 5",
            "times",
            note=f"{statistics.median(doubles):.0f} a second",
        ),
        Result("webhooks: statements of the first", [statements], "<= 12"),
        Result("webhooks: statements of a duplicate", [of_duplicate], "<= 4"),
        Result(f"webhooks: wait in a burst of {burst}", [_part(waits, 0.5)], unit="s, median"),
        Result(f"webhooks: wait in a burst of {burst}", [_part(waits, 0.99)], unit="s, 99 %"),
    ]


def _organizations() -> list[Organization]:
    made = Organization.objects.filter(slug__startswith="hook-")
    return list(made) or [data.build(f"hook-{n}", 3) for n in range(ORGANIZATIONS)]


def _open_purchases(organizations: list[Organization], number: int) -> list[str]:
    """The ids of so many paid Checkout Sessions of which nobody has told us yet."""
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
    return [row.session_id or "" for row in rows]


def _response(session_id: str) -> CheckoutSession:
    purchase = Purchase.objects.get(session_id=session_id)
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
    # One for all: its handler is as costly to build as a server is to start.
    client = Client(enforce_csrf_checks=True)
    client.get("/pricing/")
    return client


def _deliver(batch: list[str], seconds: float, *, again: bool = False) -> list[crew.Shift]:
    """Every client delivers its share, each event once; ``again``: its first one all the time."""

    def task(client: int, number: int) -> bool:
        mine = batch[client :: crew.CLIENTS]
        if again:
            number %= max(1, len(mine))
        if number >= len(mine):
            return False
        _deliver_one(mine[number])
        return True

    return crew.work(task, seconds)


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
    """How long each of so many events waits that come at one moment to eight processes."""
    batch = _open_purchases(organizations, number)
    shifts = _deliver(batch, seconds=600)
    assert _fulfilled(batch) == number
    return sorted(end for shift in shifts for end in shift.ends)


def _part(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))]


def _statements(organizations: list[Organization]) -> tuple[int, int]:
    """Of a first delivery, and of the same again; without what the stub asks."""
    [session_id] = _open_purchases(organizations, 1)
    response = _response(session_id)
    counts: list[int] = []
    for _ in range(2):
        asked: list[str] = []

        def note(execute, sql, *rest, asked=asked):
            asked.append(sql)
            return execute(sql, *rest)

        stub = mock.patch.object(processor, "retrieve_session", return_value=response)
        with stub, connection.execute_wrapper(note):
            _deliver_one(session_id)
        # Commit does not pass by the wrapper, nor does PostgreSQL's begin.
        unseen = 2 if data.is_postgresql() else 1
        counts.append(len(asked) + (0 if counts else unseen))
    return counts[0], counts[1]
