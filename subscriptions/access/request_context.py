"""Which request, and which purchase, something belongs to: for the logs, and for nothing else.

A purchase keeps the id of the request that started it. Whoever settles it later (return page,
webhook, reconciliation) binds that id, so that one search finds the way of a payment through all
of them to the ledger.
"""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from structlog.contextvars import bound_contextvars, get_contextvars

# What a proxy in front may have given a request; anything else could forge a line of the log.
_GOOD = re.compile(r"[A-Za-z0-9_-]{8,64}")


def new_request_id(proposed: str = "") -> str:
    """The id of a request: as ``proposed`` by the proxy in front where it has the form of one."""
    return proposed if _GOOD.fullmatch(proposed) else uuid.uuid4().hex


@contextmanager
def in_request(request_id: str) -> Iterator[None]:
    """Bind a request's id to every line logged inside."""
    with bound_contextvars(request=request_id):
        yield


@contextmanager
def about_purchase(purchase_id: object, started_by: str) -> Iterator[None]:
    """Bind a purchase, and the id of the request that started it, to every line logged inside."""
    with bound_contextvars(purchase=str(purchase_id), started_by=started_by):
        yield


def request_id() -> str:
    """The id of the request that is being answered; empty outside of one."""
    return str(get_contextvars().get("request", ""))
