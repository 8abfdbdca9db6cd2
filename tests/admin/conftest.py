"""Return a client signed in as support."""

import pytest
from pytest_django import Settings

from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from tests.admin.desk import Desk
from tests.billing.renewals import IN_WINDOW
from tests.support.factories import UserFactory
from tests.support.world import World


@pytest.fixture
def desk(world: World) -> Desk:
    """Return Sunny, a member of the Support group."""
    return Desk(world.client(world.support))


@pytest.fixture
def root(world: World) -> Desk:
    """Return a superuser."""
    return Desk(world.client(UserFactory.create(is_staff=True, is_superuser=True)))


@pytest.fixture
def window(world: World) -> World:
    """Move the clock into the renewal window of Lakeside's term."""
    world.at(IN_WINDOW)
    return world


@pytest.fixture
def impatient(stripe: SandboxControl, settings: Settings) -> Settings:
    """Limit SDK retries and timeouts so that faults show immediately."""
    settings.STRIPE_MAX_NETWORK_RETRIES = 0
    settings.STRIPE_READ_TIMEOUT = 1.2
    return settings


@pytest.fixture
def bought(world: World, stripe: SandboxControl) -> Purchase:
    """Return a fulfilled purchase of 10 add-ons."""
    return world.buy_and_settle(10)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run scale tests only on request: filling their database takes longer than all other tests."""
    if "scale" in config.getoption("markexpr"):
        return
    left_out = [item for item in items if item.get_closest_marker("scale")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
