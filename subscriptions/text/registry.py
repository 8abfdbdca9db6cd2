"""What pages are composed of, by key; where it matters, in the order in which they show it.

A page names what it builds itself. For what an app above this one adds, it keeps a place with a
key, ``ELSEWHERE``, and that app registers it at start-up.
"""

from collections.abc import Iterator
from typing import Any, Generic, TypeVar

T = TypeVar("T")

# A place that another app fills.
ELSEWHERE: Any = object()


class Registry(Generic[T]):
    """Panels of a page, or filters of a list, or anything else that a page has several of."""

    def __init__(self, **entries: T) -> None:
        self._entries = entries

    def register(self, key: str, entry: T) -> None:
        """Fill a place. Raises ValueError: there is no such place, or it is filled already."""
        if self._entries.get(key) is not ELSEWHERE:
            raise ValueError(f"no place is kept for {key!r}")
        self._entries[key] = entry

    def __getitem__(self, key: str) -> T:
        """What stands in a place. Raises LookupError: nobody has registered it."""
        entry = self._entries[key]
        if entry is ELSEWHERE:
            raise LookupError(f"nobody has registered {key!r}")
        return entry

    def __iter__(self) -> Iterator[T]:
        """All of it, in order."""
        return (self[key] for key in self._entries)

    def items(self) -> Iterator[tuple[str, T]]:
        """All of it with its keys, in order."""
        return ((key, self[key]) for key in self._entries)
