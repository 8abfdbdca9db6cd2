from datetime import date

import pytest

from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from tests.billing.renewals import renew_and_settle
from tests.billing.reversals import renew_in_window
from tests.support.world import World, local


@pytest.fixture
def renewal(world: World, stripe: SandboxControl) -> Purchase:
    """Return the 2032 term's purchase, paid on December 10, 2031 with 25 licenses."""
    return renew_in_window(world)


@pytest.fixture
def next_renewal(world: World, renewal: Purchase) -> Purchase:
    """Return the 2033 term's purchase, paid in December 2032."""
    world.at(local(date(2032, 12, 10), 12))
    return renew_and_settle(world)
