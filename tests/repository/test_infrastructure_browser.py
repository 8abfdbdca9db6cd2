"""Guarantees of tests/support/server.py and tests/support/browser.py."""

import threading
from collections.abc import Iterator

import pytest
import requests
from django.contrib.sessions.models import Session
from playwright.sync_api import Page
from pytest_django import Settings

from tests.repository.test_infrastructure_databases import commit_a_row
from tests.support.browser import PageProblems, assert_accessible
from tests.support.server import Site

pytestmark = pytest.mark.journey

GOOD_PAGE = """<!doctype html><html lang="en"><head><title>Good</title></head>
<body><main><h1>Good</h1></main></body></html>"""


def test_server_delivers_pages_and_static_files(site: Site, settings: Settings) -> None:
    style = requests.get(site / "static/admin/css/base.css", timeout=5)

    assert style.status_code == 200
    assert "text/css" in style.headers["Content-Type"]
    assert site.url == settings.SITE_URL


@pytest.fixture
def keep_alive_client() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


def test_server_stops_despite_a_keep_alive_connection(
    keep_alive_client: requests.Session, site: Site
) -> None:
    """The fixture order closes the client after the server has stopped."""
    before = threading.active_count()

    keep_alive_client.get(site / "static/admin/css/base.css", timeout=5)

    assert threading.active_count() == before + 1


def test_database_can_be_queried_while_a_browser_is_open(desktop: Page) -> None:
    commit_a_row()

    assert Session.objects.count() == 1


def test_failed_request_is_a_problem(
    desktop: Page, site: Site, page_problems: PageProblems
) -> None:
    desktop.goto("/no-such-page/")

    assert page_problems.unexpected() == [f"GET 404 {site / 'no-such-page/'}"]
    page_problems.expect("GET 404 .*/no-such-page/$")
    assert page_problems.unexpected() == []


def test_console_error_is_a_problem(desktop: Page, page_problems: PageProblems) -> None:
    page_problems.expect("console: oops")
    page_problems.expect("script error: .*broken")

    desktop.evaluate("console.error('oops'); setTimeout(() => { throw Error('broken') })")
    desktop.wait_for_timeout(50)

    assert len(page_problems.found) == 2


def test_third_party_request_is_a_problem(desktop: Page, page_problems: PageProblems) -> None:
    page_problems.expect("request to another site: https://other.example/")
    desktop.route("https://other.example/**", lambda route: route.abort("aborted"))

    desktop.set_content('<img src="https://other.example/picture.png" alt="">')

    assert page_problems.missing() == []


def test_expected_problem_must_occur() -> None:
    page_problems = PageProblems()

    page_problems.expect("GET 500")

    assert "did not occur: GET 500" in page_problems.summary()


def test_device_profiles_are_correct(desktop: Page, tablet: Page, phone: Page) -> None:
    def width_and_touch(page: Page) -> tuple[int, bool]:
        page.set_content('<meta name="viewport" content="width=device-width">')
        return (page.evaluate("innerWidth"), page.evaluate("matchMedia('(hover: none)').matches"))

    assert width_and_touch(desktop) == (1280, False)
    assert width_and_touch(tablet) == (820, True)
    assert width_and_touch(phone) == (390, True)


def test_accessibility_findings_are_readable(desktop: Page) -> None:
    desktop.set_content(GOOD_PAGE)
    assert_accessible(desktop)

    desktop.set_content(GOOD_PAGE.replace("<h1>", '<img src="data:,"><h1>'))

    with pytest.raises(pytest.fail.Exception, match=r"image-alt \(critical\).*\n +img\n"):
        assert_accessible(desktop)
