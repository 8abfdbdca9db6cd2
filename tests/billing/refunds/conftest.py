import pytest

from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from tests.billing.reversals import renew_in_window
from tests.support.world import World


@pytest.fixture
def renewal(world: World, stripe: SandboxControl) -> Purchase:
    """Return the 2032 term's purchase, paid on December 10, 2031 with 25 licenses."""
    return renew_in_window(world)
