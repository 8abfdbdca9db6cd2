"""Registries of panels, filters and the like, in the order pages show them.

A page lists its own entries. For another app's entry it reserves a key with ``RESERVED``, which
that app fills at startup.
"""

from collections.abc import Iterator
from typing import Any, Generic, TypeVar

T = TypeVar("T")

# Marks a key that another app fills.
RESERVED: Any = object()


class Registry(Generic[T]):
    """Ordered entries by key, such as the panels of a page or the filters of a list."""

    def __init__(self, **entries: T) -> None:
        self._entries = entries

    def register(self, key: str, entry: T) -> None:
        """Fill a reserved key. Raises ValueError if it is not reserved, or already filled."""
        if self._entries.get(key) is not RESERVED:
            raise ValueError(f"{key!r} is not a reserved key, or is already filled")
        self._entries[key] = entry

    def __getitem__(self, key: str) -> T:
        """Return an entry. Raises LookupError if it is not registered."""
        entry = self._entries[key]
        if entry is RESERVED:
            raise LookupError(f"{key!r} is not registered")
        return entry

    def __iter__(self) -> Iterator[T]:
        """Iterate over the entries, in order."""
        return (self[key] for key in self._entries)

    def items(self) -> Iterator[tuple[str, T]]:
        """Iterate over keys and entries, in order."""
        return ((key, self[key]) for key in self._entries)
