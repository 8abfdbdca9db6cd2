"""Deliveries per second with dj-stripe: ``python -m tests.programs.bench.rival.serve 2.0 800``.

The arguments are the seconds and the payments of a round. Each line of input starts a round, and
its rate is printed. With RIVAL_IS_LEAN set, dj-stripe stores events but does not copy objects.
"""

import itertools
import json
import multiprocessing
import os
import sys
import time
from typing import Any
from unittest import mock

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.programs.bench.rival.settings"

import django

django.setup()

import stripe  # noqa: E402  (the settings come first)
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, connections  # noqa: E402
from django.test import Client  # noqa: E402
from djstripe.models import Account, APIKey, Session, WebhookEndpoint  # noqa: E402

from tests.programs.bench.rival.shop.models import (  # noqa: E402
    LicenseEntry,
    Organization,
    Purchase,
)

SECRET = "whsec_measuring"
CLIENTS = 8
ORGANIZATIONS = 100
_numbers = itertools.count(1)


def main(seconds: float, payments: int) -> None:
    """Migrate, then measure a round for each line of input."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    # Otherwise each event would retrieve the account from the processor.
    account = Account.objects.create(id="acct_1", livemode=False)
    key, _ = APIKey.objects.get_or_create_by_api_key(settings.STRIPE_TEST_SECRET_KEY)
    APIKey.objects.filter(pk=key.pk).update(djstripe_owner_account=account)
    endpoint = WebhookEndpoint.objects.create(
        id="we_1", url="https://x.example", secret=SECRET, livemode=False, enabled_events=["*"]
    )
    path = f"/webhook/{endpoint.djstripe_uuid}/"
    organizations = [
        Organization.objects.create(name=f"Officials {number}") for number in range(ORGANIZATIONS)
    ]
    with mock.patch.object(Session, "api_retrieve", _session):
        deliver(path, *open_purchases(organizations, 3))
        print("ready", flush=True)
        for _line in sys.stdin:
            print(_round(path, organizations, seconds, payments), flush=True)


def open_purchases(organizations: list[Organization], number: int) -> list[str]:
    """Create ``number`` purchases; return the ids of their paid Checkout Sessions."""
    rows = []
    for organization in itertools.islice(itertools.cycle(organizations), number):
        rows.append(
            Purchase(
                organization=organization,
                session_id=f"cs_test_{next(_numbers)}",
                quantity=10,
                total_amount=5000,
                currency="usd",
                buyer_email="ada@people.example",
            )
        )
    Purchase.objects.bulk_create(rows, batch_size=500)
    return [row.session_id for row in rows]


def deliver(path: str, *session_ids: str) -> None:
    """Sign and deliver an event for each session."""
    client = _client()
    for session_id in session_ids:
        event = {
            "id": f"evt_{session_id}",
            "object": "event",
            "api_version": stripe.api_version,
            "created": int(time.time()),
            "data": {"object": _session(Session(id=session_id))},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": "checkout.session.completed",
        }
        body = json.dumps(event)
        header = stripe.WebhookSignature.generate_signature_header(body, SECRET)
        response = client.post(
            path, body, content_type="application/json", headers={"Stripe-Signature": header}
        )
        assert response.status_code == 200, response.content


def _client(cache: list[Client] = []) -> Client:  # noqa: B006  (one for all: as slow as a server)
    if not cache:
        cache.append(Client())
    return cache[0]


def _session(session: Session, *args: object, **kwargs: object) -> dict[str, Any]:
    """Return the processor's response without calling it."""
    now = int(time.time())
    return {
        "id": session.id,
        "object": "checkout.session",
        "amount_subtotal": 5000,
        "amount_total": 5000,
        "cancel_url": "https://x.example",
        "client_reference_id": None,
        "created": now,
        "currency": "usd",
        "customer": None,
        "expires_at": now + 1800,
        "line_items": None,
        "livemode": False,
        "metadata": {},
        "mode": "payment",
        "payment_intent": None,
        "payment_method_types": ["card"],
        "payment_status": "paid",
        "status": "complete",
        "submit_type": None,
        "subscription": None,
        "success_url": "https://x.example",
        "url": None,
    }


def _round(path: str, organizations: list[Organization], seconds: float, payments: int) -> float:
    batch = open_purchases(organizations, payments)
    keys = set(Purchase.objects.filter(session_id__in=batch).values_list("pk", flat=True))
    connections.close_all()
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(CLIENTS)
    pipes = [context.Pipe(duplex=False) for _ in range(CLIENTS)]
    workers = [
        context.Process(target=_work, args=(path, batch[n::CLIENTS], seconds, barrier, pipes[n][1]))
        for n in range(CLIENTS)
    ]
    for worker in workers:
        worker.start()
    ends = list(itertools.chain(*[pipe[0].recv() for pipe in pipes]))
    for worker in workers:
        worker.join()
    references = [f"purchase:{key}" for key in keys]
    fulfilled = LicenseEntry.objects.filter(reference__in=references).count()
    assert fulfilled == len(ends), (fulfilled, len(ends))
    return len(ends) / max(ends)


def _work(path: str, session_ids: list[str], seconds: float, barrier: Any, pipe: Any) -> None:
    connection.ensure_connection()
    ends = []
    barrier.wait()
    start = time.perf_counter()
    for session_id in session_ids:
        if time.perf_counter() - start > seconds:
            break
        deliver(path, session_id)
        ends.append(time.perf_counter() - start)
    connection.close()
    pipe.send(ends)
    # Skip the exit handlers inherited from the parent.
    os._exit(0)


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
