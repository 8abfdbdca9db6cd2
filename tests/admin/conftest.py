"""Return a client signed in as support."""

import pytest

from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from tests.admin.desk import Desk
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
