"""Every package is locked to one version and its hashes (``make lock`` writes the lock).

``make check-lock`` checks that installing uses only these.
"""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.one_database

ROOT = Path(__file__).parents[2]
FILES = ["requirements", "requirements-dev"]


def direct_dependencies(name: str) -> dict[str, str]:
    """Return the direct dependencies with their versions."""
    lines = (ROOT / f"{name}.in").read_text().splitlines()
    pins = [re.fullmatch(r"([A-Za-z0-9-]+)(?:\[[a-z,-]+\])?==(\S+)", line) for line in lines]
    unpinned = [
        line
        for line, pin in zip(lines, pins, strict=True)
        if pin is None and line and not line.startswith(("#", "-r "))
    ]
    assert unpinned == []
    return {pin[1].lower(): pin[2] for pin in pins if pin}


def locked(name: str) -> dict[str, tuple[str, int]]:
    """Return all locked packages: version and number of hashes."""
    text = (ROOT / f"{name}.txt").read_text()
    found = {}
    for block in re.split(r"\n(?=[a-z])", text):
        if pin := re.match(r"([a-z0-9-]+)(?:\[[a-z,-]+\])?==([^ ;\\]+)", block):
            found[pin[1]] = (pin[2], block.count("--hash=sha256:"))
    return found


@pytest.mark.parametrize("name", FILES)
def test_every_dependency_is_locked_at_its_version(name: str) -> None:
    for package, version in direct_dependencies(name).items():
        assert locked(name)[package][0] == version, f"run `make lock` ({package})"


@pytest.mark.parametrize("name", FILES)
def test_every_package_has_a_hash(name: str) -> None:
    found = locked(name)

    assert len(found) > 30
    assert [package for package, (_, hashes) in found.items() if hashes == 0] == []


def test_development_lock_contains_the_production_lock() -> None:
    production, development = locked("requirements"), locked("requirements-dev")

    assert {name: development.get(name, ("",))[0] for name in production} == {
        name: version for name, (version, _) in production.items()
    }


@pytest.mark.parametrize("name", FILES)
def test_every_dependency_is_explained(name: str) -> None:
    explained = (ROOT / "docs" / "dependencies.md").read_text().lower()

    assert [package for package in direct_dependencies(name) if package not in explained] == []


@pytest.mark.parametrize(
    "name",
    ["Makefile", "CONTRIBUTING.md", "CHANGELOG.md", "docs/operating.md", "docs/dependencies.md"],
)
def test_every_installation_uses_the_lock_only(name: str) -> None:
    text = " ".join((ROOT / name).read_text().split())
    commands = re.findall(r"(?:pip|\(PIP\)) install [^`]{0,60}", text)

    assert commands
    assert [
        command
        for command in commands
        if not re.search(r"install --require-hashes --no-deps --only-binary=:all:", command)
    ] == []
