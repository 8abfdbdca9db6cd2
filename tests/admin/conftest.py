"""Fixtures for the tests of the Django admin."""

import pytest

from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from tests.admin.client import Admin
from tests.support.factories import UserFactory
from tests.support.world import World


@pytest.fixture
def support(world: World) -> Admin:
    """Return the client of Sunny, a member of the Support group."""
    return Admin(world.client(world.support))


@pytest.fixture
def superuser(world: World) -> Admin:
    """Return the client of a superuser."""
    return Admin(world.client(UserFactory.create(is_staff=True, is_superuser=True)))


@pytest.fixture
def purchase(world: World, stripe: SandboxControl) -> Purchase:
    """Return a fulfilled purchase of 10 add-ons."""
    return world.buy_and_settle(10)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run scale tests only on request: filling their database takes longer than all other tests."""
    if "scale" in config.getoption("markexpr"):
        return
    deselected = [item for item in items if item.get_closest_marker("scale")]
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        items[:] = [item for item in items if item not in deselected]
