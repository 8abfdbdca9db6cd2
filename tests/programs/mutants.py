"""Mutation testing: ``python -m tests.programs.mutants policy`` (``make mutants`` runs all of it).

Changes the code in small ways, one at a time, and runs the tests that concern it: a change that no
test notices is a test that is missing. The work happens in a copy of the project, on SQLite in
memory. Where a subject is large, a sample is drawn by ``--seed``.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("subscriptions", "billing", "licensing_site", "templates", "static", "tests", "docs")
MUTMUT = str(Path(sys.executable).parent / "mutmut")
KILLED = {1, 3}


@dataclass(frozen=True)
class Subject:
    """What is changed, which tests must notice, and how many changes are tried (0: all)."""

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
            "tests/billing/checkout/test_buying.py",
        ),
    ),
    "purchases": Subject(
        ("billing/settlement/settle.py",),
        (
            "tests/billing/checkout/test_buying.py",
            "tests/billing/settlement/test_sent_again.py",
            "tests/billing/events/test_reconcile.py",
            "tests/billing/checkout/test_renewal_payments.py",
            "tests/billing/settlement/test_faults.py",
            "tests/billing/settlement/test_mismatch.py",
        ),
        sample=60,
    ),
    "renewals": Subject(
        ("subscriptions/licenses/renewals.py",),
        (
            "tests/billing/checkout/test_renewals.py",
            "tests/billing/checkout/test_renewal_payments.py",
        ),
        sample=60,
    ),
    "members": Subject(
        ("subscriptions/members/members.py",),
        (
            "tests/subscriptions/members/test_members.py",
            "tests/subscriptions/members/test_invitations.py",
            "tests/subscriptions/roster_import/test_roster_adding.py",
        ),
        sample=60,
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
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder)
        prepare(copy, subject)
        chosen = choose(copy, subject, seed)
        mutmut(copy, "run", "--max-children", "2", *chosen)
        verdicts = {key: code for key, code in results(copy).items() if key in chosen}
        report(name, copy, verdicts, len(results(copy)), time.monotonic() - started)


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
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    with (copy / "pyproject.toml").open("a") as file:
        file.write("\n[tool.mutmut]\n" + "\n".join(lines) + "\n")


def choose(copy: Path, subject: Subject, seed: int) -> list[str]:
    """The changes to try: all of them, or a sample that is the same for the same seed."""
    # Writes the changed code and learns which test reaches what; no name matches.
    mutmut(copy, "run", "--max-children", "2", "nothing.*", may_fail=True)
    names = sorted(results(copy))
    if subject.sample and len(names) > subject.sample:
        return sorted(random.Random(seed).sample(names, subject.sample))
    return names


def results(copy: Path) -> dict[str, int | None]:
    """Every change by its name, with how the tests ended: 0 where nobody has noticed."""
    found: dict[str, int | None] = {}
    for meta in (copy / "mutants").rglob("*.meta"):
        found |= json.loads(meta.read_text())["exit_code_by_key"]
    return found


def report(
    name: str, copy: Path, verdicts: dict[str, int | None], total: int, seconds: float
) -> None:
    alive = sorted(key for key, code in verdicts.items() if code not in KILLED)
    killed = len(verdicts) - len(alive)
    score = 100 * killed / max(len(verdicts), 1)
    for key in alive:
        shown = mutmut(copy, "show", key, may_fail=True)
        lines = [line for line in shown.splitlines() if line[:1] in "+-" and line[:3] != "+++"]
        print(f"\n{key} (ended with {verdicts[key]})")
        print("\n".join(line for line in lines if line[:3] != "---"))
    print(
        f"\n{name}: {killed} of {len(verdicts)} noticed ({score:.1f} %), of {total} there are; "
        f"{seconds / 60:.1f} minutes",
        flush=True,
    )


def mutmut(copy: Path, *arguments: str, may_fail: bool = False) -> str:
    result = subprocess.run(
        [MUTMUT, *arguments], cwd=copy, capture_output=True, text=True, check=False
    )
    if result.returncode and not may_fail:
        print(result.stdout[-3000:], result.stderr[-3000:], file=sys.stderr)
        raise SystemExit(f"mutmut {arguments[0]} failed")
    return result.stdout


if __name__ == "__main__":
    sys.exit(main())
