"""Each API fault has its documented effect, on the given requests and as often as given."""

import time
from typing import Any

import pytest
import requests
import stripe
from stripe import StripeClient

from billing.sandbox.control.client import SandboxControl, SandboxError
from billing.sandbox.control.process import SandboxProcess
from tests.billing.sandbox.helpers import client_of, concurrently, open_session, purchase, until

pytestmark = pytest.mark.one_database


def number_of_sessions(control: SandboxControl) -> int:
    return len(control.sessions())


@pytest.mark.parametrize("status", [500, 503, 402, 403])
def test_error_is_returned_before_any_effect(
    client: StripeClient, control: SandboxControl, status: int
) -> None:
    control.fault("error", status=status, times=1)

    with pytest.raises(stripe.StripeError) as failure:
        open_session(client)

    assert failure.value.http_status == status
    assert number_of_sessions(control) == 0
    assert open_session(client).status == "open"


def test_error_after_creates_the_session(client: StripeClient, control: SandboxControl) -> None:
    control.fault("error_after", method="POST", path="/v1/checkout/sessions", times=1)

    with pytest.raises(stripe.APIError):
        open_session(client)

    assert number_of_sessions(control) == 1


def test_drop_after_creates_the_session_for_a_retry(
    sandbox: SandboxProcess, control: SandboxControl, client: StripeClient
) -> None:
    control.fault("drop_after", method="POST", times=2)

    with pytest.raises(stripe.APIConnectionError):
        open_session(client)
    retried = open_session(client_of(sandbox, retries=1))

    assert number_of_sessions(control) == 2
    assert control.sessions()[1]["id"] == retried.id


def test_drop_before_creates_no_session(client: StripeClient, control: SandboxControl) -> None:
    control.fault("drop_before", times=1)

    with pytest.raises(stripe.APIConnectionError):
        open_session(client)

    assert number_of_sessions(control) == 0


@pytest.mark.parametrize("kind", ["slow", "slow_after"])
def test_slow_delays_the_response(client: StripeClient, control: SandboxControl, kind: str) -> None:
    control.fault(kind, seconds=0.2, times=1)
    started = time.monotonic()

    open_session(client)

    assert time.monotonic() - started >= 0.2


def test_session_can_be_paid_before_its_creation_responds(
    client: StripeClient, control: SandboxControl
) -> None:
    control.fault("slow_after", seconds=0.3, method="POST", times=1)

    def pay() -> Any:
        session = until(control.sessions)[0]
        return control.pay(session["id"])["outcome"]

    created, outcome = concurrently(lambda: open_session(client), pay)

    assert outcome == "paid"
    assert created.status == "open"  # the response shows the state at its creation


def test_rate_limited_raises_its_error(client: StripeClient, control: SandboxControl) -> None:
    control.fault("rate_limited", times=1)

    with pytest.raises(stripe.RateLimitError):
        open_session(client)


def test_conflict_returns_409(client: StripeClient, control: SandboxControl) -> None:
    control.fault("conflict", times=1)

    with pytest.raises(stripe.APIError) as failure:
        open_session(client)

    assert failure.value.http_status == 409


@pytest.mark.parametrize(("after", "sessions"), [(False, 0), (True, 1)])
def test_malformed_returns_html_instead_of_json(
    client: StripeClient, control: SandboxControl, after: bool, sessions: int
) -> None:
    control.fault("malformed", after=after, times=1)

    with pytest.raises(stripe.APIError) as failure:
        open_session(client)

    assert failure.value.http_status == 502
    assert failure.value.error is None
    assert number_of_sessions(control) == sessions


def test_stale_reads_a_paid_session_as_open(client: StripeClient, control: SandboxControl) -> None:
    session = open_session(client)
    control.pay(session.id)
    control.fault("stale", times=2)
    retrieve = client.v1.checkout.sessions.retrieve

    stale = retrieve(session.id, {"expand": ["payment_intent"]})
    listed = client.v1.checkout.sessions.list().data[0]
    fresh = retrieve(session.id)

    assert (stale.status, stale.payment_status, stale.payment_intent) == ("open", "unpaid", None)
    assert listed.status == "open"
    assert fresh.status == "complete"


