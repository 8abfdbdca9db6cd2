"""Requests that exclude each other: exactly one wins."""

import functools
from typing import Any

import pytest
import stripe

from billing.sandbox.client import SandboxControl
from billing.sandbox.process import SandboxProcess
from tests.sandbox.helpers import at_once, client_of, open_session


@pytest.mark.parametrize("number", range(8))
def test_of_paying_and_expiring_one_wins(
    sandbox: SandboxProcess, control: SandboxControl, client: stripe.StripeClient, number: int
) -> None:
    session = open_session(client)
    others = [client_of(sandbox) for _ in range(2)]

    results = at_once(
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


def test_of_many_refunds_the_sum_never_exceeds_the_charge(
    sandbox: SandboxProcess, control: SandboxControl, client: stripe.StripeClient
) -> None:
    control.pay(open_session(client).id)
    charge = client.v1.charges.list().data[0].id

    def refund() -> Any:
        return client_of(sandbox).v1.refunds.create({"charge": charge, "amount": 4000})

    results = at_once(*[refund] * 6)

    assert sum(isinstance(result, stripe.Refund) for result in results) == 3
    assert client.v1.charges.retrieve(charge).amount_refunded == 12000
