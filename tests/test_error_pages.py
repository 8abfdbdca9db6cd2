"""Pages for what went wrong: without a request or a session, each with a next step."""

import pytest
from django.template.loader import render_to_string


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("400.html", "nothing was changed"),
        ("413.html", "A long roster can be sent as a file"),
        ("429.html", "Wait a minute, then try again"),
        ("500.html", "no payment is lost"),
    ],
)
def test_they_need_nothing_and_say_what_to_do(page: str, words: str) -> None:
    html = render_to_string(page)

    assert words in html
    assert html.count("<h1>") == 1
    assert '<a class="button" href="/">' in html
