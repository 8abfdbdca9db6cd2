"""Every import contract in ``pyproject.toml`` can fail, and matches the packages' docstrings."""

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
NO_CONTRACT: dict[str, Any] = {"protected_modules": []}
# An import that breaks each contract: importer and imported.
VIOLATIONS = {
    "apps": ("subscriptions.members.members", "billing.models"),
    "cycles": ("subscriptions.members.members", "subscriptions.members.inactive"),
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


def violation_of(contract_id: str) -> tuple[str, str]:
    if contract_id in VIOLATIONS:
        return VIOLATIONS[contract_id]
    [*_, private] = CONTRACTS[contract_id]["protected_modules"]
    return "licensing_site.settings", private


@pytest.mark.parametrize("contract_id", CONTRACTS)
def test_contract_can_fail(imports: grimp.ImportGraph, contract_id: str) -> None:
    contract = CONTRACTS[contract_id]
    graph = deepcopy(imports)
    importer, imported = violation_of(contract_id)
    graph.add_import(importer=importer, imported=imported)

    assert is_kept(imports, contract)
    assert not is_kept(graph, contract)


def is_kept(graph: grimp.ImportGraph, options: dict[str, object]) -> bool:
    contract_options = {
        key: value for key, value in options.items() if key not in {"id", "name", "type"}
    }
    contract = KINDS[str(options["type"])](
        name=str(options["name"]),
        session_options={"root_packages": SETTINGS["root_packages"]},
        contract_options={key: option_text(value) for key, value in contract_options.items()},
    )
    # The check removes ignored imports from the graph.
    return bool(contract.check(deepcopy(graph), verbose=False).kept)


def option_text(value: object) -> object:
    return str(value) if isinstance(value, bool) else value


def docstring(package: str) -> str:
    path = ROOT / package.replace(".", "/") / "__init__.py"
    return ast.get_docstring(ast.parse(path.read_text())) or ""


def packages() -> list[str]:
    """Return every package whose docstring names its public modules."""
    paths = [path for root in SETTINGS["root_packages"] for path in (ROOT / root).rglob("*/")]
    names = [
        ".".join(path.relative_to(ROOT).parts)
        for path in paths
        if "__init__.py" in os.listdir(path)
    ]
    return [name for name in names if "Public modules:" in docstring(name)]


def test_package_with_a_contract_names_its_public_modules() -> None:
    package_contracts = {name for name in CONTRACTS if "." in name}

    assert package_contracts <= set(packages())
    assert {"billing.refunds", "billing.support", "licensing_site.monitoring"} <= set(packages())


@pytest.mark.parametrize("package", packages())
def test_every_module_is_either_public_or_private(package: str) -> None:
    path = ROOT / package.replace(".", "/")
    modules = {one.stem for one in path.iterdir() if one.stem.strip("_") not in {"init", "pycache"}}
    _, _, listed = docstring(package).partition("Public modules:")
    public = modules if "all modules" in listed else set(re.findall(r"``(\w+)``", listed))
    private = {
        name.rpartition(".")[2] for name in CONTRACTS.get(package, NO_CONTRACT)["protected_modules"]
    }

    assert public | private == modules
    assert not public & private
