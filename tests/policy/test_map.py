"""The map of rules in ``subscriptions/policy/__init__.py`` is correct."""

import ast
import re
from pathlib import Path

import pytest

from subscriptions import policy

pytestmark = pytest.mark.one_database

ROOT = Path(__file__).parents[2]
RULES = range(1, 33)
# These packages are not features; they combine the feature packages.
NOT_FEATURES = {"admin", "migrations", "models", "policy", "sandbox"}


def rule_map() -> dict[int, set[str]]:
    lines = re.findall(r"^R(\d+) +(.+)$", policy.__doc__ or "", re.MULTILINE)
    return {int(number): set(modules.split(", ")) for number, modules in lines}


def features() -> dict[str, Path]:
    """Return the ``__init__.py`` of each feature package; its docstring names the rules."""
    return {
        f"{app}.{path.parent.name}": path
        for app in ("subscriptions", "billing")
        for path in (ROOT / app).glob("*/__init__.py")
        if path.parent.name not in NOT_FEATURES
    }


def rule_modules() -> dict[str, Path]:
    """Return the feature packages and the policy modules."""
    modules = {path.stem: path for path in (ROOT / "subscriptions/policy").glob("[a-z]*.py")}
    return {**modules, **features()}


def rules_in(text: str) -> set[int]:
    found = set()
    for first, last in re.findall(r"R(\d+)(?:-R(\d+))?", text):
        found |= set(range(int(first), int(last or first) + 1))
    return found


def docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text())) or ""


@pytest.mark.parametrize("rule", RULES)
def test_map_lists_exactly_the_modules_that_name_the_rule(rule: int) -> None:
    named = {name for name, path in rule_modules().items() if rule in rules_in(docstring(path))}

    files = {module for module in rule_map()[rule] if "/" in module}
    assert rule_map()[rule] - files == named
    assert all(rule in rules_in((ROOT / file).read_text()) for file in files)


@pytest.mark.parametrize("feature", features())
def test_package_names_all_rules_of_its_modules(feature: str) -> None:
    path = features()[feature]
    inside = [rules_in(docstring(file)) for file in path.parent.rglob("*.py") if file != path]

    assert set().union(*inside) <= rules_in(docstring(path))


def test_map_lists_every_rule_once() -> None:
    assert list(rule_map()) == list(RULES)
