"""Mutation testing: ``python -m tests.programs.mutants policy`` (``make mutants`` runs all of it).

The code is changed in small ways, one at a time, and the tests that cover it are run. A change that
no test notices shows that a test is missing. For a large subject, a sample is drawn by ``--seed``.
The work happens in a copy of the project, on SQLite in memory. The copy is kept until the code
changes, so that an interrupted run can continue.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from mutmut.stats import status_by_exit_code

ROOT = Path(__file__).parents[2]
COPIED = ("subscriptions", "billing", "licensing_site", "templates", "static", "tests", "docs")
MUTMUT = str(Path(sys.executable).parent / "mutmut")
# The project's tools ignore this folder.
COPIES = ROOT / ".venv" / "mutants"
CHILDREN = "2"
MIGRATED = "migrated.sqlite3"
SETTINGS = "tests.settings"
# A change that makes the tests time out counts as noticed.
NOTICED = ("killed", "timeout")
PROGRESS_INTERVAL = 60  # seconds


@dataclass(frozen=True)
class Subject:
    """The files to change, the tests that must notice, and the number of changes (0: all)."""

    files: tuple[str, ...]
    tests: tuple[str, ...]
    sample: int = 0


SUBJECTS = {
    "policy": Subject(("subscriptions/policy/*",), ("tests/policy",)),
    "ledger": Subject(
        ("subscriptions/licenses/ledger.py",),
        (
            "tests/subscriptions/licenses/test_ledger.py",
            "tests/billing/refunds/test_reversals.py",
            "tests/billing/refunds/test_undone_refunds.py",
            "tests/billing/settlement/test_ledger_audit.py",
            "tests/billing/checkout/test_buying.py",
        ),
    ),
    "settlement": Subject(
        ("billing/settlement/*",),
        ("tests/billing/settlement", "tests/billing/events", "tests/site/operation"),
        sample=100,
    ),
    "checkout": Subject(
        ("billing/checkout/*.py",),
        (
            "tests/billing/checkout",
            "tests/billing/settlement/test_resubmission.py",
            "tests/billing/settlement/test_rebuild.py",
            "tests/admin/billing",
        ),
        sample=100,
    ),
    "refunds": Subject(
        ("billing/refunds/*",),
        ("tests/billing/refunds", "tests/billing/support", "tests/admin/billing"),
        sample=100,
    ),
    "renewals": Subject(
        ("subscriptions/licenses/renewals.py", "billing/checkout/renewals.py"),
        ("tests/billing/checkout", "tests/billing/refunds", "tests/billing/support"),
        sample=100,
    ),
    "members": Subject(
        ("subscriptions/members/*.py",),
        (
            "tests/subscriptions/members",
            "tests/subscriptions/organizations/test_pages.py",
            "tests/subscriptions/roster_import/test_roster_adding.py",
            "tests/admin/test_invitations.py",
        ),
        sample=100,
    ),
    "roster": Subject(
        ("subscriptions/roster_import/*.py",), ("tests/subscriptions/roster_import",), sample=100
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subjects", nargs="*", default=list(SUBJECTS), metavar="subject")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for name in options.subjects:
        run(name, SUBJECTS[name], options.seed)
    return 0


def run(name: str, subject: Subject, seed: int) -> None:
    started = time.monotonic()
    copy = prepared_copy(name, subject)
    all_results = results(copy)
    chosen = choose(all_results, subject, seed)
    remaining = [key for key in chosen if all_results[key] is None]
    print(
        f"{name}: {len(remaining)} of {len(chosen)} changes to try, of {len(all_results)}",
        flush=True,
    )
    if remaining:
        try_changes(copy, remaining)
    verdicts = {key: results(copy)[key] for key in chosen}
    report(name, copy, verdicts, len(all_results), time.monotonic() - started)


def prepared_copy(name: str, subject: Subject) -> Path:
    """Return the copy with the changed code; delete copies of older code."""
    content = hashlib.sha256(repr(subject).encode())
    content.update((ROOT / "requirements-dev.txt").read_bytes())
    for folder in COPIED:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                content.update(path.read_bytes())
    copy = COPIES / f"{name}-{content.hexdigest()[:16]}"
    if not (copy / "ready").exists():
        for old in COPIES.glob(f"{name}-*"):
            shutil.rmtree(old)
        copy.mkdir(parents=True)
        prepare(copy, subject)
        # Write the changed code and find out which tests cover it; the pattern matches no change.
        mutmut(copy, "run", "--max-children", CHILDREN, "nothing.*", may_fail=True)
        (copy / "ready").touch()
    return copy


def try_changes(copy: Path, remaining: list[str]) -> None:
    """Try the changes, and print the progress."""
    started = time.monotonic()
    with (copy / "mutmut.log").open("w") as log:
        process = subprocess.Popen(
            [MUTMUT, "run", "--max-children", CHILDREN, *remaining],
            cwd=copy,
            env=environment(copy),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        while process.poll() is None:
            try:
                process.wait(PROGRESS_INTERVAL)
            except subprocess.TimeoutExpired:
                found = results(copy)
                done = sum(found[key] is not None for key in remaining)
                minutes = (time.monotonic() - started) / 60
                rest = f"{minutes / done * (len(remaining) - done):.0f}" if done else "?"
                print(f"  {done} of {len(remaining)}, about {rest} more minutes", flush=True)
    if process.returncode:
        print((copy / "mutmut.log").read_text()[-3000:], file=sys.stderr)
        raise SystemExit("mutmut failed")


def prepare(copy: Path, subject: Subject) -> None:
    for folder in COPIED:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, copy / folder, ignore=ignored)
    shutil.copy(ROOT / "manage.py", copy)
    shutil.copy(ROOT / "pyproject.toml", copy)
    settings = {
        "source_paths": ["subscriptions", "billing"],
        "only_mutate": list(subject.files),
        "also_copy": [one for one in COPIED if one not in ("subscriptions", "billing")]
        + ["manage.py"],
        "pytest_add_cli_args_test_selection": list(subject.tests),
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "-x", "-q", "-W", "ignore"],
        # Seconds for starting the tests, which mutmut does not measure.
        "timeout_constant": 20,
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    with (copy / "pyproject.toml").open("a") as file:
        file.write("\n[tool.mutmut]\n" + "\n".join(lines) + "\n")
    variables = {"DATABASE_URL": f"sqlite:///{copy / MIGRATED}", "DJANGO_SETTINGS_MODULE": SETTINGS}
    migrate = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    subprocess.run(migrate, cwd=copy, env=os.environ | variables, check=True)


def environment(copy: Path) -> dict[str, str]:
    """Return the environment in which tests copy the migrated database (tests/support)."""
    return {**os.environ, "MIGRATED_DATABASE": str(copy / MIGRATED)}


def choose(results: dict[str, int | None], subject: Subject, seed: int) -> list[str]:
    """Return the changes to try: all of them, or a sample that depends only on the seed."""
    names = sorted(results)
    if subject.sample and len(names) > subject.sample:
        return sorted(random.Random(seed).sample(names, subject.sample))
    return names


def results(copy: Path) -> dict[str, int | None]:
    """Return the exit status of the tests for each change; 0 means that no test failed."""
    found: dict[str, int | None] = {}
    for meta in (copy / "mutants").rglob("*.meta"):
        found |= json.loads(meta.read_text())["exit_code_by_key"]
    return found


def report(
    name: str, copy: Path, verdicts: dict[str, int | None], total: int, seconds: float
) -> None:
    statuses = {key: status_by_exit_code[code] for key, code in verdicts.items()}
    survivors = sorted(key for key, status in statuses.items() if status not in NOTICED)
    timeouts = sorted(key for key, status in statuses.items() if status == "timeout")
    killed = len(verdicts) - len(survivors)
    score = 100 * killed / max(len(verdicts), 1)
    for key in survivors:
        diff = mutmut(copy, "show", key, may_fail=True)
        lines = [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] != "+++"]
        print(f"\n{key} ({statuses[key]})")
        print("\n".join(line for line in lines if line[:3] != "---"))
    if timeouts:
        print("\nnoticed only by the time limit:", *timeouts, sep="\n  ")
    print(
        f"\n{name}: {killed} of {len(verdicts)} noticed ({score:.1f} %), out of {total}; "
        f"{seconds / 60:.1f} minutes",
        flush=True,
    )


def mutmut(copy: Path, *arguments: str, may_fail: bool = False) -> str:
    result = subprocess.run(
        [MUTMUT, *arguments],
        cwd=copy,
        env=environment(copy),
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode and not may_fail:
        print(result.stdout[-3000:], result.stderr[-3000:], file=sys.stderr)
        raise SystemExit(f"mutmut {arguments[0]} failed")
    return result.stdout


if __name__ == "__main__":
    sys.exit(main())
