"""Working in the Django admin as support does: open a page, fill in its form, confirm."""

import html
import re
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.models import LogEntry
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from subscriptions.admin.parts import log
from subscriptions.admin.parts.display import address_of


@dataclass
class Desk:
    """Somebody of support at work."""

    client: Client

    def open(self, thing: Model | str, page: str = "change", **query: Any) -> Any:
        """Open a page of an object, or an address."""
        address = thing if isinstance(thing, str) else address_of(thing, page)
        return self.client.get(address, query)

    def list(self, model: type[Model], **query: Any) -> Any:
        """Open a list."""
        meta = model._meta
        return self.client.get(
            reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"), query
        )

    def rows(self, model: type[Model], **query: Any) -> set[Any]:
        """The keys of the rows that a list shows."""
        response = self.list(model, **query)
        assert response.status_code == 200, response.headers
        return {row.pk for row in response.context["cl"].result_list}

    def send(self, page: Any, **typed: Any) -> Any:
        """Fill in the form of a page that was opened, and send it."""
        return self.client.post(page.request["PATH_INFO"] + query_of(page), hidden(page) | typed)

    def confirm(self, page: Any) -> Any:
        """Confirm what a page says will happen."""
        return self.send(page, confirmed="1")

    def do(self, thing: Model, page: str, *, query: Any = None, **typed: Any) -> Any:
        """Open, fill in and confirm; the answer, after its redirect."""
        sent = self.send(self.open(thing, page, **(query or {})), **typed)
        done = self.confirm(sent) if sent.status_code == 200 and sent.context["plan"] else sent
        return self.client.get(done.url) if done.status_code == 302 else done


def query_of(page: Any) -> str:
    """The query of the address a page stands at."""
    query = page.request["QUERY_STRING"]
    return f"?{query}" if query else ""


def hidden(page: Any) -> dict[str, str]:
    """What the form on a page sends without being typed."""
    found = {}
    for field in re.findall(r'<input type="hidden"[^>]*>', page.content.decode()):
        name = re.search(r'name="([^"]*)"', field)
        value = re.search(r'value="([^"]*)"', field)
        if name and value:
            found[name[1]] = html.unescape(value[1])
    return found


def logged(thing: Model) -> list[LogEntry]:
    """What was logged about an object, the latest first."""
    return list(log.of(thing))
