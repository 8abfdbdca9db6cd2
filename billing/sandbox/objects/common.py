"""Shared parts of all objects: IDs, addresses, and their form for clients."""

from __future__ import annotations

import secrets
import string
from typing import Any

from billing.sandbox.process.store import Document

_ALPHABET = string.ascii_letters + string.digits
_SESSION_ID_LENGTH = 58


# Keys that Stripe omits, instead of setting them to null, if they are empty.
_OMITTED = {
    "charge": "authorization_code level3 presentment_details transfer",
    "checkout.session": "excluded_payment_method_types name_collection presentment_details "
    "redirect_on_completion return_url",
    "event": "account context",
    "payment_intent": "hooks payment_details presentment_details",
    "refund": "description failure_balance_transaction failure_reason instructions_email "
    "next_action pending_reason presentment_details",
}


def new_id(prefix: str, length: int = 24) -> str:
    """Return an ID in Stripe's form: prefix_random."""
    return f"{prefix}_" + "".join(secrets.choice(_ALPHABET) for _ in range(length))


def new_session_id() -> str:
    """Return the long ID of a Checkout Session in test mode."""
    return new_id("cs_test", _SESSION_ID_LENGTH)


def render(document: Document) -> Document:
    """Return what a client may see; names that begin with _ are the sandbox's own."""
    omitted = _OMITTED.get(document.get("object", ""), "").split()
    return {
        name: value
        for name, value in document.items()
        if not name.startswith("_") and not (value is None and name in omitted)
    }


def empty_list(url: str) -> dict[str, Any]:
    """Return a list object without entries."""
    return {"object": "list", "data": [], "has_more": False, "url": url}


def address(country: str | None = None) -> dict[str, Any]:
    """Return an address with at most a country."""
    return {
        "city": None,
        "country": country,
        "line1": None,
        "line2": None,
        "postal_code": None,
        "state": None,
    }
