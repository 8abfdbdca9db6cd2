"""Run the benchmark on SQLite or, after ``tests.support.postgres --``, on PostgreSQL.

With BENCH_SIZE=small it takes about two minutes, but its figures mean little.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.programs.bench import pages
from tests.programs.bench.databases import fresh_database
from tests.programs.bench.goals import Result, table, write
from tests.programs.bench.load import server

FOLDER = Path(__file__).resolve().parents[3] / "bench"
FULL: dict[str, Any] = {
    "large": {"organizations": 20_000, "largest": 50_000},
    "pages": {"rounds": 3, "seconds": 0.6},
    "deliveries": {"rounds": 3, "seconds": 2, "burst": 1000},
    "licenses": {"rounds": 3, "seconds": 2},
    "files": {"rows": 5000, "members": 100_000},
    "reconciliation": {"sessions_per_day": [100, 10_000]},
}
SMALL: dict[str, Any] = {
    "large": {"organizations": 200, "largest": 5_000},
    "pages": {"rounds": 2, "seconds": 0.3},
    "deliveries": {"rounds": 2, "seconds": 1, "burst": 100},
    "licenses": {"rounds": 2, "seconds": 1},
    "files": {"rows": 500, "members": 10_000},
    "reconciliation": {"sessions_per_day": [100, 1_000]},
}
SECTIONS = ("deliveries", "licenses", "files", "reconciliation")
DURABILITY = {
    "postgresql": "With --durable, PostgreSQL waits for the disk at every commit, in both "
    "measurements of a ratio; without it (fsync off), in neither.",
    "sqlite": "SQLite uses WAL with synchronous=NORMAL, as in production: commits do not wait for "
    "the disk.",
}


def main() -> None:
    """Measure everything on one database; print and save the results."""
    size = SMALL if os.environ.get("BENCH_SIZE") == "small" else FULL
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="licensing-bench-") as folder:
        url = os.environ.get("DATABASE_URL", "")
        vendor = "postgresql" if url.startswith("postgres") else "sqlite"
        os.environ["BENCH_DATABASES"] = url if vendor == "postgresql" else f"sqlite:///{folder}"
        results = _measure(size)
    about = {
        "database": vendor,
        "durability": DURABILITY[vendor],
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "day": datetime.now().astimezone().strftime("%Y-%m-%d"),
        "minutes": round((time.monotonic() - started) / 60, 1),
        "load": os.getloadavg()[2],
        "size": size,
    }
    write(results, about, FOLDER / f"{vendor}.json")
    heading = "{database}, {day}, {cores} cores, Python {python}, {minutes} minutes".format(**about)
    print(f"\n{heading}\n{DURABILITY[vendor]}\n\n{table(results)}")


def _measure(size: dict[str, Any]) -> list[Result]:
    small_url, large_url = fresh_database("small"), fresh_database("large")
    _run("fill", small_url, {"small": True})
    _run("fill", large_url, size["large"])
    environment = dict(os.environ)
    with (
        server(small_url, environment, "measured") as small,
        server(large_url, environment, "measured", "users-5000", "largest") as large,
    ):
        results = pages.run(small, large, size["pages"])
    print(table(results), flush=True)
    for name in SECTIONS:
        output = _run("section", small_url, name, size[name])
        [line] = [row for row in output.splitlines() if row.startswith("results ")]
        section = [Result(**row) for row in json.loads(line.removeprefix("results "))]
        print(table(section), flush=True)
        results += section
    return results


def _run(module: str, database: str, *arguments: Any) -> str:
    print(module, *arguments, flush=True)
    texts = [one if isinstance(one, str) else json.dumps(one) for one in arguments]
    result = subprocess.run(
        [sys.executable, "-m", f"tests.programs.bench.{module}", *texts],
        env={**os.environ, "DATABASE_URL": database},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return result.stdout


if __name__ == "__main__":
    main()
