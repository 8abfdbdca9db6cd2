"""Every page of an organization, found by its URL, so that new pages are included."""

from collections.abc import Iterator

from django.urls import reverse

from tests.support.rosters import roster_with_all_row_states
from tests.support.urls import NamedUrl, named_urls
from tests.support.world import World

PREFIX = "o/<slug:slug>/"
# URLs of organizations that are not pages.
NOT_PAGES = {
    "save_draft",  # POST only
    "resend_invitation",  # POST only
    "cancel_renewal",  # POST only
    "thread_updates",  # a fragment
    "approve_request",  # POST only
    "deny_request",  # POST only
    "restore_user",  # for removed users only
    "remove_users",  # POST only
    "purchases_csv",  # a download
    "activity_csv",  # a download
    "users_csv",  # a download
    "roster_template",  # a download
    "receipt_pdf",  # a download
    "quote_pdf",  # a download
    "sheet_pdf",  # a download
    "sheet_csv",  # a download
    "add_roster",  # POST only
    "discard_roster",  # POST only
    "return",  # tested in buying/
}


def pages_of(world: World) -> list[str]:
    """Return the paths of Lakeside's pages for its Administrator, all with content."""
    arguments = {
        "slug": world.lakeside.slug,
        "key": world.official.key,
        "pk": world.buy_and_settle(5).pk,
        "roster": roster_with_all_row_states(world.administrator).pk,
    }
    found = [
        reverse(one.name, kwargs={name: arguments[name] for name in one.arguments})
        for one in _pages()
    ]
    assert len(found) >= 9
    return found


def page_names() -> set[str]:
    """Return the URL names of all these pages."""
    return {one.name for one in _pages()}


def _pages() -> Iterator[NamedUrl]:
    for one in named_urls():
        is_page = one.name.rpartition(":")[2] not in NOT_PAGES
        if is_page and one.path.startswith(PREFIX):
            yield one
