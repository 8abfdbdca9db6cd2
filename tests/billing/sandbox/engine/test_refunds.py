"""Creating, reading and listing refunds."""

from typing import Any

import pytest
import stripe
from stripe import StripeClient

from billing.sandbox.control.client import SandboxControl
from tests.billing.sandbox.helpers import DECLINED, open_session

pytestmark = pytest.mark.one_database


def test_payment_can_be_refunded_in_full(client: StripeClient, charge: Any) -> None:
    refund = client.v1.refunds.create(
        {
            "payment_intent": charge.payment_intent,
            "reason": "requested_by_customer",
            "metadata": {"why": "surplus"},
        }
    )

    found = client.v1.charges.retrieve(charge.id)
    assert (refund.amount, refund.status, refund.charge) == (12500, "succeeded", charge.id)
    assert refund.metadata is not None
    assert refund.metadata["why"] == "surplus"
    assert (found.amount_refunded, found.refunded) == (12500, True)
    types = [event.type for event in client.v1.events.list({"limit": 2}).data]
    assert sorted(types) == ["charge.refunded", "refund.created"]


def test_partial_refunds_add_up(client: StripeClient, charge: Any) -> None:
    client.v1.refunds.create({"charge": charge.id, "amount": 2500})
    partial = client.v1.charges.retrieve(charge.id)
    client.v1.refunds.create({"charge": charge.id})
    full = client.v1.charges.retrieve(charge.id)

    assert (partial.amount_refunded, partial.refunded) == (2500, False)
    assert (full.amount_refunded, full.refunded) == (12500, True)
    listed = client.v1.refunds.list({"charge": charge.id})
    assert [refund.amount for refund in listed.data] == [10000, 2500]
    assert client.v1.refunds.retrieve(listed.data[0].id).amount == 10000
    assert len(client.v1.refunds.list({"payment_intent": charge.payment_intent}).data) == 2


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        (12501, r"\(\$125.01\) is greater than unrefunded amount on charge \(\$125.00\)"),
        (0, "positive integer"),
    ],
)
def test_zero_or_too_large_amounts_are_refused(
    client: StripeClient, charge: Any, amount: int, message: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=message):
        client.v1.refunds.create({"charge": charge.id, "amount": amount})


def test_refunded_amount_cannot_be_refunded_again(client: StripeClient, charge: Any) -> None:
    client.v1.refunds.create({"charge": charge.id})

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.refunds.create({"charge": charge.id})

    assert refusal.value.code == "charge_already_refunded"


def test_unpaid_session_cannot_be_refunded(client: StripeClient, control: SandboxControl) -> None:
    intent = control.pay(open_session(client).id, card=DECLINED)["session"]["payment_intent"]

    with pytest.raises(stripe.InvalidRequestError, match="successful charge"):
        client.v1.refunds.create({"payment_intent": intent})


@pytest.mark.parametrize(
    "params", [{}, {"charge": "ch_x", "payment_intent": "pi_x"}, {"reason": "invalid"}]
)
def test_invalid_parameters_are_refused(client: StripeClient, params: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create(params)


def test_refund_can_stay_pending(
    client: StripeClient, control: SandboxControl, charge: Any
) -> None:
    control.fault("refund_pending", times=1)

    refund = client.v1.refunds.create({"charge": charge.id, "amount": 500})

    assert (refund.status, refund.pending_reason) == ("pending", "processing")
    assert client.v1.charges.retrieve(charge.id).amount_refunded == 500


def test_refund_can_be_made_outside_the_application(
    client: StripeClient, control: SandboxControl, charge: Any
) -> None:
    created = control.refund(charge=charge.id, amount=700)

    assert client.v1.refunds.list().data[0].id == created["id"]
