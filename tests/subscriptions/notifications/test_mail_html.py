"""The HTML part of mails, for clients that support tables and inline styles only."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from playwright.sync_api import Browser

from subscriptions.notifications.html import Block, Fact, blocks
from tests.subscriptions.notifications.test_mail_parts import NOTIFIED, mail_of
from tests.support.world import World

pytestmark = pytest.mark.one_database

SITE = "https://licenses.example"
# HTML that Outlook (with Word's engine), Gmail and Apple Mail render the same.
TAGS = {"html", "head", "meta", "title", "body", "table", "tr", "td", "p", "br", "a"}
ATTRIBUTES = {"lang", "charset", "name", "content", "style", "role", "width", "cellpadding"}
ATTRIBUTES |= {"cellspacing", "border", "align", "valign", "colspan", "href"}
STYLES = {"margin", "padding", "background-color", "border", "border-top", "border-bottom"}
STYLES |= {"max-width", "width", "color", "font-family", "font-size", "font-weight", "line-height"}
# Clients that do not support these two ignore them and break long words themselves.
STYLES |= {"overflow-wrap", "word-break"}


class TestBlocks:
    def test_paragraphs_are_kept(self) -> None:
        assert blocks("Hello Ada,\n\nthank you.\nBye.", site_url=SITE) == [
            Block("text", lines=("Hello Ada,",)),
            Block("text", lines=("thank you.", "Bye.")),
        ]

    def test_labeled_lines_become_a_table(self) -> None:
        text = "Receipt 7\nTotal: $50.00\nPaid: June 16, 2031 at 12:00 PM"

        [block] = blocks(text, site_url=SITE)

        assert block.kind == "facts"
        assert block.facts == (
            Fact("", "Receipt 7"),
            Fact("Total:", "$50.00"),
            Fact("Paid:", "June 16, 2031 at 12:00 PM"),
        )

    def test_two_lines_are_not_a_table(self) -> None:
        [block] = blocks("Name: Ada\nRole: Observer", site_url=SITE)

        assert block.kind == "text"

    @pytest.mark.parametrize("address", [SITE, f"{SITE}/o/lakeside/?a=1"])
    def test_our_urls_become_links(self, address: str) -> None:
        assert blocks(f"Open it:\n{address}", site_url=SITE) == [
            Block("text", lines=("Open it:",)),
            Block("link", lines=(address,)),
        ]

    @pytest.mark.parametrize(
        "line",
        [
            "https://evil.example/",
            f"{SITE}.evil.example/",
            f"see {SITE}/x",
            f"{SITE}/x and more",
            "evil.example",
            "javascript:alert(1)",
        ],
    )
    def test_other_urls_stay_text(self, line: str) -> None:
        assert [block.kind for block in blocks(line, site_url=SITE)] == ["text"]


class MailParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.styles: set[str] = set()
        self.roles: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        found = dict(attrs)
        self.styles |= set(re.findall(r"([a-z-]+):", found.get("style") or ""))
        if tag == "table":
            self.roles.append(found.get("role"))


@pytest.mark.parametrize("kind", NOTIFIED)
def test_only_widely_supported_html_is_used(
    world: World, django_capture_on_commit_callbacks: Any, kind: str
) -> None:
    parser = MailParser()
    parser.feed(mail_of(world, kind, django_capture_on_commit_callbacks).html_message)

    assert parser.tags <= TAGS
    assert parser.attributes <= ATTRIBUTES
    assert parser.styles <= STYLES
    assert set(parser.roles) == {"presentation"}


@pytest.mark.journey
@pytest.mark.parametrize("width", [320, 600])
def test_mail_fits_narrow_and_wide_screens(
    world: World, browser: Browser, django_capture_on_commit_callbacks: Any, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    for kind in NOTIFIED:
        message = mail_of(world, kind, django_capture_on_commit_callbacks)
        page.set_content(message.html_message)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, kind
        assert page.evaluate("document.querySelectorAll('table')[1].offsetWidth") <= 600
        message.delete()
    page.close()
