"""Processes with dj-stripe, in the virtual environment that ``make bench`` installs.

Each has a fresh database on the same server, and measures a round on request.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from tests.programs.bench.databases import fresh_database

PYTHON = os.environ.get("BENCH_RIVAL_PYTHON", ".venv/rival/bin/python")


@contextmanager
def rivals(
    rates: dict[str, list[float]], seconds: float, *, payments: int
) -> Iterator[Callable[[], None]]:
    """Start one for each form in ``rates``; yield a function that adds a round of each to it."""
    with ExitStack() as stack:
        processes = {
            form: stack.enter_context(_rival(form, seconds, payments=payments)) for form in rates
        }

        def measure() -> None:
            for form, process in processes.items():
                assert process.stdin is not None
                process.stdin.write("round\n")
                process.stdin.flush()
                rates[form].append(float(_read_line(process)))

        yield measure


@contextmanager
def _rival(form: str, seconds: float, *, payments: int) -> "Iterator[subprocess.Popen[str]]":
    environment = {**os.environ, "DATABASE_URL": fresh_database(f"rival_{form}")}
    if form == "lean":
        environment["RIVAL_IS_LEAN"] = "yes"
    process = subprocess.Popen(
        [PYTHON, "-m", "tests.programs.bench.rival.serve", str(seconds), str(payments)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert _read_line(process) == "ready"
        yield process
    finally:
        process.communicate()


def _read_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    assert line, "dj-stripe did not respond; see its error above"
    return line
