"""A real browser: one headless Chromium per worker, a fresh profile per test.

Any problem on a page (a console error, a failed request to our site, a request to another site)
fails the test, unless the test expects it.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Request,
    Response,
    sync_playwright,
)

from tests.support.server import Site

# The first is the headless-only build, which is a third faster per page.
EXECUTABLES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",  # the sandbox does not work as root, and we open only our own pages
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
TABLET: dict[str, Any] = {
    "viewport": {"width": 820, "height": 1180},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}
TIMEOUT = 10_000  # milliseconds to wait for anything on a page
FAILURES = Path(__file__).parents[2] / "screens" / "failures"
OUR_HOSTS = {"localhost", "127.0.0.1"}
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
AXE_TAGS = (*WCAG, "best-practice")


# The browser ------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Start Playwright, whose event loop then runs in this thread until the last test.

    Django refuses database calls in a thread with a running loop, because they would block it.
    Nothing else uses that loop here, so the calls are allowed while it exists.
    """
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=find_chromium(), args=[*ARGUMENTS])
    yield browser
    browser.close()


def find_chromium() -> str:
    for name in EXECUTABLES:
        if path := shutil.which(name):
            return path
    return pytest.fail(f"No browser: none of {', '.join(EXECUTABLES)} found (`make install`).")


# Pages ------------------------------------------------------------------------------------------


@dataclass
class PageProblems:
    """Problems on the pages of one test, and those the test expects."""

    found: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, pattern: str) -> None:
        """Expect a matching problem, such as ``GET 403 .*/settings/``, at least once."""
        self.expected.append(pattern)

    def unexpected(self) -> list[str]:
        return [one for one in self.found if not any(re.search(e, one) for e in self.expected)]

    def missing(self) -> list[str]:
        return [e for e in self.expected if not any(re.search(e, one) for one in self.found)]

    def summary(self) -> str:
        return "\n".join(
            [f"Problem on a page: {one}" for one in self.unexpected()]
            + [f"Expected problem that did not occur: {one}" for one in self.missing()]
        )

    def watch(self, page: Page) -> None:
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.found.append(f"script error: {error}"))
        page.on("request", self._on_request)
        page.on("requestfailed", self._on_request_failed)
        page.on("response", self._on_response)

    def _on_console(self, message: ConsoleMessage) -> None:
        # _on_response already reports failed requests.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.found.append(f"console: {message.text} ({message.location['url']})")

    def _on_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https"} and address.hostname not in OUR_HOSTS:
            self.found.append(f"request to another site: {request.url}")

    def _on_request_failed(self, request: Request) -> None:
        # The browser itself aborts requests: for a download, or a click that leaves a loading page.
        if request.failure != "net::ERR_ABORTED":
            self.found.append(f"{request.method} failed {request.url}: {request.failure}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self.found.append(f"{response.request.method} {response.status} {response.url}")


@pytest.fixture
def page_problems() -> PageProblems:
    return PageProblems()


@pytest.fixture
def new_context(
    request: pytest.FixtureRequest, browser: Browser, site: Site, page_problems: PageProblems
) -> Iterator["ContextMaker"]:
    """Yield a function that opens a fresh profile: another person, or another device."""
    maker = ContextMaker(browser, site, page_problems)
    yield maker
    try:
        if _failed(request.node) or page_problems.summary():
            maker.take_screenshots(request.node.nodeid)
    finally:
        maker.close()
    if page_problems.summary():
        pytest.fail(page_problems.summary(), pytrace=False)


@dataclass
class ContextMaker:
    browser: Browser
    site: Site
    page_problems: PageProblems
    contexts: list[BrowserContext] = field(default_factory=list)

    def __call__(self, device: dict[str, Any] = DESKTOP) -> BrowserContext:
        defaults = {"locale": "en-US", "timezone_id": "America/New_York"}
        context = self.browser.new_context(base_url=self.site.url, **(defaults | device))
        context.set_default_timeout(TIMEOUT)
        context.on("page", self.page_problems.watch)
        self.contexts.append(context)
        return context

    def take_screenshots(self, test: str) -> None:
        FAILURES.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"\W+", "-", test).strip("-")
        pages = [page for context in self.contexts for page in context.pages]
        for number, page in enumerate(pages, start=1):
            page.screenshot(path=FAILURES / f"{name}-{number}.png", full_page=True)

    def close(self) -> None:
        for context in self.contexts:
            context.close()


@pytest.fixture
def desktop(new_context: ContextMaker) -> Page:
    return new_context(DESKTOP).new_page()


@pytest.fixture
def tablet(new_context: ContextMaker) -> Page:
    return new_context(TABLET).new_page()


@pytest.fixture
def phone(new_context: ContextMaker) -> Page:
    return new_context(PHONE).new_page()


OUTCOME: pytest.StashKey[bool] = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    if report.when == "call":
        item.stash[OUTCOME] = report.failed
    return report


def _failed(item: pytest.Item) -> bool:
    return item.stash.get(OUTCOME, False)


# Accessibility ----------------------------------------------------------------------------------


def assert_accessible(page: Page) -> None:
    """Fail with readable findings if the page breaks an accessibility rule."""
    violations = accessibility_violations(page)
    if violations:
        findings = "\n".join(describe_violation(violation) for violation in violations)
        pytest.fail(f"{page.url} is not accessible:\n{findings}")


def accessibility_violations(page: Page, tags: tuple[str, ...] = AXE_TAGS) -> list[dict[str, Any]]:
    """Return axe's findings on the page in its current state."""
    options = {
        "resultTypes": ["violations"],
        # The only rule that needs preloaded stylesheets has none of these tags.
        "preload": False,
        "runOnly": {"type": "tag", "values": [*tags]},
        # Part of WCAG 2.2; axe skips it by default.
        "rules": {"target-size": {"enabled": True}},
    }
    violations: list[dict[str, Any]] = Axe().run(page, options=options).response["violations"]
    return violations


def describe_violation(violation: dict[str, Any]) -> str:
    lines = [f"- {violation['id']} ({violation['impact']}): {violation['help']}"]
    for node in violation["nodes"]:
        lines.append(f"    {' '.join(map(str, node['target']))}")
        lines += [f"      {line}" for line in (node.get("failureSummary") or "").splitlines()[1:]]
    return "\n".join(lines)
