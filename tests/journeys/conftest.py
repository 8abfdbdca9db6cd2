from collections.abc import Callable
from typing import Any

import pytest

from subscriptions.models import Membership, User
from tests.journeys.people import Person, sign_in_with_cookie
from tests.support.browser import DESKTOP, ContextMaker
from tests.support.world import World

SignedIn = Callable[..., Person]


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker(pytest.mark.journey)


@pytest.fixture
def signed_in(new_context: ContextMaker) -> SignedIn:
    """Return a function that opens a browser in which a member is signed in."""

    def sign_in(member: Membership | User, device: dict[str, Any] = DESKTOP) -> Person:
        context = new_context(device)
        sign_in_with_cookie(context, member, new_context.site.url)
        return Person(context.new_page())

    return sign_in


@pytest.fixture
def arlo(world: World, signed_in: SignedIn) -> Person:
    """Return Lakeside's Assignor, signed in on a desktop computer."""
    return signed_in(world.assignor)
