"""Make the HTML part of an e-mail from its text, so that both say the same thing.

Paragraphs stay paragraphs. Lines such as "Total: $50.00" become a table of facts. A URL of this
site on its own line becomes a link; nothing else does, no matter what users enter.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

# Fewer lines are more likely to be an address or a wrapped sentence than facts.
_MIN_FACTS = 3


@dataclass(frozen=True)
class Fact:
    """A line of a fact table: a label with its colon, and a value. The label may be empty."""

    label: str
    value: str


@dataclass(frozen=True)
class Block:
    """One part of an e-mail, in the order of the text."""

    kind: Literal["text", "facts", "link"]
    lines: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()


def blocks(text: str, *, site_url: str) -> list[Block]:
    """Split an e-mail's text into blocks; ``site_url`` is the start of URLs that become links."""
    return [
        block
        for paragraph in text.strip().split("\n\n")
        for block in _parts(paragraph.strip("\n").split("\n"), site_url)
    ]


def _parts(lines: list[str], site_url: str) -> Iterator[Block]:
    facts = [_fact(line) for line in lines if not _is_link(line, site_url)]
    labeled = sum(bool(fact.label) for fact in facts)
    if len(facts) >= _MIN_FACTS and labeled * 2 > len(facts):
        yield Block("facts", facts=tuple(facts))
        lines = [line for line in lines if _is_link(line, site_url)]
    text_lines: list[str] = []
    for line in lines:
        if not _is_link(line, site_url):
            text_lines.append(line)
            continue
        if text_lines:
            yield Block("text", lines=tuple(text_lines))
            text_lines = []
        yield Block("link", lines=(line.strip(),))
    if any(line.strip() for line in text_lines):
        yield Block("text", lines=tuple(text_lines))


def _fact(line: str) -> Fact:
    label, colon, value = line.partition(": ")
    return Fact(f"{label}:", value) if colon else Fact("", line)


def _is_link(line: str, site_url: str) -> bool:
    line = line.strip()
    is_ours = line == site_url or line.startswith(f"{site_url}/")
    return is_ours and len(line.split()) == 1
