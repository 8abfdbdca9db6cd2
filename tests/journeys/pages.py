"""Every page of the organization, found by its address: a new one is walked without being named."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.rosters import kept_roster
from tests.world import World

PREFIX = "o/<slug:slug>/"
# Addresses under the organization that are no pages to look at.
NO_PAGES = {
    "keep_draft",  # takes a form
    "resend_invitation",  # takes a form
    "end_renewal",  # takes a form
    "thread_news",  # a part of a page
    "approve_request",  # takes a form
    "deny_request",  # takes a form
    "restore_user",  # about somebody who was removed
    "remove_users",  # takes a form
    "purchases_csv",  # a download
    "activity_csv",  # a download
    "users_csv",  # a download
    "roster_template",  # a download
    "receipt_pdf",  # a download
    "quote_pdf",  # a download
    "sheet_pdf",  # a download
    "sheet_csv",  # a download
    "add_roster",  # takes a form
    "discard_roster",  # takes a form
    "return",  # tests of coming back from the payment page open it
}


def pages_of(world: World) -> list[str]:
    """The addresses of Lakeside's pages for its Administrator, with something on each."""
    known = {
        "slug": world.lakeside.slug,
        "key": world.official.key,
        "pk": world.buy_and_settle(5).pk,
        "roster": kept_roster(world.administrator).pk,
    }
    found = [
        reverse(name, kwargs={argument: known[argument] for argument in arguments})
        for name, arguments in _addresses(get_resolver())
    ]
    assert len(found) >= 9
    return found


def page_names() -> set[str]:
    """The names of the addresses of all those pages."""
    return {name for name, _ in _addresses(get_resolver())}


def _addresses(resolver: URLResolver, namespace: str = "") -> Iterator[tuple[str, list[str]]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _addresses(entry, f"{entry.namespace}:" if entry.namespace else namespace)
        elif _is_page(entry):
            yield f"{namespace}{entry.name}", [*_route(entry).converters]


def _is_page(entry: URLPattern) -> bool:
    return str(entry.pattern).startswith(PREFIX) and entry.name not in NO_PAGES


def _route(entry: URLPattern) -> Any:
    return entry.pattern
