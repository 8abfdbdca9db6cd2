"""Helpers for reading pages."""

import re
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext


def text_of(response: Any) -> str:
    """Return the visible text of a page, in one line."""
    # A soft line break is not a space.
    html = response.content.decode().replace("<wbr>", "")
    without_tags = re.sub(r"<[^>]+>", " ", html)
    return " ".join(without_tags.split())


def queries_of(client: Any, path: str) -> list[str]:
    """Return the SQL statements of one request."""
    with CaptureQueriesContext(connection) as captured:
        response = client.get(path)
    assert response.status_code == 200, response
    return [query["sql"] for query in captured.captured_queries]
