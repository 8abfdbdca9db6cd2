"""Checks shared by many tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest
from django.db.models import Model

from subscriptions.policy.refusal import Reason, Refusal, Refused

M = TypeVar("M", bound=Model)


@contextmanager
def refuses(reason: Reason) -> Iterator[None]:
    """Expect a refusal with this reason."""
    with pytest.raises(Refused) as caught:
        yield
    assert caught.value.refusal.reason == reason


def fresh(row: M) -> M:
    """Reload a row from the database and return it."""
    row.refresh_from_db()
    return row


def reason_of(decision: object) -> Reason | None:
    """Return why a decision is a refusal; None if it is not."""
    return decision.reason if isinstance(decision, Refusal) else None
