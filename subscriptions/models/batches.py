"""Batches of rows, because databases limit the number of values in one statement."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

BATCH_SIZE = 500
T = TypeVar("T")


def batches(values: Iterable[T]) -> Iterator[list[T]]:
    """Split ``values`` into lists of at most ``BATCH_SIZE``."""
    items = list(values)
    for start in range(0, len(items), BATCH_SIZE):
        yield items[start : start + BATCH_SIZE]
