from collections.abc import Callable
from typing import Any

import pytest

from subscriptions.models import Membership, User
from tests.journeys.people import Person, remember
from tests.support.browser import DESKTOP, ContextMaker
from tests.support.world import World

SignedIn = Callable[..., Person]


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker(pytest.mark.journey)


@pytest.fixture
def signed_in(new_context: ContextMaker) -> SignedIn:
    """Return a function that opens a browser signed in as a member."""

    def sign_in(member: Membership | User, device: dict[str, Any] = DESKTOP) -> Person:
        context = new_context(device)
        remember(context, member, new_context.site.url)
        return Person(context.new_page())

    return sign_in


@pytest.fixture
def arlo(world: World, signed_in: SignedIn) -> Person:
    """Return Lakeside's Assignor at a desktop computer, signed in."""
    return signed_in(world.assignor)
