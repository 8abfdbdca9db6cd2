"""A server over the database at DATABASE_URL, in a process of its own, until its input ends.

Its first line says where it is, who may come in, and what each page cost in queries.
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

# By the part of the address behind the organization's.
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
    """Serve."""
    found = {slug: _visit(slug) for slug in sys.argv[1:]}
    with serve() as site:
        print(json.dumps({"port": site.port, "found": found}), flush=True)
        for _line in sys.stdin:
            print(time.process_time(), flush=True)


def _visit(slug: str) -> dict[str, object]:
    """The cookie of its Administrator; bytes and queries of each page."""
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
    asked = []

    def note(execute, sql, *rest):
        asked.append(sql)
        return execute(sql, *rest)

    reset_queries()
    with connection.execute_wrapper(note):
        response = client.get(path)
    assert response.status_code == 200, (path, response.status_code)
    return len(asked), len(response.content)


if __name__ == "__main__":
    main()
