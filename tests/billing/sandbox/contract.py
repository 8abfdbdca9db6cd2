"""Holding an object of the sandbox against the SDK's class of the same name, all the way down."""

import inspect
import types
import typing
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import requests
import stripe
from stripe import StripeObject

from billing.sandbox.control.process import SandboxProcess

NONE = type(None)
Json = dict[str, Any]


class Api:
    """Plain JSON from the sandbox, as the SDK would receive it."""

    def __init__(self, sandbox: SandboxProcess) -> None:
        self.sandbox = sandbox

    def get(self, path: str, *expand: str) -> Json:
        response = requests.get(
            f"{self.sandbox.base_url}/v1/{path}",
            params={f"expand[{n}]": name for n, name in enumerate(expand)},
            headers={"Authorization": f"Bearer {self.sandbox.secret_key}"},
            timeout=5,
        )
        assert response.ok, response.text
        answer: Json = response.json()
        return answer


def keys(table: str) -> set[str]:
    """Return the names of a table; the + only tells where they are from."""
    return set(table.replace("+", " ").split())


def assert_agrees(shown: Json, cls: type[StripeObject], table: str, without: str = "") -> None:
    """Hold an object against a table of keys and, all the way down, against the SDK's class."""
    assert set(shown) == keys(table) - keys(without)
    assert list(disagreements(shown, cls, shown["object"])) == []


def disagreements(shown: Any, cls: type[StripeObject], path: str) -> Iterator[str]:
    """Say where an object differs from what the SDK declares."""
    hints = fields_of(cls)
    for name in sorted(set(shown) - set(hints)):
        yield f"{path}.{name} is unknown to the SDK"
    for name, hint in hints.items():
        if name in shown:
            yield from value_disagreements(shown[name], hint, f"{path}.{name}")
        elif not is_optional(hint):
            yield f"{path}.{name} is missing"


def fields_of(cls: type[StripeObject]) -> dict[str, Any]:
    """Return the declared fields of a class, without the SDK's own bookkeeping."""
    return {
        name: resolved(hint, cls)
        for name, hint in cls.__annotations__.items()
        if not name.startswith("_") and name != "OBJECT_NAME"
    }


def resolved(hint: Any, cls: type[StripeObject]) -> Any:
    """Read the hints that stand as text or forward references."""
    if isinstance(hint, typing.ForwardRef):
        hint = hint.__forward_arg__
    if isinstance(hint, str):
        module = inspect.getmodule(cls)
        return getattr(stripe, hint, None) or getattr(module, hint, Any)
    return hint


def value_disagreements(value: Any, hint: Any, path: str) -> Iterator[str]:
    """Say where a value is none of the declared kinds."""
    options = kinds(hint)
    if value is None:
        if NONE not in options and Any not in options:
            yield f"{path} must not be null"
        return
    literals = [word for option in options for word in literal_words(option)]
    if literals and isinstance(value, str) and value not in literals and not has_class(options):
        yield f"{path} is {value!r}, not one of {literals[:8]}"
        return
    if not literals and not any(fits(value, option) for option in options):
        yield f"{path} is {value!r}, not {options}"
        return
    yield from nested_disagreements(value, options, path)


def nested_disagreements(value: Any, options: list[Any], path: str) -> Iterator[str]:
    if isinstance(value, list):
        inner = next((typing.get_args(o)[0] for o in options if typing.get_origin(o) is list), Any)
        for place, item in enumerate(value):
            yield from value_disagreements(item, inner, f"{path}[{place}]")
    elif isinstance(value, dict):
        for option in options:
            if nested_class(option):
                yield from disagreements(value, option, path)


def kinds(hint: Any) -> list[Any]:
    """Return the members of a union, or the one kind there is."""
    if isinstance(hint, typing.ForwardRef):
        hint = getattr(stripe, hint.__forward_arg__, Any)
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return [kind for member in typing.get_args(hint) for kind in kinds(member)]
    return [hint]


def literal_words(option: Any) -> tuple[Any, ...]:
    return typing.get_args(option) if typing.get_origin(option) is typing.Literal else ()


def has_class(options: list[Any]) -> bool:
    """Say whether an id may stand for an object here."""
    return any(nested_class(option) for option in options)


def nested_class(option: Any) -> bool:
    """Say whether a kind is one of the SDK's classes with fields of its own."""
    is_class = inspect.isclass(option) and issubclass(option, StripeObject)
    return is_class and bool(option.__annotations__)


def fits(value: Any, option: Any) -> bool:
    origin = typing.get_origin(option) or option
    if option is Any or origin is Any:
        return True
    if option is Decimal:
        return isinstance(value, str)
    if origin is list:
        return isinstance(value, list)
    if inspect.isclass(origin) and issubclass(origin, StripeObject):
        return isinstance(value, dict)
    if isinstance(value, bool):
        return option is bool
    return inspect.isclass(origin) and isinstance(value, origin)


def is_optional(hint: Any) -> bool:
    return NONE in kinds(hint)
