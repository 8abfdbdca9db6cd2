"""Visit every state with a browser and report the findings."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.cache import cache
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from subscriptions.models import User
from tests.journeys.people import sign_in_with_cookie
from tests.programs.screens import checks
from tests.programs.screens.states import State, every_state
from tests.support.browser import ARGUMENTS, DESKTOP, PHONE, find_chromium

SIGN_IN = "/accounts/login/"
ENGLISH = "en-US"
# In other languages, states with clicks are skipped, because they use English names.
LANGUAGE = os.environ.get("SCREENS_LANGUAGE") or ENGLISH
DEVICES: dict[str, dict[str, Any]] = {"desktop": DESKTOP, "phone": PHONE}


@dataclass
class Findings:
    """The findings of a run."""

    violations: list[tuple[str, str]] = field(default_factory=list)
    weights: dict[str, checks.Weight] = field(default_factory=dict)
    screenshots: int = 0

    def add(self, place: str, messages: list[str]) -> None:
        self.violations += [(place, one) for one in messages]


def check_states(url: str, folder: Path, prefixes: tuple[str, ...]) -> int:
    """Visit every state, or those whose names begin with one of ``prefixes``."""
    states = [one for one in every_state() if not prefixes or one.name.startswith(prefixes)]
    states = [one for one in states if LANGUAGE == ENGLISH or one.act is None]
    folder.mkdir(parents=True, exist_ok=True)
    findings = Findings()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=[*ARGUMENTS])
        for state in states:
            cache.clear()  # rate limits of forms are not under test
            for device in DEVICES:
                context = new_context(browser, url, state.user, device)
                try:
                    with open_page(context, state, findings) as page:
                        _check_page(page, state, device, folder, findings)
                except PlaywrightError as error:
                    findings.add(f"{state.name}, {device}", [str(error)])
                context.close()
            if state.act is None:
                _check_weight(browser, url, state, findings)
        browser.close()
    return report(states, findings)


def new_context(browser: Browser, url: str, user: str, device: str) -> BrowserContext:
    """Return a new browser profile with the person signed in."""
    context = browser.new_context(
        base_url=url,
        locale=LANGUAGE,
        timezone_id="America/New_York",
        reduced_motion="reduce",
        color_scheme="light",
        **DEVICES[device],
    )
    if user:
        sign_in_with_cookie(context, User.objects.get(email=user), url)
    return context


@contextmanager
def open_page(context: BrowserContext, state: State, findings: Findings) -> Iterator[Page]:
    """Open a page in its state; add an unexpected status to ``findings``."""
    page = context.new_page()
    response = page.goto(state.path)
    if response is None or response.status != state.status:
        findings.add(
            state.name, [f"status {response and response.status} instead of {state.status}"]
        )
    if urlsplit(page.url).path == SIGN_IN != urlsplit(state.path).path:
        findings.add(state.name, ["redirects to the sign-in page"])
    if state.act is not None:
        state.act(page)
        page.wait_for_load_state()
    yield page
    page.close()


def _check_page(page: Page, state: State, device: str, folder: Path, findings: Findings) -> None:
    """Check the page in both color schemes, then its width or forced colors."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        _screenshot(page, folder / f"{state.name}-{device}-{scheme}.png", findings)
        findings.add(f"{state.name}, {device}, {scheme}", checks.inaccessible(page))
    page.emulate_media(color_scheme="light")
    if state.is_admin:
        return  # Django's own pages are not designed for 320 pixels or forced colors
    if device == "phone":
        findings.add(f"{state.name}, 320 px", checks.too_wide(page))
    else:
        page.emulate_media(forced_colors="active")
        _screenshot(page, folder / f"{state.name}-{device}-forced.png", findings)
        findings.add(f"{state.name}, forced colors", checks.lost_in_forced_colors(page))


def _screenshot(page: Page, path: Path, findings: Findings) -> None:
    page.screenshot(path=path, full_page=True)
    findings.screenshots += 1


def _check_weight(browser: Browser, url: str, state: State, findings: Findings) -> None:
    context = new_context(browser, url, state.user, "phone")
    weight = checks.measure_weight(context, state.path)
    context.close()
    findings.weights[state.name] = weight
    if weight.size > checks.MAX_BYTES and not state.is_admin:
        findings.add(state.name, [f"weighs {weight.size:,} bytes, more than {checks.MAX_BYTES:,}"])
    if weight.shift > checks.MAX_SHIFT and not state.is_admin:
        findings.add(state.name, [f"shifts by {weight.shift:.3f} while loading"])


def report(states: list[State], findings: Findings) -> int:
    """Print the tables; return 1 if there is any violation."""
    print(f"{'First view':32}{'bytes':>9}{'requests':>10}{'largest paint, ms':>19}{'shift':>8}")
    for name, weight in findings.weights.items():
        paint = "–" if weight.largest_paint is None else f"{weight.largest_paint:.0f}"
        print(f"{name:32}{weight.size:>9,}{weight.requests:>10}{paint:>19}{weight.shift:>8.3f}")
    print(f"\n{len(states)} states, {findings.screenshots} screenshots")
    if not findings.violations:
        print("No violations.")
        return 0
    print(f"{len(findings.violations)} violations:")
    for place, message in findings.violations:
        print(f"\n{place}\n{message}")
    return 1
