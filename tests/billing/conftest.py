"""Fixtures shared by the billing tests."""

import pytest
from pytest_django import Settings

from billing.sandbox.control.client import SandboxControl
from tests.billing.renewals import IN_WINDOW
from tests.support.world import World

UNREACHABLE = "http://127.0.0.1:1"


@pytest.fixture
def impatient(stripe: SandboxControl, settings: Settings) -> Settings:
    """Limit SDK retries and timeouts so that faults show immediately."""
    settings.STRIPE_MAX_NETWORK_RETRIES = 0
    settings.STRIPE_READ_TIMEOUT = 1.2  # a busy machine is slow even without faults
    return settings


@pytest.fixture
def support(settings: Settings) -> str:
    """Return the address notified of payment problems."""
    address = settings.SUPPORT_EMAIL = "help@licensing.example"
    return address


@pytest.fixture
def window(world: World) -> World:
    """Move the clock into the renewal window of Lakeside's term."""
    world.at(IN_WINDOW)
    return world
