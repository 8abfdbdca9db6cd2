"""Every import contract (``pyproject.toml``) can fail, and matches the docstrings."""

import ast
import os
import re
import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import grimp
import pytest
from importlinter.configuration import configure
from importlinter.contracts.acyclic_siblings import AcyclicSiblingsContract
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.layers import LayersContract
from importlinter.contracts.protected import ProtectedContract

pytestmark = pytest.mark.one_database
configure()

ROOT = Path(__file__).parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS = {contract["id"]: contract for contract in SETTINGS["contracts"]}
KINDS: dict[str, Any] = {
    "acyclic_siblings": AcyclicSiblingsContract,
    "forbidden": ForbiddenContract,
    "layers": LayersContract,
    "protected": ProtectedContract,
}
# Packages without a contract have no private modules.
NONE: dict[str, Any] = {"protected_modules": []}
# An import that breaks each contract: importer and imported.
BREAKS = {
    "apps": ("subscriptions.members.members", "billing.models"),
    "circles": ("subscriptions.members.members", "subscriptions.members.inactive"),
    "site": ("licensing_site.monitoring.logs", "licensing_site.settings"),
    "subscriptions": ("subscriptions.licenses.status", "subscriptions.members.members"),
    "billing": ("billing.refunds.sync", "billing.checkout.closing"),
    "sandbox": ("billing.sandbox.engine.payments", "billing.sandbox.api.frame"),
    "sandbox-alone": ("billing.sandbox.process.store", "billing.models"),
    "sandbox-unused": ("billing.settlement.settle", "billing.sandbox.control.client"),
}


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    return grimp.build_graph(*SETTINGS["root_packages"], cache_dir=None)


def broken_by(contract_id: str) -> tuple[str, str]:
    if contract_id in BREAKS:
        return BREAKS[contract_id]
    [*_, private] = CONTRACTS[contract_id]["protected_modules"]
    return "licensing_site.settings", private


@pytest.mark.parametrize("contract_id", CONTRACTS)
def test_contract_can_fail(imports: grimp.ImportGraph, contract_id: str) -> None:
    contract = CONTRACTS[contract_id]
    graph = deepcopy(imports)
    importer, imported = broken_by(contract_id)
    graph.add_import(importer=importer, imported=imported)

    assert is_kept(imports, contract)
    assert not is_kept(graph, contract)


def is_kept(graph: grimp.ImportGraph, options: dict[str, object]) -> bool:
    given = {key: value for key, value in options.items() if key not in {"id", "name", "type"}}
    contract = KINDS[str(options["type"])](
        name=str(options["name"]),
        session_options={"root_packages": SETTINGS["root_packages"]},
        contract_options={key: written(value) for key, value in given.items()},
    )
    # A check removes the imports that the contract ignores.
    return bool(contract.check(deepcopy(graph), verbose=False).kept)


def written(value: object) -> object:
    return str(value) if isinstance(value, bool) else value


def docstring(room: str) -> str:
    path = ROOT / room.replace(".", "/") / "__init__.py"
    return ast.get_docstring(ast.parse(path.read_text())) or ""


def rooms() -> list[str]:
    """Return every package whose docstring names its public modules."""
    paths = [path for root in SETTINGS["root_packages"] for path in (ROOT / root).rglob("*/")]
    names = [
        ".".join(path.relative_to(ROOT).parts)
        for path in paths
        if "__init__.py" in os.listdir(path)
    ]
    return [name for name in names if "Public modules:" in docstring(name)]


def test_package_with_a_contract_names_its_public_modules() -> None:
    of_rooms = {name for name in CONTRACTS if "." in name}

    assert of_rooms <= set(rooms())
    assert {"billing.refunds", "billing.support", "licensing_site.monitoring"} <= set(rooms())


@pytest.mark.parametrize("room", rooms())
def test_every_module_is_either_public_or_private(room: str) -> None:
    path = ROOT / room.replace(".", "/")
    modules = {one.stem for one in path.iterdir() if one.stem.strip("_") not in {"init", "pycache"}}
    _, _, said = docstring(room).partition("Public modules:")
    doors = modules if "all modules" in said else set(re.findall(r"``(\w+)``", said))
    private = {name.rpartition(".")[2] for name in CONTRACTS.get(room, NONE)["protected_modules"]}

    assert doors | private == modules
    assert not doors & private
