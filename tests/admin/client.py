"""Use the Django admin as support does: open a page, fill in its form, confirm."""

import html
import re
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.models import LogEntry
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from subscriptions.admin.parts import log
from subscriptions.admin.parts.display import admin_url


@dataclass
class Admin:
    """A signed-in user of the admin."""

    client: Client

    def open(self, row: Model | str, page: str = "change", **query: Any) -> Any:
        """Open an object's page, or a path."""
        path = row if isinstance(row, str) else admin_url(row, page)
        return self.client.get(path, query)

    def list(self, model: type[Model], **query: Any) -> Any:
        """Open a changelist."""
        meta = model._meta
        return self.client.get(
            reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"), query
        )

    def rows(self, model: type[Model], **query: Any) -> set[Any]:
        """Return the primary keys of the rows on a changelist."""
        response = self.list(model, **query)
        assert response.status_code == 200, response.headers
        return {row.pk for row in response.context["cl"].result_list}

    def submit(self, page: Any, **values: Any) -> Any:
        """Fill in and submit the form of an open page."""
        return self.client.post(page.request["PATH_INFO"] + query_of(page), hidden(page) | values)

    def confirm(self, page: Any) -> Any:
        """Confirm the action that a page previews."""
        return self.submit(page, confirmed="1")

    def perform(self, row: Model, page: str, *, query: Any = None, **values: Any) -> Any:
        """Open, fill in and confirm; return the response after its redirect."""
        response = self.submit(self.open(row, page, **(query or {})), **values)
        result = (
            self.confirm(response)
            if response.status_code == 200 and response.context["plan"]
            else response
        )
        return self.client.get(result.url) if result.status_code == 302 else result


def query_of(page: Any) -> str:
    """Return the query string of the page's URL."""
    query = page.request["QUERY_STRING"]
    return f"?{query}" if query else ""


def hidden(page: Any) -> dict[str, str]:
    """Return the values that a page's form submits unchanged."""
    found = {}
    for field in re.findall(r'<input type="hidden"[^>]*>', page.content.decode()):
        name = re.search(r'name="([^"]*)"', field)
        value = re.search(r'value="([^"]*)"', field)
        if name and value:
            found[name[1]] = html.unescape(value[1])
    return found


def logged(row: Model) -> list[LogEntry]:
    """Return the log entries of an object, newest first."""
    return list(log.entries_for(row))
