"""Helpers for expected refusals."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from subscriptions.policy.refusal import Reason, Refused


@contextmanager
def refuses(reason: Reason) -> Iterator[None]:
    """Expect a refusal with this reason."""
    with pytest.raises(Refused) as caught:
        yield
    assert caught.value.refusal.reason == reason
