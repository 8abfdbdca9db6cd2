"""Requests with idempotency keys are replayed, refused or in conflict."""

from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import stripe
from stripe import StripeClient

from billing.sandbox.control.client import SandboxControl
from billing.sandbox.control.process import SandboxProcess
from tests.billing.sandbox.helpers import concurrently, line, purchase

pytestmark = pytest.mark.one_database


def create(client: StripeClient, key: str, **more: Any) -> Any:
    return client.v1.checkout.sessions.create(purchase(**more), {"idempotency_key": key})


def test_repeated_request_returns_the_same_session(client: StripeClient) -> None:
    first, second, other = create(client, "a"), create(client, "a"), create(client, "b")

    assert first.id == second.id != other.id
    assert len(client.v1.checkout.sessions.list().data) == 2


def test_replay_is_marked_and_repeats_the_body(sandbox: SandboxProcess) -> None:
    data = {
        "mode": "payment",
        "success_url": "http://localhost/",
        "line_items[0][quantity]": "5",
        "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": "500",
        "line_items[0][price_data][product_data][name]": "Licenses",
    }
    address = f"{sandbox.base_url}/v1/checkout/sessions"
    headers = {"Authorization": f"Bearer {sandbox.secret_key}", "Idempotency-Key": "a"}

    first, second = (requests.post(address, data, headers=headers, timeout=5) for _ in range(2))

    assert first.json() == second.json()
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["Idempotency-Key"] == "a"


def test_key_is_bound_to_its_parameters_and_endpoint(client: StripeClient) -> None:
    session = create(client, "a")

    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        create(client, "a", line_items=[line(30)])
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        client.v1.checkout.sessions.expire(session.id, {}, {"idempotency_key": "a"})


def test_invalid_parameters_do_not_use_up_the_key(client: StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        create(client, "a", line_items=[line(0)])

    assert create(client, "a").status == "open"


def test_error_for_wrong_status_is_replayed(client: StripeClient, control: SandboxControl) -> None:
    session = create(client, "a")
    control.pay(session.id)
    expire = client.v1.checkout.sessions.expire

    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError, match="status of complete"):
            expire(session.id, {}, {"idempotency_key": "b"})


def test_500_error_is_replayed(client: StripeClient, control: SandboxControl) -> None:
    control.fault("error_after", method="POST", times=1)

    for _ in range(2):
        with pytest.raises(stripe.APIError) as failure:
            create(client, "a")
        assert failure.value.http_status == 500

    assert len(client.v1.checkout.sessions.list().data) == 1


def test_concurrent_request_with_the_same_key_is_a_conflict(
    client: StripeClient, control: SandboxControl
) -> None:
    control.fault("slow", method="POST", seconds=0.3, times=2)

    results = concurrently(lambda: create(client, "a"), lambda: create(client, "a"))

    conflicts = [result for result in results if isinstance(result, stripe.APIError)]
    assert len(conflicts) == 1
    assert conflicts[0].http_status == 409
    assert conflicts[0].error is not None
    assert conflicts[0].error.code == "idempotency_key_in_use"


def test_key_expires_after_a_day(client: StripeClient, control: SandboxControl) -> None:
    control.set_clock(datetime(2027, 5, 1, tzinfo=UTC), frozen=True)
    first = create(client, "a")

    control.advance_clock(24 * 3600)

    assert create(client, "a").id != first.id


def test_key_that_is_too_long_is_refused(client: StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="255"):
        create(client, "k" * 256)
