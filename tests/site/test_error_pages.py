"""Error pages work without a request, a session or a query, and say what to do next."""

import pytest
from django.db import connection
from django.template.loader import render_to_string

PAGES = {
    "400.html": "nothing was changed",
    "403.html": "Nothing was changed",
    "403_csrf.html": "Go back, reload the page",
    "404.html": "start from your organizations",
    "413.html": "You can import a long roster as a file",
    "429.html": "Wait a minute, then try again",
    "500.html": "No payment was lost",
    "503.html": "Wait a minute, then reload the page",
}


@pytest.mark.parametrize("page", PAGES)
def test_error_page_needs_no_context_and_says_what_to_do(page: str) -> None:
    def refuse(*arguments: object) -> None:
        pytest.fail(f"{page} queries the database")

    with connection.execute_wrapper(refuse):
        html = render_to_string(page)

    assert PAGES[page] in html
    assert html.count("<h1>") == 1
    assert '<a class="button" href="/">' in html
    assert 'id="messenger-button"' in html
