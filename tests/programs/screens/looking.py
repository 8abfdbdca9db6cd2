"""Visit every state with a browser and report what was found."""

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
from tests.journeys.people import remember
from tests.programs.screens import checks
from tests.programs.screens.states import State, every_state
from tests.support.browser import ARGUMENTS, DESKTOP, PHONE, find_chromium

SIGN_IN = "/accounts/login/"
ENGLISH = "en-US"
# Names the browser searches for. In other languages only states without clicks: names differ.
LANGUAGE = os.environ.get("SCREENS_LANGUAGE") or ENGLISH
DEVICES: dict[str, dict[str, Any]] = {"desktop": DESKTOP, "phone": PHONE}


@dataclass
class Found:
    """The findings so far."""

    violations: list[tuple[str, str]] = field(default_factory=list)
    weights: dict[str, checks.Weight] = field(default_factory=dict)
    pictures: int = 0

    def add(self, where: str, what: list[str]) -> None:
        self.violations += [(where, one) for one in what]


def look(address: str, folder: Path, chosen: tuple[str, ...]) -> int:
    """Visit every state, or those whose names begin with one of ``chosen``."""
    states = [one for one in every_state() if not chosen or one.name.startswith(chosen)]
    states = [one for one in states if LANGUAGE == ENGLISH or one.act is None]
    folder.mkdir(parents=True, exist_ok=True)
    found = Found()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=[*ARGUMENTS])
        for state in states:
            cache.clear()  # rate limits of forms are not under test
            for device in DEVICES:
                context = new_context(browser, address, state.who, device)
                try:
                    with opened(context, state, found) as page:
                        _look_at(page, state, device, folder, found)
                except PlaywrightError as error:
                    found.add(f"{state.name}, {device}", [str(error)])
                context.close()
            if state.act is None:
                _weigh(browser, address, state, found)
        browser.close()
    return report(states, found)


def new_context(browser: Browser, address: str, who: str, device: str) -> BrowserContext:
    """Return a new browser profile with the person signed in."""
    context = browser.new_context(
        base_url=address,
        locale=LANGUAGE,
        timezone_id="America/New_York",
        reduced_motion="reduce",
        color_scheme="light",
        **DEVICES[device],
    )
    if who:
        remember(context, User.objects.get(email=who), address)
    return context


@contextmanager
def opened(context: BrowserContext, state: State, found: Found) -> Iterator[Page]:
    """Open a page in its state; add an unexpected status to ``found``."""
    page = context.new_page()
    response = page.goto(state.address)
    if response is None or response.status != state.status:
        found.add(state.name, [f"answers {response and response.status}, not {state.status}"])
    if urlsplit(page.url).path == SIGN_IN != urlsplit(state.address).path:
        found.add(state.name, ["asks to sign in"])
    if state.act is not None:
        state.act(page)
        page.wait_for_load_state()
    yield page
    page.close()


def _look_at(page: Page, state: State, device: str, folder: Path, found: Found) -> None:
    """Check both color schemes, then what depends on neither."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        _picture(page, folder / f"{state.name}-{device}-{scheme}.png", found)
        found.add(f"{state.name}, {device}, {scheme}", checks.inaccessible(page))
    page.emulate_media(color_scheme="light")
    if state.is_admin:
        return  # Django's own pages are not designed for 320 pixels or forced colors
    if device == "phone":
        found.add(f"{state.name}, 320 px", checks.too_wide(page))
    else:
        page.emulate_media(forced_colors="active")
        _picture(page, folder / f"{state.name}-{device}-forced.png", found)
        found.add(f"{state.name}, forced colors", checks.lost_in_forced_colors(page))


def _picture(page: Page, path: Path, found: Found) -> None:
    page.screenshot(path=path, full_page=True)
    found.pictures += 1


def _weigh(browser: Browser, address: str, state: State, found: Found) -> None:
    context = new_context(browser, address, state.who, "phone")
    weight = checks.weigh(context, state.address)
    context.close()
    found.weights[state.name] = weight
    if weight.size > checks.HEAVIEST and not state.is_admin:
        found.add(state.name, [f"weighs {weight.size:,} bytes, more than {checks.HEAVIEST:,}"])
    if weight.shift > checks.FARTHEST_SHIFT and not state.is_admin:
        found.add(state.name, [f"jumps by {weight.shift:.3f} while it loads"])


def report(states: list[State], found: Found) -> int:
    """Print the tables; return 1 if there is any violation."""
    print(f"{'First view':32}{'bytes':>9}{'requests':>10}{'largest paint, ms':>19}{'shift':>8}")
    for name, weight in found.weights.items():
        paint = "–" if weight.largest_paint is None else f"{weight.largest_paint:.0f}"
        print(f"{name:32}{weight.size:>9,}{weight.requests:>10}{paint:>19}{weight.shift:>8.3f}")
    print(f"\n{len(states)} states, {found.pictures} pictures")
    if not found.violations:
        print("No violations.")
        return 0
    print(f"{len(found.violations)} violations:")
    for where, what in found.violations:
        print(f"\n{where}\n{what}")
    return 1
