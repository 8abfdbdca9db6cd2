"""Stripe's form encoding: parse bracketed names into nested values; check them by table.

A table maps a name to its allowed values: a kind of value, a tuple of words, a `ListOf`, or a
nested table. Names missing from the table are refused, as at Stripe.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from urllib.parse import parse_qsl

from billing.sandbox.protocol.errors import ApiError

Kind: TypeAlias = Literal["text", "whole", "flag", "moment_range", "metadata"]
Table: TypeAlias = dict[str, "Spec"]
Spec: TypeAlias = "Kind | tuple[str, ...] | ListOf | Table"

METADATA_KEYS, METADATA_KEY_LENGTH, METADATA_VALUE_LENGTH = 50, 40, 500
_NAME = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_INTEGER = re.compile(r"^-?\d{1,18}$")
_BOUNDS = ("gt", "gte", "lt", "lte")


@dataclass(frozen=True)
class ListOf:
    """A list whose items are all of one kind."""

    item: Spec


def parse(encoded: str) -> dict[str, Any]:
    """Turn `a[b][0]=c` into {"a": {"b": ["c"]}}."""
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True):
        match = _NAME.match(name)
        if not match:
            raise ApiError(400, f"Invalid parameter name: {name}", param=name)
        _plant(tree, [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])], value)
    return {name: _lists(branch) for name, branch in tree.items()}


def _plant(tree: dict[str, Any], steps: list[str], value: str) -> None:
    for step in steps[:-1]:
        key = step or str(len(tree))
        branch = tree.setdefault(key, {})
        if not isinstance(branch, dict):
            raise ApiError(400, f"Invalid nesting of parameter: {steps[0]}", param=steps[0])
        tree = branch
    tree[steps[-1] or str(len(tree))] = value


def _lists(branch: Any) -> Any:
    """Turn every hash with the keys 0, 1, 2 … into a list."""
    if not isinstance(branch, dict):
        return branch
    if set(branch) == {str(index) for index in range(len(branch))}:
        return [_lists(branch[str(index)]) for index in range(len(branch))]
    return {name: _lists(value) for name, value in branch.items()}


def check(values: dict[str, Any], table: Table, *, at: str = "") -> dict[str, Any]:
    """Return the values with their types. Raises Stripe's error for a wrong one."""
    for name in values:
        if name not in table:
            param = _join(at, name)
            message = f"Received unknown parameter: {param}"
            raise ApiError(400, message, code="parameter_unknown", param=param)
    return {name: _check_one(value, table[name], _join(at, name)) for name, value in values.items()}


def _check_one(value: Any, spec: Spec, param: str) -> Any:
    if isinstance(spec, ListOf):
        return [_check_one(item, spec.item, f"{param}[{n}]") for n, item in _items(value, param)]
    if isinstance(spec, dict):
        return check(_hash(value, param), spec, at=param)
    if spec == "metadata":
        return _metadata(_hash(value, param), param)
    if spec == "moment_range":
        return _moment_range(value, param)
    return _scalar(value, spec, param)


def _scalar(value: Any, spec: Spec, param: str) -> Any:
    if not isinstance(value, str):
        raise ApiError(400, f"Invalid string: {param} must be a plain value", param=param)
    if value == "":
        message = f"You passed an empty string for '{param}', which cannot be unset."
        raise ApiError(400, message, code="parameter_invalid_empty", param=param)
    if spec == "whole":
        return whole(value, param)
    if spec == "flag":
        return _flag(value, param)
    if isinstance(spec, tuple) and value not in spec:
        raise ApiError(400, f"Invalid {param}: must be one of {', '.join(spec)}", param=param)
    return value


def whole(value: str, param: str) -> int:
    """Parse a whole number."""
    if not _INTEGER.match(value):
        message = f"Invalid integer: {value}"
        raise ApiError(400, message, code="parameter_invalid_integer", param=param)
    return int(value)


def _flag(value: str, param: str) -> bool:
    if value not in ("true", "false"):
        raise ApiError(400, f"Invalid boolean: {value}", param=param)
    return value == "true"


def _metadata(values: dict[str, Any], param: str) -> dict[str, str]:
    if len(values) > METADATA_KEYS:
        raise ApiError(400, f"Metadata can have at most {METADATA_KEYS} keys.", param=param)
    for key, value in values.items():
        if len(key) > METADATA_KEY_LENGTH:
            message = f"Metadata keys can have up to {METADATA_KEY_LENGTH} characters: {key}"
            raise ApiError(400, message, param=param)
        if not isinstance(value, str) or len(value) > METADATA_VALUE_LENGTH:
            message = f"Metadata values are text of up to {METADATA_VALUE_LENGTH} characters: {key}"
            raise ApiError(400, message, param=f"{param}[{key}]")
    return {key: value for key, value in values.items() if value != ""}


def _moment_range(value: Any, param: str) -> dict[str, int]:
    """Parse `created=N` or `created[gte]=N&created[lt]=M` as bounds."""
    if isinstance(value, str):
        moment = whole(value, param)
        return {"gte": moment, "lte": moment}
    return check(_hash(value, param), dict.fromkeys(_BOUNDS, "whole"), at=param)


def _items(value: Any, param: str) -> list[tuple[int, Any]]:
    if value == "":
        return []
    if not isinstance(value, list):
        raise ApiError(400, f"Invalid array: {param}", param=param)
    return list(enumerate(value))


def _hash(value: Any, param: str) -> dict[str, Any]:
    if value == "":
        return {}
    if isinstance(value, list):  # {"0": …} was parsed as a list; as a hash, the numbers are names
        return {str(index): item for index, item in enumerate(value)}
    if not isinstance(value, dict):
        raise ApiError(400, f"Invalid object: {param}", param=param)
    return value


def _join(at: str, name: str) -> str:
    return f"{at}[{name}]" if at else name
