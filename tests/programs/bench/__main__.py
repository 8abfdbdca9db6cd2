"""``python -m tests.programs.bench``: on SQLite, or after ``tests.support.postgres --``.

BENCH_SIZE=small tries it in some two minutes; its figures mean little.
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
WHOLE: dict[str, Any] = {
    "large": {"organizations": 20_000, "crowd": 50_000},
    "pages": {"rounds": 3, "seconds": 0.6},
    "deliveries": {"rounds": 3, "seconds": 2, "burst": 1000},
    "licenses": {"rounds": 3, "seconds": 2},
    "files": {"rows": 5000, "members": 100_000},
    "reconciliation": {"a_day": [100, 10_000]},
}
SMALL: dict[str, Any] = {
    "large": {"organizations": 200, "crowd": 5_000},
    "pages": {"rounds": 2, "seconds": 0.3},
    "deliveries": {"rounds": 2, "seconds": 1, "burst": 100},
    "licenses": {"rounds": 2, "seconds": 1},
    "files": {"rows": 500, "members": 10_000},
    "reconciliation": {"a_day": [100, 1_000]},
}
SECTIONS = ("deliveries", "licenses", "files", "reconciliation")
DURABILITY = {
    "postgresql": "PostgreSQL started with --durable waits for the disk at every commit, on either "
    "side of a ratio; without it (fsync off), on neither.",
    "sqlite": "SQLite writes ahead (WAL) with synchronous=NORMAL, as the product sets it: a commit "
    "waits for the disk on neither side of a ratio.",
}


def main() -> None:
    """Measure everything on one database, print it and write it down."""
    size = SMALL if os.environ.get("BENCH_SIZE") == "small" else WHOLE
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="licensing-bench-") as folder:
        address = os.environ.get("DATABASE_URL", "")
        vendor = "postgresql" if address.startswith("postgres") else "sqlite"
        os.environ["BENCH_DATABASES"] = address if vendor == "postgresql" else f"sqlite:///{folder}"
        results = _measure(size)
    about = {
        "database": vendor,
        "durability": DURABILITY[vendor],
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "day": datetime.now().astimezone().strftime("%Y-%m-%d"),
        "minutes": round((time.monotonic() - begun) / 60, 1),
        "load": os.getloadavg()[2],
        "size": size,
    }
    write(results, about, FOLDER / f"{vendor}.json")
    heading = "{database}, {day}, {cores} cores, Python {python}, {minutes} minutes".format(**about)
    print(f"\n{heading}\n{DURABILITY[vendor]}\n\n{table(results)}")


def _measure(size: dict[str, Any]) -> list[Result]:
    small, large = fresh_database("small"), fresh_database("large")
    _run("fill", small, {"small": True})
    _run("fill", large, size["large"])
    environment = dict(os.environ)
    with (
        server(small, environment, "measured") as few,
        server(large, environment, "measured", "crowd-5000", "crowd") as many,
    ):
        results = pages.run(few, many, size["pages"])
    print(table(results), flush=True)
    for name in SECTIONS:
        response = _run("section", small, name, size[name])
        [found] = [row for row in response.splitlines() if row.startswith("results ")]
        section = [Result(**row) for row in json.loads(found.removeprefix("results "))]
        print(table(section), flush=True)
        results += section
    return results


def _run(module: str, database: str, *arguments: Any) -> str:
    print(module, *arguments, flush=True)
    words = [one if isinstance(one, str) else json.dumps(one) for one in arguments]
    done = subprocess.run(
        [sys.executable, "-m", f"tests.programs.bench.{module}", *words],
        env={**os.environ, "DATABASE_URL": database},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


if __name__ == "__main__":
    main()
