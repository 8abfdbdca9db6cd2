"""The request context: which request and purchase a log line belongs to; for logs only.

A purchase stores the ID of the request that started it. The return page, webhook or reconciliation
that settles it later binds that ID, so that one search follows a payment all the way to the ledger.
"""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from structlog.contextvars import bound_contextvars, get_contextvars

# The format of IDs accepted from a proxy; anything else could forge a log line.
_VALID_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


def new_request_id(proposed: str = "") -> str:
    """Return the ID ``proposed`` by the proxy if it is valid, or else a new one."""
    return proposed if _VALID_ID.fullmatch(proposed) else uuid.uuid4().hex


@contextmanager
def bind_request(request_id: str) -> Iterator[None]:
    """Bind a request's ID to every line logged inside."""
    with bound_contextvars(request=request_id):
        yield


@contextmanager
def bind_purchase(purchase_id: object, started_by: str) -> Iterator[None]:
    """Bind a purchase, and the ID of the request that started it, to every line logged inside."""
    with bound_contextvars(purchase=str(purchase_id), started_by=started_by):
        yield


def request_id() -> str:
    """Return the ID of the current request; empty outside of one."""
    return str(get_contextvars().get("request", ""))
