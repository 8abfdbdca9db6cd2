"""Every page of the organization, found by its URL: new pages are included automatically."""

from collections.abc import Iterator

from django.urls import reverse

from tests.support.addresses import Address, addresses
from tests.support.rosters import roster_with_all_row_states
from tests.support.world import World

PREFIX = "o/<slug:slug>/"
# Organization URLs that are not pages to look at.
NO_PAGES = {
    "keep_draft",  # takes a form
    "resend_invitation",  # takes a form
    "end_renewal",  # takes a form
    "thread_news",  # a part of a page
    "approve_request",  # takes a form
    "deny_request",  # takes a form
    "restore_user",  # about a removed user
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
    "return",  # covered by the tests of returning from the payment page
}


def pages_of(world: World) -> list[str]:
    """Return the paths of Lakeside's pages for its Administrator, with content on each."""
    known = {
        "slug": world.lakeside.slug,
        "key": world.official.key,
        "pk": world.buy_and_settle(5).pk,
        "roster": roster_with_all_row_states(world.administrator).pk,
    }
    found = [
        reverse(one.name, kwargs={name: known[name] for name in one.arguments}) for one in _pages()
    ]
    assert len(found) >= 9
    return found


def page_names() -> set[str]:
    """Return the URL names of all these pages."""
    return {one.name for one in _pages()}


def _pages() -> Iterator[Address]:
    for one in addresses():
        is_page = one.name.rpartition(":")[2] not in NO_PAGES
        if is_page and one.path.startswith(PREFIX):
            yield one
