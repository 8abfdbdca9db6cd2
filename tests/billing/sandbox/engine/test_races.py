"""Of mutually exclusive concurrent requests, exactly one succeeds."""

import functools
from typing import Any

import pytest
import stripe
from stripe import StripeClient

from billing.sandbox.control.client import SandboxControl
from billing.sandbox.control.process import SandboxProcess
from tests.billing.sandbox.helpers import client_of, concurrently, open_session, paid_charge

pytestmark = pytest.mark.one_database


@pytest.mark.parametrize("number", range(8))
def test_either_payment_or_expiry_succeeds(
    sandbox: SandboxProcess, control: SandboxControl, client: StripeClient, number: int
) -> None:
    session = open_session(client)
    others = [client_of(sandbox) for _ in range(2)]

    results = concurrently(
        functools.partial(control.pay, session.id),
        functools.partial(others[0].v1.checkout.sessions.expire, session.id),
        functools.partial(others[1].v1.checkout.sessions.expire, session.id),
        functools.partial(control.pay, session.id),
    )

    status = client.v1.checkout.sessions.retrieve(session.id).status
    paid = sum(isinstance(r, dict) and r["outcome"] == "paid" for r in results)
    expired = sum(isinstance(r, stripe.checkout.Session) for r in results)
    assert paid + expired == 1
    assert status == ("complete" if paid else "expired")
    types = [event.type for event in client.v1.events.list().data]
    assert types.count("checkout.session.completed") == paid
    assert types.count("checkout.session.expired") == expired
    assert len(client.v1.charges.list().data) == paid


def test_concurrent_refunds_never_exceed_the_charge(
    sandbox: SandboxProcess, control: SandboxControl, client: StripeClient
) -> None:
    control.pay(open_session(client).id)
    charge = client.v1.charges.list().data[0].id

    def refund() -> Any:
        return client_of(sandbox).v1.refunds.create({"charge": charge, "amount": 4000})

    results = concurrently(*[refund] * 6)

    assert sum(isinstance(result, stripe.Refund) for result in results) == 3
    assert client.v1.charges.retrieve(charge).amount_refunded == 12000


@pytest.mark.parametrize("number", range(8))
def test_either_full_refund_or_full_dispute_succeeds(
    sandbox: SandboxProcess, control: SandboxControl, client: StripeClient, number: int
) -> None:
    charge = paid_charge(client, control).id
    other = client_of(sandbox)

    results = concurrently(
        lambda: other.v1.refunds.create({"charge": charge}),
        lambda: control.open_dispute(charge=charge),
    )

    refunds = client.v1.refunds.list({"charge": charge}).data
    disputes = client.v1.disputes.list({"charge": charge}).data
    assert len(refunds) + len(disputes) == 1
    assert sum(isinstance(result, Exception) for result in results) == 1


@pytest.mark.parametrize("number", range(4))
def test_dispute_closes_once(control: SandboxControl, client: StripeClient, number: int) -> None:
    opened = control.open_dispute(charge=paid_charge(client, control).id)["id"]

    concurrently(
        lambda: control.close_dispute(opened, "won"), lambda: control.close_dispute(opened, "lost")
    )

    status = client.v1.disputes.retrieve(opened).status
    types = [event.type for event in client.v1.events.list().data]
    assert types.count("charge.dispute.closed") == 1
    assert types.count("charge.dispute.funds_reinstated") == (status == "won")


def test_concurrent_failures_of_a_refund_count_once(
    control: SandboxControl, client: StripeClient
) -> None:
    charge = paid_charge(client, control).id
    control.refund(charge=charge, amount=500)
    refund = control.refund(charge=charge, amount=700)["id"]

    concurrently(*[lambda: control.fail_refund(refund)] * 4)

    assert client.v1.charges.retrieve(charge).amount_refunded == 500


def test_concurrent_requests_with_one_key_refund_once(
    sandbox: SandboxProcess, control: SandboxControl, client: StripeClient
) -> None:
    charge = paid_charge(client, control).id

    def refund() -> Any:
        params: Any = {"charge": charge, "amount": 4000}
        other = client_of(sandbox, retries=4)
        return other.v1.refunds.create(params, {"idempotency_key": "one"})

    results = concurrently(*[refund] * 4)

    assert len({result.id for result in results}) == 1
    assert client.v1.charges.retrieve(charge).amount_refunded == 4000
