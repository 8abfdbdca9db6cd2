"""`expand[]`: replace IDs with the objects they name, along a dotted path."""

from __future__ import annotations

from typing import Any

from billing.sandbox.objects.common import empty_list, render
from billing.sandbox.process.runtime import Sandbox
from billing.sandbox.process.store import Document
from billing.sandbox.protocol.errors import ApiError

MAX_DEPTH = 4

# Expandable fields of each kind of object, and the kind each leads to.
_LINKS: dict[str, dict[str, str]] = {
    "checkout.session": {"payment_intent": "payment_intent", "customer": "customer"},
    "payment_intent": {
        "latest_charge": "charge",
        "payment_method": "payment_method",
        "customer": "customer",
    },
    "charge": {
        "payment_intent": "payment_intent",
        "balance_transaction": "balance_transaction",
        "customer": "customer",
    },
    "refund": {
        "charge": "charge",
        "payment_intent": "payment_intent",
        "balance_transaction": "balance_transaction",
        "payment_method": "payment_method",
        "failure_balance_transaction": "balance_transaction",
    },
    "dispute": {"charge": "charge", "payment_intent": "payment_intent"},
    "radar.early_fraud_warning": {"charge": "charge", "payment_intent": "payment_intent"},
    "balance_transaction": {"source": "source"},
}
# The prefix of its ID tells the kind of a balance transaction's source.
_SOURCE_KINDS = {"ch": "charge", "re": "refund", "dp": "dispute"}


def expand(sandbox: Sandbox, document: Document, paths: list[str]) -> Document:
    """Return a document as the client sees it, with all paths expanded."""
    shown = render(document)
    for path in paths:
        steps = path.split(".")
        if len(steps) > MAX_DEPTH:
            message = f"You cannot expand more than {MAX_DEPTH} levels of a property: {path}"
            raise ApiError(400, message, param="expand")
        _fill(sandbox, shown, steps, path)
    return shown


def expand_list(sandbox: Sandbox, page: dict[str, Any], paths: list[str]) -> dict[str, Any]:
    """Return a list object with `data.…` paths expanded in each entry."""
    for path in paths:
        if not path.startswith("data."):
            raise _not_expandable(path)
    inner = [path.removeprefix("data.") for path in paths]
    return page | {"data": [expand(sandbox, document, inner) for document in page["data"]]}


def _fill(sandbox: Sandbox, shown: Document, steps: list[str], path: str) -> None:
    field, rest = steps[0], steps[1:]
    filled = _included_list(sandbox, shown, field)
    if filled is not None:
        shown.setdefault(field, filled)
        if rest:
            _fill_entries(sandbox, shown[field], rest, path)
        return
    kind = _LINKS.get(shown["object"], {}).get(field)
    if kind is None:
        raise _not_expandable(path)
    if isinstance(shown.get(field), str):
        kind = _SOURCE_KINDS.get(shown[field].partition("_")[0], kind) if kind == "source" else kind
        target = sandbox.store.get(kind, shown[field])
        shown[field] = render(target) if target else shown[field]
    if rest and isinstance(shown.get(field), dict):
        _fill(sandbox, shown[field], rest, path)


def _included_list(sandbox: Sandbox, shown: Document, field: str) -> dict[str, Any] | None:
    """Return a list that an object includes only on request."""
    if (shown["object"], field) == ("checkout.session", "line_items"):
        return line_items(sandbox, shown["id"])
    if (shown["object"], field) == ("charge", "refunds"):
        refunds = sandbox.store.find("refund", ("charge", "=", shown["id"]), newest_first=True)
        data = [render(refund) for refund in refunds[:10]]
        found = empty_list(f"/v1/charges/{shown['id']}/refunds")
        return found | {"data": data, "has_more": len(refunds) > len(data)}
    return None


def line_items(sandbox: Sandbox, session_id: str) -> dict[str, Any]:
    """Return all lines of a session as a list object."""
    session = sandbox.store.get("checkout.session", session_id) or {"_line_items": []}
    return empty_list(f"/v1/checkout/sessions/{session_id}/line_items") | {
        "data": [render(line) for line in session["_line_items"]]
    }


def _fill_entries(sandbox: Sandbox, page: dict[str, Any], rest: list[str], path: str) -> None:
    if rest[0] != "data":
        raise _not_expandable(path)
    for entry in page["data"] if rest[1:] else ():
        if entry["object"] != "item":  # products are not stored here
            _fill(sandbox, entry, rest[1:], path)


def _not_expandable(path: str) -> ApiError:
    return ApiError(400, f"This property cannot be expanded ({path}).", param="expand")
