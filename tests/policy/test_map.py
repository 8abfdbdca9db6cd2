"""The map of the rules in ``subscriptions/policy/__init__.py`` is true."""

import ast
import re
from pathlib import Path

import pytest

from subscriptions import policy

pytestmark = pytest.mark.one_database

ROOT = Path(__file__).parents[2]
ALL = range(1, 33)
# Composed of the rooms, not rooms themselves; they hold what the rooms hold.
NO_ROOMS = {"admin", "migrations", "models", "policy", "sandbox"}


def the_map() -> dict[int, set[str]]:
    lines = re.findall(r"^R(\d+) +(.+)$", policy.__doc__ or "", re.MULTILINE)
    return {int(number): set(places.split(", ")) for number, places in lines}


def rooms() -> dict[str, Path]:
    """The docstring of each room says which rules it holds."""
    return {
        f"{app}.{path.parent.name}": path
        for app in ("subscriptions", "billing")
        for path in (ROOT / app).glob("*/__init__.py")
        if path.parent.name not in NO_ROOMS
    }


def holders() -> dict[str, Path]:
    """The rooms, and the modules of the policy."""
    modules = {path.stem: path for path in (ROOT / "subscriptions/policy").glob("[a-z]*.py")}
    return {**modules, **rooms()}


def rules_in(text: str) -> set[int]:
    found = set()
    for first, last in re.findall(r"R(\d+)(?:-R(\d+))?", text):
        found |= set(range(int(first), int(last or first) + 1))
    return found


def docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text())) or ""


@pytest.mark.parametrize("rule", ALL)
def test_a_rule_is_named_by_exactly_the_modules_that_hold_it(rule: int) -> None:
    named = {name for name, path in holders().items() if rule in rules_in(docstring(path))}

    files = {place for place in the_map()[rule] if "/" in place}
    assert the_map()[rule] - files == named
    assert all(rule in rules_in((ROOT / file).read_text()) for file in files)


@pytest.mark.parametrize("room", rooms())
def test_a_room_names_all_the_rules_that_its_modules_name(room: str) -> None:
    path = rooms()[room]
    inside = [rules_in(docstring(one)) for one in path.parent.rglob("*.py") if one != path]

    assert set().union(*inside) <= rules_in(docstring(path))


def test_the_map_names_every_rule_once() -> None:
    assert list(the_map()) == list(ALL)
