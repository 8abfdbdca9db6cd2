"""Checks of every page: accessibility, width, forced colors, and weight."""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import BrowserContext, Page

from tests.journeys.test_small_screens import too_wide_elements
from tests.support.browser import AXE_TAGS, WCAG, accessibility_violations, describe_violation

MAX_BYTES = 60_000  # bytes of a first visit, compressed, as transferred
# A phone on a slow line: 1.6 Mbit/s down, 150 ms to the server and back.
SLOW_LINE = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
# Cumulative layout shift: 0 is none, up to 0.1 is considered good.
MAX_SHIFT = 0.01
SHIFT = """() => new Promise(done => {
    let sum = 0;
    new PerformanceObserver(list => list.getEntries().forEach(entry => { sum += entry.value; }))
        .observe({type: "layout-shift", buffered: true});
    setTimeout(() => done(sum), 100);
})"""
LARGEST_PAINT = """() => new Promise(done => {
    new PerformanceObserver(list => done(list.getEntries().at(-1).startTime))
        .observe({type: "largest-contentful-paint", buffered: true});
    setTimeout(() => done(null), 3000);
})"""
WITHOUT_BORDER = """() => [...document.querySelectorAll(".button, .input, .notice, .nav-add")]
    .filter(element => element.checkVisibility({visibilityProperty: true}))
    .filter(element => !element.closest(".visually-hidden"))
    .filter(element => getComputedStyle(element).borderTopStyle === "none")
    .map(element => element.outerHTML.slice(0, 80))
"""

# What the messenger button covers at any scroll position (R28). A fixed button covers everything
# that passes under it while the page scrolls.
COVERED = """() => {
    const button = document.getElementById("messenger-button");
    if (button === null) { return []; }
    const isFixed = getComputedStyle(button).position === "fixed";
    const root = document.scrollingElement;
    const box = button.getBoundingClientRect();
    const start = box.top + (isFixed ? 0 : scrollY);
    const end = box.bottom + (isFixed ? root.scrollHeight - innerHeight : scrollY);
    const isUnder = other => other.width > 0 && other.height > 0
        && other.right > box.left && other.left < box.right
        && other.bottom + scrollY > start && other.top + scrollY < end;
    const isShown = element => element.checkVisibility({visibilityProperty: true})
        && !element.closest(".messenger, dialog, [popover], .visually-hidden, .skip, noscript");
    const found = new Set();
    for (const element of document.querySelectorAll(
        "a, button, input, select, textarea, summary, label, img, svg, canvas, meter")) {
        if (isShown(element) && isUnder(element.getBoundingClientRect())) {
            found.add(element.outerHTML.slice(0, 80));
        }
    }
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const text = texts.currentNode;
        if (!text.data.trim() || !isShown(text.parentElement)) { continue; }
        const range = document.createRange();
        range.selectNodeContents(text);
        if ([...range.getClientRects()].some(isUnder)) { found.add(text.data.trim().slice(0, 60)); }
    }
    return [...found];
}"""
# A phone, the widest small and the narrowest large layout, a common laptop, and a large window;
# each width also represents zoomed windows.
WIDTHS = (320, 1151, 1152, 1366, 1920)


def covered(page: Page) -> list[str]:
    """Return what the messenger button covers, at any width and scroll position."""
    original_size = page.viewport_size
    assert original_size is not None
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 600})
        found += [f"covered at {width}: {what}" for what in page.evaluate(COVERED)]
    page.set_viewport_size(original_size)
    return found


def inaccessible(page: Page) -> list[str]:
    """Return the accessibility rules that the page breaks.

    Best practices beyond the standard are checked on our own pages only, not on Django's.
    """
    tags = WCAG if "/admin/" in page.url else AXE_TAGS
    return [describe_violation(one) for one in accessibility_violations(page, tags)]


def too_wide(page: Page) -> list[str]:
    """Return what overflows at 320 pixels, and at 400% zoom of a 1280 × 1024 window."""
    original_size = page.viewport_size
    assert original_size is not None
    found = []
    for height in (640, 256):
        page.set_viewport_size({"width": 320, "height": height})
        found += too_wide_elements(page)
    page.set_viewport_size(original_size)
    return found


def lost_in_forced_colors(page: Page) -> list[str]:
    """Return elements without a visible edge in forced colors.

    Contrast is not checked: the system chooses the colors, and axe reads the page's own.
    """
    return [f"no edge: {what}" for what in page.evaluate(WITHOUT_BORDER)]


@dataclass(frozen=True)
class Weight:
    """The weight of a first visit over a slow connection."""

    size: int  # bytes
    requests: int
    largest_paint: float | None  # milliseconds
    shift: float


def measure_weight(context: BrowserContext, url: str) -> Weight:
    """Open the page with an empty cache."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    sizes: dict[str, float] = {}
    requests: set[str] = set()

    def add_size(event: dict[str, Any]) -> None:
        sizes[event["requestId"]] = event["encodedDataLength"]

    session.on("Network.requestWillBeSent", lambda event: requests.add(event["requestId"]))
    session.on("Network.loadingFinished", add_size)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.send("Network.emulateNetworkConditions", SLOW_LINE)
    page.goto(url, wait_until="networkidle")
    paint, shift = page.evaluate(LARGEST_PAINT), page.evaluate(SHIFT)
    page.close()
    return Weight(int(sum(sizes.values())), len(requests), paint, shift)
