"""Support at work."""

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
    """Sunny, of the group Support."""
    return Desk(world.client(world.support))


@pytest.fixture
def root(world: World) -> Desk:
    """A superuser."""
    return Desk(world.client(UserFactory.create(is_staff=True, is_superuser=True)))


@pytest.fixture
def window(world: World) -> World:
    """The renewal window of Lakeside's term is open."""
    world.at(IN_WINDOW)
    return world


@pytest.fixture
def impatient(stripe: SandboxControl, settings: Settings) -> Settings:
    """The SDK asks once and does not wait long, so that a fault shows at once."""
    settings.STRIPE_MAX_NETWORK_RETRIES = 0
    settings.STRIPE_READ_TIMEOUT = 1.2
    return settings


@pytest.fixture
def bought(world: World, stripe: SandboxControl) -> Purchase:
    """Ten add-ons, paid and granted."""
    return world.buy_and_settle(10)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Filling a large database takes longer than all other tests: only where it is asked for."""
    if "scale" in config.getoption("markexpr"):
        return
    left_out = [item for item in items if item.get_closest_marker("scale")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
