"""Every page in every state, once each; ``make screens`` checks all combinations."""

from typing import Literal
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.urls import Resolver404, resolve
from playwright.sync_api import Browser, BrowserContext
from pytest_django import Settings

from tests.journeys.pages import page_names
from tests.programs.screens import checks, data
from tests.programs.screens.run import DEVICES, Findings, new_context, open_page
from tests.programs.screens.states import State, every_state
from tests.support.server import Site

# Pages that redirect to another page.
REDIRECTS = {"subscriptions:settings"}
# Shares of the states for parallel workers, each with all devices and color schemes.
SHARES, PHASES = 4, 4
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def name_of(state: State) -> str | None:
    try:
        return resolve(urlsplit(state.path).path).view_name
    except Resolver404:
        return None


@pytest.mark.usefixtures("stripe")
@pytest.mark.parametrize("share", range(SHARES))
def test_every_page_is_accessible_in_every_state(
    site: Site, browser: Browser, settings: Settings, share: int
) -> None:
    """Alternate between desktop and phone, light and dark; check that no page is missing."""
    settings.ROOT_URLCONF = "tests.programs.screens.urls"
    data.load()
    states, findings = every_state(), Findings()
    contexts: dict[tuple[str, ...], BrowserContext] = {}
    for number, state in enumerate(states):
        if number // PHASES % SHARES != share:
            continue
        cache.clear()
        device = list(DEVICES)[number % 2]
        # A state that acts on a page, such as signing in, gets its own profile.
        key = (state.user, device, state.name if state.act else "")
        if key not in contexts:
            contexts[key] = new_context(browser, site.url, state.user, device)
        with open_page(contexts[key], state, findings) as page:
            page.emulate_media(color_scheme=SCHEMES[number // 2 % 2])
            problems = checks.inaccessible(page) + checks.covered(page)
            findings.add(f"{state.name}, {device}", problems)
    for context in contexts.values():
        context.close()

    assert page_names() - REDIRECTS <= {name_of(state) for state in states}
    assert not findings.violations, "\n".join("\n".join(one) for one in findings.violations)
