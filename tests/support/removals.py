"""Remove licenses as support does."""

import uuid
from typing import Any

from billing.support.removals import remove_licenses
from subscriptions.licenses.removals import RemovalOrder
from subscriptions.models import LicenseRemoval
from tests.support.world import World


def remove(world: World, quantity: int, **changes: Any) -> LicenseRemoval:
    """Remove licenses from Lakeside's renewal; renewal must be open."""
    actor = changes.pop("actor", world.support)
    order: dict[str, Any] = {
        "reason": "fewer games",
        "asked_by": "Ada",
        "submission": uuid.uuid4(),
    }
    order |= changes
    return remove_licenses(world.lakeside, RemovalOrder(quantity, **order), actor=actor)
