"""A ``make soak`` of a few seconds: everything is killed at least once, and all invariants hold."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.programs.soak.stack import ROOT
from tests.support.databases import server_arguments
from tests.support.postgres import run_program

BRIEFLY = "--minutes 0.15 --organizations 16 --people 16 --workers 2 --pause 0.8 --month 5".split()
KINDS = ("site", "jobs", "processor", "database")


@pytest.mark.postgres
@pytest.mark.race
def test_payments_and_licenses_agree_after_random_kills(
    django_db_setup: None, tmp_path: Path
) -> None:
    """R5, R14, R17, R31, with real processes and a PostgreSQL that recovers from its log."""
    migrated = tmp_path / "migrated"
    template = connection.settings_dict["NAME"]
    run_program("pg_dump", *server_arguments(), "--format=custom", f"--file={migrated}", template)

    finished = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.programs.soak",
            *BRIEFLY,
            "--seed=7",
            f"--restore={migrated}",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )

    said = finished.stdout + finished.stderr[-3000:]
    assert finished.returncode == 0, said
    counts = {what.strip(): int(number) for what, number in _rows(finished.stdout)}
    assert all(counts[f"killed: {kind}"] >= 1 for kind in KINDS), said
    assert counts["add-on paid"] >= 1, said
    assert counts["user added"] >= 1, said
    assert counts["violations"] == 0


def _rows(table: str) -> list[tuple[str, str]]:
    return [
        (what, number.replace(",", ""))
        for what, number in re.findall(r"\| (.+?) \| +([\d,]+) \|", table)
    ]
