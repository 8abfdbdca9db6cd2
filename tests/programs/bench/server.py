"""Serve the site on the database at DATABASE_URL until standard input ends.

The first line of output contains the port, session keys, and the queries of each page.
"""

import json
import os
import sys
import time

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.programs.bench.settings"
django.setup()

from django.db import connection, reset_queries  # noqa: E402  (the settings come first)
from django.test import Client  # noqa: E402

from subscriptions.models import User  # noqa: E402
from tests.support.server import serve  # noqa: E402
from tests.support.world import sign_in  # noqa: E402

# Paths below the organization's.
PAGES = {
    "home": "",
    "subscription": "settings/subscription/",
    "add licenses": "licenses/add/",
    "users": "users/",
    "purchases": "purchases/",
    "add user": "users/add/",
}
SESSION_AND_USER = 2


def main() -> None:
    """Serve until the input ends."""
    organizations = {slug: _visit(slug) for slug in sys.argv[1:]}
    with serve() as site:
        print(json.dumps({"port": site.port, "organizations": organizations}), flush=True)
        for _line in sys.stdin:
            print(time.process_time(), flush=True)


def _visit(slug: str) -> dict[str, object]:
    """Return session keys, and the size and queries of each page."""
    client = Client()
    sign_in(client, User.objects.get(email=f"administrator@{slug}.example"))
    pages = {}
    for name, tail in PAGES.items():
        path = f"/o/{slug}/{tail}"
        client.get(path)
        queries, size = _cost(client, path)
        pages[name] = {"path": path, "bytes": size, "queries": queries - SESSION_AND_USER}
    support = Client()
    staff, _ = User.objects.get_or_create(
        email="bench@support.example", is_staff=True, is_superuser=True, name="Support"
    )
    sign_in(support, staff)
    return {
        "cookie": client.cookies["sessionid"].value,
        "support": support.cookies["sessionid"].value,
        "pages": pages,
    }


def _cost(client: Client, path: str) -> tuple[int, int]:
    executed = []

    def record(execute, sql, *rest):
        executed.append(sql)
        return execute(sql, *rest)

    reset_queries()
    with connection.execute_wrapper(record):
        response = client.get(path)
    assert response.status_code == 200, (path, response.status_code)
    return len(executed), len(response.content)


if __name__ == "__main__":
    main()