def test_stale_lasts_for_a_while_after_paying(
    client: StripeClient, control: SandboxControl
) -> None:
    session = open_session(client)
    control.fault("stale", seconds=0.2)
    control.pay(session.id)

    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"
    until(lambda: client.v1.checkout.sessions.retrieve(session.id).status == "complete")


def test_override_changes_only_fields_of_the_response(
    client: StripeClient, control: SandboxControl
) -> None:
    session = open_session(client)
    fields = {"amount_total": 1, "livemode": True, "line_items.data.0.quantity": 7}
    control.fault("override", session=session.id, fields=fields, times=1)
    expand: Any = {"expand": ["line_items"]}

    altered = client.v1.checkout.sessions.retrieve(session.id, expand)
    original = client.v1.checkout.sessions.retrieve(session.id, expand)

    assert altered.line_items is not None
    assert original.line_items is not None
    assert (altered.amount_total, altered.livemode) == (1, True)
    assert altered.line_items.data[0].quantity == 7
    assert (original.amount_total, original.livemode) == (12500, False)
    assert original.line_items.data[0].quantity == 25


def test_override_changes_each_entry_of_a_list(
    client: StripeClient, control: SandboxControl
) -> None:
    open_session(client)
    open_session(client)
    control.fault("override", path="/v1/checkout/sessions", fields={"currency": "eur"})

    currencies = [session.currency for session in client.v1.checkout.sessions.list().data]

    assert currencies == ["eur", "eur"]


def test_ignored_key_creates_two_sessions(client: StripeClient, control: SandboxControl) -> None:
    control.fault("ignore_idempotency")

    created = [
        client.v1.checkout.sessions.create(purchase(), {"idempotency_key": "a"}).id
        for _ in range(2)
    ]

    assert len(set(created)) == 2


def test_fault_skips_other_requests_and_the_given_number(
    client: StripeClient, control: SandboxControl
) -> None:
    session, other = open_session(client), open_session(client)
    control.fault("error", method="GET", session=session.id, skip=1, times=1)
    retrieve = client.v1.checkout.sessions.retrieve

    retrieve(other.id)
    retrieve(session.id)
    with pytest.raises(stripe.APIError):
        retrieve(session.id)
    retrieve(session.id)

    fault = control.faults()[0]
    assert (fault["seen"], fault["applied"]) == (2, 1)


def test_seeded_probability_is_repeatable(client: StripeClient, control: SandboxControl) -> None:
    def run(seed: int) -> list[bool]:
        control.clear_faults()
        control.fault("error", probability=0.5, seed=seed)
        outcomes = []
        for _ in range(20):
            try:
                client.v1.checkout.sessions.list()
                outcomes.append(True)
            except stripe.APIError:
                outcomes.append(False)
        return outcomes

    first, again, other = run(1), run(1), run(2)

    assert first == again != other
    assert 4 <= sum(first) <= 16


def test_faults_can_be_cleared_individually_or_together(
    client: StripeClient, control: SandboxControl
) -> None:
    first = control.fault("error")
    control.fault("rate_limited")

    control.clear_faults(first["id"])
    with pytest.raises(stripe.RateLimitError):
        open_session(client)
    control.clear_faults()
    assert open_session(client).status == "open"


def test_unknown_fault_is_refused(control: SandboxControl) -> None:
    with pytest.raises(SandboxError, match="No such fault"):
        control.fault("invalid")


def test_payment_page_can_wait_for_the_webhook(
    client: StripeClient, control: SandboxControl, receiver: Any
) -> None:
    receiver.seconds = 0.1
    control.fault("redirect_waits", times=1)
    form = {
        "number": "4242424242424242",
        "exp": "12/34",
        "cvc": "123",
        "name": "A",
        "country": "US",
    }

    requests.post(str(open_session(client).url), form, timeout=5, allow_redirects=False)

    assert "checkout.session.completed" in receiver.types()
