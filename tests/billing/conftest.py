"""Fixtures shared by the billing tests."""

import pytest
from pytest_django import Settings

from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from tests.support.world import World

UNREACHABLE = "http://127.0.0.1:1"


@pytest.fixture
def support(settings: Settings) -> str:
    """Return the address notified of payment problems."""
    address = settings.SUPPORT_EMAIL = "help@licensing.example"
    return address


@pytest.fixture
def bought(world: World, stripe: SandboxControl) -> Purchase:
    """Return a fulfilled purchase of 10 add-ons at $5.00, on top of 25 licenses."""
    return world.buy_and_settle(10)
