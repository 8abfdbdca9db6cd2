"""The calls to the payment processor that the rest of billing may make.

They take and return the dataclasses of ``billing.gateway.types``, and raise its errors.
"""

from billing.gateway.client import METADATA_PURCHASE, client, livemode
from billing.gateway.events import read_event
from billing.gateway.refunds import (
    find_refund,
    list_disputes,
    list_refunds,
    payments_touched_since,
    refund,
)
from billing.gateway.sessions import (
    create_session,
    expire_session,
    is_session_id,
    retrieve_session,
    session_parameters,
    sessions_created_since,
)

__all__ = [
    "METADATA_PURCHASE",
    "client",
    "create_session",
    "expire_session",
    "find_refund",
    "is_session_id",
    "list_disputes",
    "list_refunds",
    "livemode",
    "payments_touched_since",
    "read_event",
    "refund",
    "retrieve_session",
    "session_parameters",
    "sessions_created_since",
]
