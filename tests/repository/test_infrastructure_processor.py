"""Guarantees of tests/support/processor.py."""

import pytest
import requests
from pytest_django import Settings

from billing.sandbox.control.client import SandboxControl
from billing.sandbox.control.process import SandboxProcess
from tests.support.server import Site


def test_site_uses_the_local_stripe(stripe: SandboxControl, settings: Settings) -> None:
    assert stripe.base_url == settings.STRIPE_API_BASE

    response = requests.get(
        f"{settings.STRIPE_API_BASE}/v1/checkout/sessions",
        auth=(settings.STRIPE_SECRET_KEY, ""),
        timeout=5,
    )

    assert response.json()["data"] == []


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_starts_without_faults(stripe: SandboxControl, turn: int) -> None:
    assert stripe.faults() == []

    stripe.fault("error", status=500)

    assert len(stripe.faults()) == 1


def test_nothing_is_delivered_by_default(stripe: SandboxControl) -> None:
    assert stripe.webhooks() == []


@pytest.mark.journey
def test_webhooks_reach_the_live_site(stripe: SandboxControl, site: Site) -> None:
    (endpoint,) = stripe.webhooks()

    assert endpoint["url"] == f"http://127.0.0.1:{site.port}/stripe/webhook/"


def test_one_process_serves_all_tests(
    stripe_process: SandboxProcess, stripe: SandboxControl
) -> None:
    assert stripe.base_url == stripe_process.base_url
