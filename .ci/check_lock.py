"""Prove that installing takes exactly what is locked, even if the index offers newer releases.

Run the project's own install targets in empty virtual environments, with a folder beside the usual
index that offers a higher release of every locked package. Each environment must contain exactly
the locked versions. This runs with the pip that comes with Python and with the newest one, without
a cache.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
HIGHER = "9999"
RUNS = [("runtime", False), ("development", False), ("development", True)]
# Variables that must not leak in from the shell or from the calling make.
FOREIGN = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"}
# Packages that `python -m venv` itself installs.
SEEDS = {"pip", "setuptools"}
# Runs in the new environment: prints its packages and where it finds them.
QUESTION = """
import importlib.metadata, json, site, sys
print(json.dumps({
    "python": sys.version.split()[0],
    "user_site": site.ENABLE_USER_SITE,
    "paths": [path for path in sys.path if "-packages" in path],
    "packages": {one.metadata["Name"]: one.version for one in importlib.metadata.distributions()},
}))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default="python3", help="the Python to install with")
    python = parser.parse_args().python
    problems = []
    with tempfile.TemporaryDirectory(prefix="licensing-lock-") as folder:
        higher = Path(folder) / "higher"
        offer_higher_releases(higher)
        for target, newest_pip in RUNS:
            title = f"{target} with {'the newest pip' if newest_pip else 'the pip of this Python'}"
            project = Path(folder) / title.replace(" ", "-")
            found = install(project, target, python, higher, newest_pip=newest_pip)
            print(f"lock: {title}: {found or 'exactly what is locked'}", flush=True)
            problems += found
    return 1 if problems else 0


def offer_higher_releases(folder: Path) -> None:
    """Build an empty wheel of a higher version for every locked package."""
    folder.mkdir()
    for requirement in locked("requirements-dev.txt") + locked("requirements.txt"):
        name = canonicalize_name(requirement.name).replace("-", "_")
        with zipfile.ZipFile(folder / f"{name}-{HIGHER}-py3-none-any.whl", "w") as wheel:
            info = f"{name}-{HIGHER}.dist-info"
            metadata = f"Metadata-Version: 2.1\nName: {requirement.name}\nVersion: {HIGHER}\n"
            tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            wheel.writestr(f"{info}/METADATA", metadata)
            wheel.writestr(f"{info}/WHEEL", tags)
            wheel.writestr(f"{info}/RECORD", "")


def locked(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text().splitlines()
    return [Requirement(line.rstrip(" \\")) for line in lines if line and line[0] not in "# "]


def install(
    project: Path, target: str, python: str, higher: Path, *, newest_pip: bool
) -> list[str]:
    """Run a copy of the Makefile's target, and list what differs from the lock."""
    project.mkdir()
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, project)
    shutil.copytree(ROOT / ".ci", project / ".ci")
    env = clean_environment()
    env |= {"PIP_NO_CACHE_DIR": "1", "PIP_NO_COMPILE": "1"}
    make = ["make", "--silent", f"PYTHON={python}"]
    subprocess.run([*make, ".venv/bin/python"], cwd=project, env=env, check=True)
    if newest_pip:
        upgrade = [".venv/bin/python", "-m", "pip", "install", "--quiet", "--upgrade", "pip"]
        subprocess.run(upgrade, cwd=project, env=env, check=True)
    env["PIP_FIND_LINKS"] = f"{env.get('PIP_FIND_LINKS', '')} {higher}".strip()
    command = [*make, f".venv/{target}"]
    result = subprocess.run(
        command, cwd=project, env=env, check=False, capture_output=True, text=True
    )
    if result.returncode:
        return [f"did not install: {result.stderr.strip()[-600:]}"]
    name = "requirements.txt" if target == "runtime" else "requirements-dev.txt"
    return differences(project / ".venv", locked(name))


def clean_environment() -> dict[str, str]:
    """Return the environment of this process without the variables in ``FOREIGN``."""
    return {key: value for key, value in os.environ.items() if key not in FOREIGN}


def differences(environment: Path, lock: list[Requirement]) -> list[str]:
    """List what the environment has, lacks, or takes from outside, compared with the lock."""
    python = environment / "bin" / "python"
    state = json.loads(
        subprocess.check_output(
            [python, "-c", QUESTION], cwd=environment, env=clean_environment(), text=True
        )
    )
    version = {
        "python_full_version": state["python"],
        "python_version": ".".join(state["python"].split(".")[:2]),
    }
    expected = {
        canonicalize_name(one.name): str(one.specifier).removeprefix("==")
        for one in lock
        if one.marker is None or one.marker.evaluate(version)
    }
    installed = {canonicalize_name(name): found for name, found in state["packages"].items()}
    found = [
        f"{name}: locked {expected.get(name)}, installed {installed.get(name)}"
        for name in sorted(expected.keys() | installed.keys())
        if expected.get(name) != installed.get(name)
        and not (name in SEEDS and name not in expected)
    ]
    outside = [path for path in state["paths"] if not path.startswith(str(environment.resolve()))]
    found += [f"packages from outside the environment: {path}" for path in outside]
    found += ["the user's own packages are visible"] if state["user_site"] else []
    checked = subprocess.run(
        [python, "-m", "pip", "check"],
        cwd=environment,
        env=clean_environment(),
        check=False,
        capture_output=True,
        text=True,
    )
    return found + (checked.stdout.splitlines() if checked.returncode else [])


if __name__ == "__main__":
    sys.exit(main())
