"""What another app puts into a page goes into the place that is kept for it, and nowhere else."""

import pytest

from subscriptions.admin.organizations import page
from subscriptions.text.registry import ELSEWHERE, Registry


def test_the_order_is_that_of_the_page() -> None:
    registry: Registry[str] = Registry(first="a", second=ELSEWHERE, third="c")

    registry.register("second", "b")

    assert list(registry) == ["a", "b", "c"]
    assert list(registry.items()) == [("first", "a"), ("second", "b"), ("third", "c")]


@pytest.mark.parametrize("key", ["first", "fourth"])
def test_what_stands_there_is_not_replaced_and_nothing_is_added(key: str) -> None:
    registry: Registry[str] = Registry(first="a")

    with pytest.raises(ValueError, match=key):
        registry.register(key, "b")
    assert list(registry) == ["a"]


def test_a_place_is_filled_once() -> None:
    registry: Registry[str] = Registry(first=ELSEWHERE)
    registry.register("first", "a")

    with pytest.raises(ValueError, match="first"):
        registry.register("first", "b")


def test_a_place_that_nobody_has_filled_is_no_empty_one() -> None:
    registry: Registry[str] = Registry(first=ELSEWHERE)

    with pytest.raises(LookupError, match="first"):
        list(registry)


@pytest.mark.parametrize(
    "registry",
    [page.PANELS, page.ALERTS, page.TOOLS, page.ACTIONS, page.FILTERS, page.SEARCHES, page.TEXTS],
)
def test_every_place_of_an_organization_is_filled(registry: Registry[object]) -> None:
    assert all(entry is not ELSEWHERE for entry in registry)
