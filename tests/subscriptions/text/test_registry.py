"""Other apps add content to a page only in the slots reserved for it."""

import pytest

from subscriptions.admin.organizations import page
from subscriptions.text.registry import RESERVED, Registry


def test_entries_are_in_the_order_of_the_slots() -> None:
    registry: Registry[str] = Registry(first="a", second=RESERVED, third="c")

    registry.register("second", "b")

    assert list(registry) == ["a", "b", "c"]
    assert list(registry.items()) == [("first", "a"), ("second", "b"), ("third", "c")]


@pytest.mark.parametrize("key", ["first", "fourth"])
def test_slots_cannot_be_replaced_or_added(key: str) -> None:
    registry: Registry[str] = Registry(first="a")

    with pytest.raises(ValueError, match=key):
        registry.register(key, "b")
    assert list(registry) == ["a"]


def test_slot_cannot_be_filled_twice() -> None:
    registry: Registry[str] = Registry(first=RESERVED)
    registry.register("first", "a")

    with pytest.raises(ValueError, match="first"):
        registry.register("first", "b")


def test_unfilled_slot_raises_an_error() -> None:
    registry: Registry[str] = Registry(first=RESERVED)

    with pytest.raises(LookupError, match="first"):
        list(registry)


@pytest.mark.parametrize(
    "registry",
    [page.PANELS, page.ALERTS, page.TOOLS, page.ACTIONS, page.FILTERS, page.SEARCHES, page.TEXTS],
)
def test_every_slot_of_an_organization_is_filled(registry: Registry[object]) -> None:
    assert all(entry is not RESERVED for entry in registry)
