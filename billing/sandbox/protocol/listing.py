"""Lists: newest first, filtered, in pages with cursors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from billing.sandbox.objects.common import empty_list
from billing.sandbox.process.runtime import Sandbox
from billing.sandbox.process.store import Condition, Document, Operator
from billing.sandbox.protocol import parameters
from billing.sandbox.protocol.errors import ApiError, missing_object
from billing.sandbox.protocol.expand import expand_list
from billing.sandbox.protocol.parameters import Table

DEFAULT_LIMIT, MAX_LIMIT = 10, 100

_OPERATORS: dict[str, Operator] = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_PAGING = ("ending_before", "expand", "limit", "starting_after")


def list_documents(
    sandbox: Sandbox, kind: str, sent: dict[str, Any], table: Table, *, url: str
) -> dict[str, Any]:
    """Return the response to a list request."""
    values = parameters.check(sent, table)
    limit, cursor = _limit(values), _cursor(sandbox, kind, values)
    backwards = "ending_before" in values
    found = sandbox.store.find(
        kind,
        *_conditions(values),
        before=None if backwards else cursor,
        after=cursor if backwards else None,
        newest_first=not backwards,
        limit=limit + 1,
    )
    page, has_more = found[:limit], len(found) > limit
    if backwards:
        page.reverse()
    result = empty_list(url) | {"data": page, "has_more": has_more}
    return expand_list(sandbox, result, values.get("expand", []))


def paginate(entries: list[Document], values: dict[str, Any], *, url: str) -> dict[str, Any]:
    """Return one page of a list that its object stores in full."""
    limit, ids = _limit(values), [entry["id"] for entry in entries]
    start, end = 0, len(entries)
    for name in ("starting_after", "ending_before"):
        if name in values and values[name] not in ids:
            raise missing_object("item", values[name], param=name)
    if "starting_after" in values:
        start = ids.index(values["starting_after"]) + 1
    if "ending_before" in values:
        end = ids.index(values["ending_before"])
        start = max(start, end - limit)
    data = entries[start:end][:limit]
    return empty_list(url) | {"data": data, "has_more": len(entries[start:end]) > limit}


def _limit(values: dict[str, Any]) -> int:
    limit: int = values.get("limit", DEFAULT_LIMIT)
    if not 1 <= limit <= MAX_LIMIT:
        message = f"This value must be between 1 and {MAX_LIMIT}: limit"
        raise ApiError(400, message, param="limit")
    return limit


def _cursor(sandbox: Sandbox, kind: str, values: dict[str, Any]) -> int | None:
    if "starting_after" in values and "ending_before" in values:
        message = "You may only specify one of these parameters: starting_after, ending_before."
        raise ApiError(400, message)
    for name in ("starting_after", "ending_before"):
        if name in values:
            position = sandbox.store.position(kind, values[name])
            if position is None:
                raise missing_object(kind, values[name], param=name)
            return position
    return None


def _conditions(values: dict[str, Any]) -> Iterable[Condition]:
    types = _types(values)
    if len(types) == 1 and "*" not in types[0]:
        yield ("type", "=", types[0])
    elif types:
        yield ("type", "GLOB", types)
    for name, value in values.items():
        if name in _PAGING or name in ("type", "types"):
            continue
        if name == "created":
            for bound, moment in value.items():
                yield ("created", _OPERATORS[bound], moment)
        elif name == "customer_details":
            yield ("customer_details.email", "=", value.get("email"))
        elif name == "delivery_success":
            yield ("pending_webhooks", "=" if value else ">", 0)
        else:
            yield (name, "=", value)


def _types(values: dict[str, Any]) -> list[str]:
    if "type" in values and "types" in values:
        message = "You may only specify one of these parameters: type, types."
        raise ApiError(400, message)
    return [values["type"]] if "type" in values else list(values.get("types", []))
