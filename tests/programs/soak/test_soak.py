"""A soak test of a few seconds, which kills everything at least once."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.programs.soak.stack import ROOT
from tests.support.databases import server_arguments
from tests.support.postgres import run_program

OPTIONS = "--minutes 0.15 --organizations 16 --people 16 --workers 2 --pause 0.8 --month 5".split()
COMPONENTS = ("site", "jobs", "processor", "database")


@pytest.mark.postgres
@pytest.mark.race
def test_payments_and_licenses_agree_after_random_kills(
    django_db_setup: None, tmp_path: Path
) -> None:
    """R5, R14, R17, R31, with real processes and a PostgreSQL that recovers from its log."""
    migrated = tmp_path / "migrated"
    template = connection.settings_dict["NAME"]
    run_program("pg_dump", *server_arguments(), "--format=custom", f"--file={migrated}", template)

    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.programs.soak",
            *OPTIONS,
            "--seed=7",
            f"--restore={migrated}",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )

    output = result.stdout + result.stderr[-3000:]
    assert result.returncode == 0, output
    counts = {what.strip(): int(number) for what, number in _rows(result.stdout)}
    assert all(counts[f"killed: {name}"] >= 1 for name in COMPONENTS), output
    assert counts["add-on paid"] >= 1, output
    assert counts["user added"] >= 1, output
    assert counts["violations"] == 0


def _rows(table: str) -> list[tuple[str, str]]:
    return [
        (what, number.replace(",", ""))
        for what, number in re.findall(r"\| (.+?) \| +([\d,]+) \|", table)
    ]
