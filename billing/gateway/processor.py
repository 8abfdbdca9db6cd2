"""The calls to the payment processor that the rest of billing may make.

They take and return the dataclasses of ``billing.gateway.types``, and raise its errors.
"""

from billing.gateway.client import METADATA_PURCHASE, client, livemode
from billing.gateway.events import read_event
from billing.gateway.refunds import (
    disputes_of,
    find_refund,
    payments_touched_since,
    refund,
    refunds_of,
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
    "disputes_of",
    "expire_session",
    "find_refund",
    "is_session_id",
    "livemode",
    "payments_touched_since",
    "read_event",
    "refund",
    "refunds_of",
    "retrieve_session",
    "session_parameters",
    "sessions_created_since",
]
