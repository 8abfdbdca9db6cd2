"""Refused webhook deliveries change nothing (R15)."""

import json
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

import pytest
from pytest_django import Settings

from billing.models import PaymentProblem, ProcessorEvent, Purchase
from billing.sandbox.control.client import SandboxControl
from billing.states import PurchaseStatus
from tests.billing.deliveries import completed, deliver, post, signature
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("stripe")

SECOND_SECRET = "whsec_second_for_tests"


@pytest.fixture
def body(world: World, stripe: SandboxControl) -> Iterator[str]:
    """Yield the body of a valid delivery; fail if it has any effect."""
    purchase = world.buy(10)
    world.pay(purchase)
    requests_before = len(stripe.requests())
    yield json.dumps(completed(purchase.session_id))
    assert world.held() == 25
    assert Purchase.objects.get().status == PurchaseStatus.OPEN
    assert not ProcessorEvent.objects.exists()
    assert not PaymentProblem.objects.exists()
    assert len(stripe.requests()) == requests_before


def is_refused(response: Any) -> bool:
    return bool(response.status_code == HTTPStatus.BAD_REQUEST)


def with_another_timestamp(body: str) -> str:
    return f"t={int(time.time())},{signature(body, age=400).partition(',')[2]}"


@pytest.mark.parametrize(
    "sign",
    [
        pytest.param(lambda body: signature(body, secret="whsec_wrong"), id="wrong secret"),
        pytest.param(lambda _: None, id="no signature"),
        pytest.param(lambda body: signature(body + " "), id="longer body"),
        pytest.param(lambda body: signature(body.replace("completed", "expired")), id="wrong body"),
        *[
            pytest.param(lambda body, age=age: signature(body, age=age), id=f"{age} seconds old")
            for age in (301, 3600, 10**9)
        ],
        pytest.param(with_another_timestamp, id="another timestamp"),
        pytest.param(lambda body: signature(body).replace("v1=", "v0="), id="old scheme"),
    ],
)
def test_invalid_signature_is_refused(body: str, sign: Callable[[str], str | None]) -> None:
    assert is_refused(post(body, sign(body)))


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        "garbage",
        "t=,v1=",
        "t=now,v1=aa",
        "v1=aa",
        "t=1",
        "=,=,=",
        "t=" + "9" * 5000 + ",v1=aa",
        "t=1,v1=" + "a" * 5000,
        "t=1,v1=caf\u00e9",
        "t=1,v1=\u00ff\u00fe",
        "\x00",
    ],
)
def test_malformed_signature_is_refused(body: str, header: str) -> None:
    assert is_refused(post(body, header))


@pytest.mark.parametrize("secrets", [[], [""], ["  "]])
def test_every_delivery_is_refused_without_a_secret(
    body: str, settings: Settings, secrets: list[str]
) -> None:
    header = signature(body)
    settings.STRIPE_WEBHOOK_SECRETS = secrets

    assert is_refused(post(body, header))
    assert is_refused(post(body, signature(body, secret=" ")))


@pytest.mark.parametrize(
    "other",
    [
        "{",
        "[]",
        "[1, 2]",
        "7",
        "null",
        '"evt"',
        "{}",
        '{"id": "evt_1"}',
        '{"id": "evt_1", "type": "a", "data": null}',
        '{"id": "evt_1", "type": "a", "livemode": false, "data": {"object": []}}',
        '{"id": "evt_1", "type": "a", "livemode": false, "data": {"object": "cs_test_1"}}',
        '{"id": "evt_1", "type": "a", "data": {"object": {"id": "cs_test_1"}}}',
        '{"a":' * 20_000 + "1" + "}" * 20_000,
        "[" * 100_000,
        "\ufeff{}",
    ],
    ids=[
        "unclosed",
        "empty list",
        "list",
        "number",
        "null",
        "text",
        "empty object",
        "no type",
        "no data",
        "list as object",
        "text as object",
        "no mode",
        "nested objects",
        "nested lists",
        "byte order mark",
    ],
)
def test_signed_body_that_is_not_an_event_is_refused(body: str, other: str) -> None:
    assert is_refused(deliver(other))


def changed(body: str, **fields: object) -> str:
    return json.dumps(json.loads(body) | fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "evt_" + "x" * 200},
        {"type": "y" * 200},
        {"api_version": "z" * 100},
        {"data": {"object": {"id": "w" * 300}}},
        {"id": ""},
        {"id": None},
        {"id": {}},
        {"type": 7},
        {"data": {"object": {"id": ["cs_test_1"]}}},
    ],
    ids=lambda fields: str(fields)[:24],
)
def test_event_with_invalid_values_is_refused(body: str, fields: dict[str, object]) -> None:
    assert is_refused(deliver(changed(body, **fields)))


@pytest.mark.parametrize(
    "change",
    [
        *[
            pytest.param(
                lambda body, number=number: body.replace(
                    '"pending_webhooks": 1', f'"pending_webhooks": {number}'
                ),
                id=number,
            )
            for number in ("NaN", "Infinity", "-Infinity")
        ],
        pytest.param(lambda body: b"\xff\xfe" + body.encode(), id="not UTF-8"),
        pytest.param(lambda body: body.encode("utf-16"), id="UTF-16"),
        pytest.param(lambda body: changed(body, account="acct_1Other"), id="other account"),
    ],
)
def test_invalid_body_is_refused(body: str, change: Callable[[str], str | bytes]) -> None:
    assert is_refused(deliver(change(body)))


def test_body_of_two_megabytes_is_not_read(body: str) -> None:
    huge = body + " " * 2_000_000

    response = deliver(huge)

    assert response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


@pytest.mark.parametrize("length", ["", "x", "-1", "1e3"])
def test_body_of_unknown_length_is_not_read(body: str, length: str) -> None:
    response = post(body, signature(body), CONTENT_LENGTH=length)

    assert response.status_code == HTTPStatus.LENGTH_REQUIRED


@pytest.mark.parametrize("livemode", [True, None, "false", 0])
def test_event_with_the_wrong_livemode_is_refused(body: str, livemode: object) -> None:
    assert is_refused(deliver(changed(body, livemode=livemode)))


def test_test_mode_event_is_refused_with_a_live_key(body: str, settings: Settings) -> None:
    settings.STRIPE_SECRET_KEY = "sk_live_0"

    assert is_refused(deliver(body))


class TestRotation:
    """During rotation, the processor signs with both secrets."""

    @pytest.mark.parametrize("secret", ["whsec_sandbox_for_tests", SECOND_SECRET])
    def test_both_secrets_are_accepted(self, world: World, settings: Settings, secret: str) -> None:
        settings.STRIPE_WEBHOOK_SECRETS = ["whsec_sandbox_for_tests", SECOND_SECRET]
        purchase = world.buy(10)
        world.pay(purchase)

        response = deliver(completed(purchase.session_id), secret=secret)

        assert response.status_code == HTTPStatus.OK
        assert world.held() == 35

    def test_one_valid_signature_of_several_is_enough(self, world: World) -> None:
        purchase = world.buy(10)
        world.pay(purchase)
        body = json.dumps(completed(purchase.session_id))
        valid = signature(body).partition("v1=")[2]

        response = post(body, f"t={int(time.time())},v1={'0' * 64},v0=x,v1={valid}")

        assert response.status_code == HTTPStatus.OK
        assert world.held() == 35

    def test_signature_just_within_the_tolerance_is_accepted(self, world: World) -> None:
        purchase = world.buy(10)
        world.pay(purchase)

        assert deliver(completed(purchase.session_id), age=290).status_code == HTTPStatus.OK
