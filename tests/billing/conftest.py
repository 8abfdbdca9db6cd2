"""What stories about the payment processor share."""

import pytest
from pytest_django import Settings

from billing.sandbox.control.client import SandboxControl
from tests.billing.renewals import IN_WINDOW
from tests.support.world import World

NOBODY = "http://127.0.0.1:1"


@pytest.fixture
def impatient(stripe: SandboxControl, settings: Settings) -> Settings:
    """The SDK asks once and does not wait long, so that a fault shows at once."""
    settings.STRIPE_MAX_NETWORK_RETRIES = 0
    settings.STRIPE_READ_TIMEOUT = 1.2  # a busy machine takes its time without any fault
    return settings


@pytest.fixture
def support(settings: Settings) -> str:
    """The address that is told of payments that did not add up."""
    address = settings.SUPPORT_EMAIL = "help@licensing.example"
    return address


@pytest.fixture
def window(world: World) -> World:
    """The renewal window of Lakeside's term is open."""
    world.at(IN_WINDOW)
    return world
