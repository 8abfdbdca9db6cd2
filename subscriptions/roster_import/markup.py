"""Read tables from HTML pages, which many websites export as .xls."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from subscriptions.roster_import.columns import MAX_COLUMNS, Table, append_link, number_rows

# Linear in the length of the text, even with unclosed tags.
_TOKENS = re.compile(r"<([^<>]*)>|([^<]+|<)")
_NAME = re.compile(r"/?[a-z0-9]+")
_HIDDEN = re.compile(r"display\s*:\s*none|\shidden(?=[\s=/]|$)")
_COLSPAN = re.compile(r"\scolspan\s*=\s*[\"']?(\d{1,3})")
_MAILTO = re.compile(r"\shref\s*=\s*[\"']?(mailto:[^\"'\s>]+)", re.IGNORECASE)


@dataclass
class _OpenTable:
    """A table that is not closed yet."""

    rows: list[tuple[list[str], bool]] = field(default_factory=list)
    cell: list[str] | None = None
    is_cell_hidden: bool = False
    link: str = ""
    width: int = 1

    def begin_row(self, is_hidden: bool) -> None:
        self.end_cell()
        self.rows.append(([], is_hidden))

    def begin_cell(self, attributes: str) -> None:
        self.end_cell()
        if not self.rows:
            self.rows.append(([], False))
        self.cell, self.is_cell_hidden, self.link = [], _is_hidden(attributes), ""
        spans = _COLSPAN.search(attributes.lower())
        self.width = int(spans[1]) if spans else 1

    def end_cell(self) -> None:
        if self.cell is not None:
            text = html.unescape("".join(self.cell)).strip()
            text = "" if self.is_cell_hidden else append_link(text, self.link)
            cells = self.rows[-1][0]
            cells.extend([text, *[""] * (self.width - 1)][: MAX_COLUMNS - len(cells)])
            self.cell = None


def read_tables(text: str) -> Iterator[Table]:
    """Yield the tables on a page, nested ones first."""
    open_tables: list[_OpenTable] = []
    skipped_tag = ""
    for token in _TOKENS.finditer(_without_comments(text)):
        inside = open_tables[-1] if open_tables else None
        name = _NAME.match((token[1] or "").lower())
        tag = name[0] if name else ""
        if skipped_tag:
            skipped_tag = "" if tag == f"/{skipped_tag}" else skipped_tag
        elif tag in ("style", "script"):
            skipped_tag = tag
        elif tag == "table":
            open_tables.append(_OpenTable())
        elif inside is None:
            continue
        elif tag == "/table":
            yield _close(open_tables.pop())
        else:
            _read(inside, tag, token[1] or "", token[2] or "")
    yield from (_close(one) for one in reversed(open_tables))


def _read(table: _OpenTable, tag: str, attributes: str, text: str) -> None:
    if tag == "tr":
        table.begin_row(_is_hidden(attributes))
    elif tag in ("td", "th"):
        table.begin_cell(attributes)
    elif tag in ("/td", "/th", "/tr"):
        table.end_cell()
    elif table.cell is not None:
        link = _MAILTO.search(attributes) if tag == "a" else None
        if link:
            table.link = html.unescape(link[1])
        elif tag in ("br", "p", "/p", "div", "/div", "li"):
            table.cell.append(" ")
        table.cell.append(text)


def _close(table: _OpenTable) -> Table:
    table.end_cell()
    rows = ((number, cells, out) for number, (cells, out) in enumerate(table.rows, start=1))
    return Table(list(number_rows(rows)))


def _is_hidden(attributes: str) -> bool:
    return bool(_HIDDEN.search(attributes.lower()))


def _without_comments(text: str) -> str:
    parts = text.split("<!--")
    return parts[0] + "".join(part.partition("-->")[2] for part in parts[1:])
