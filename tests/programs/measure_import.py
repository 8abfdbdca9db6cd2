"""Measure time and memory of importing a roster of 5,000: reading, showing and adding.

    python -m tests.programs.measure_import
    python -m tests.support.postgres -- python -m tests.programs.measure_import

Memory is measured in a separate run, because tracing allocations slows everything down.
"""

# ruff: noqa: E402  (settings must be configured before these imports)

import io
import os
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from django.db import connection, transaction
from django.test.utils import setup_databases, setup_test_environment, teardown_databases

from subscriptions.notifications import notify
from subscriptions.roster_import import files, rosters
from tests.support.rosters import csv_of, line, roster_path, workbook_of
from tests.support.world import World, build_world

ROWS = 5_000


def main() -> None:
    setup_test_environment()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        print(f"{connection.vendor}, {ROWS} rows")
        for measure in (_measure_time, _measure_memory):
            with transaction.atomic():
                _import(measure, build_world(licenses=ROWS + 100))
                transaction.set_rollback(True)
    finally:
        teardown_databases(databases, verbosity=0)


def _import(measure: Callable[[str, Callable[[], Any]], Any], world: World) -> None:
    people = [line(number) for number in range(1, ROWS + 1)]
    cells = [[one.name, one.email, ""] for one in people]
    workbook = workbook_of(["Name", "E-mail", "Role"], *cells)
    measure("read CSV", lambda: files.read_file(io.BytesIO(csv_of(ROWS).encode())))
    sheets = measure("read XLSX", lambda: files.read_file(io.BytesIO(workbook)))
    roster = measure("store", lambda: rosters.store(world.assignor, sheets, source="r.xlsx"))
    client = world.client(world.assignor)
    measure("preview, one page", lambda: client.get(roster_path(roster)))
    response = measure("add everyone", lambda: client.post(f"{roster_path(roster)}add/"))
    assert response.status_code == 302, response
    assert world.lakeside.memberships.count() == ROWS + 4
    measure("preview afterwards", lambda: client.get(roster_path(roster)))
    measure("users as CSV", lambda: client.get("/o/lakeside/users.csv").getvalue())
    measure("queue 1,000 e-mails in one sweep", notify.deliver_waiting)


def _measure_time(label: str, action: Callable[[], Any]) -> Any:
    start = time.perf_counter()
    result = action()
    print(f"{label:32} {time.perf_counter() - start:8.2f} s")
    return result


def _measure_memory(label: str, action: Callable[[], Any]) -> Any:
    tracemalloc.start()
    result = action()
    print(f"{label:32} {tracemalloc.get_traced_memory()[1] / 2**20:8.1f} MB peak")
    tracemalloc.stop()
    return result


if __name__ == "__main__":
    main()
