"""Read a roster: CSV with common encodings and separators, pasted rows, XLSX, or HTML tables.

Unreadable files are refused with a reason. The type is detected from the content, never from the
file name or the content type that the browser sends.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from email.utils import getaddresses
from itertools import chain
from typing import IO

from subscriptions.policy.refusal import Reason, Refusal, Refused
from subscriptions.policy.roster_import import MAX_BYTES, MAX_ROWS
from subscriptions.roster_import import kinds, markup, workbooks
from subscriptions.roster_import.columns import MAX_COLUMNS, Sheet, Table, number_rows, read_columns

# The total number of rows kept from all sheets, so that the user can choose another sheet.
_MAX_TOTAL_ROWS = 5 * MAX_ROWS

# Which reason to give if several sheets have no people.
_REASONS_BY_PRIORITY = (
    Reason.FILE_ADDRESSES_HIDDEN,
    Reason.FILE_WITHOUT_ROWS,
    Reason.FILE_WITHOUT_ADDRESSES,
)
_BYTE_ORDER_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_SEPARATORS = (",", ";", "\t", "|")
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_ADDRESS_CELL = re.compile(r"[^\s@,;|<>\"]+@[^\s@,;|<>\"]+")
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
# A sentinel line at the end; if it is not read as the last row, a quotation mark was left open.
_END_MARKER = "\x1eend"


def read_file(file: IO[bytes]) -> list[Sheet]:
    """Return the sheets with people, beginning with the suggested one. Raises Refused."""
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Refused(Refusal(Reason.FILE_TOO_LARGE, {"megabytes": MAX_BYTES // 2**20}))
    if not data.strip():
        raise Refused(Refusal(Reason.FILE_EMPTY))
    if data.startswith(kinds.ZIP):
        return _sheets_with_people(workbooks.read_tables(data))
    kind = kinds.detect_binary_kind(data)
    if kind is not None:
        raise Refused(Refusal(kind))
    return read_text(_decode(data))


def read_text(text: str) -> list[Sheet]:
    """Return the people from pasted rows or a decoded file. Raises Refused."""
    sample = text[:100_000]
    # A few control characters are removed; binary files are full of them.
    if len(_CONTROL_CHARACTERS.findall(sample)) > 20 + len(sample) // 20:
        raise Refused(Refusal(Reason.FILE_NOT_A_TABLE))
    text = text.replace("\x00", "").removeprefix("\ufeff").strip("\r\n")
    kind = kinds.detect_text_kind(text)
    if kind is not None:
        raise Refused(Refusal(kind))
    if kinds.is_markup(text):
        if "<table" not in text.lower():
            raise Refused(Refusal(Reason.FILE_IS_WEB_PAGE))
        return _sheets_with_people(table for table in markup.read_tables(text) if table.rows)
    recipients = _recipients(text)
    if recipients:
        return [read_columns(_table(recipients))]
    separator_line = _SEPARATOR_LINE.match(text)
    separator = separator_line[1] if separator_line else _separator(text)
    return [
        read_columns(
            _table(_read_rows(text[separator_line.end() if separator_line else 0 :], separator))
        )
    ]


def _table(rows: Iterable[list[str]]) -> Table:
    return Table(list(number_rows((n, cells, False) for n, cells in enumerate(rows, start=1))))


def _sheets_with_people(tables: Iterable[Table]) -> list[Sheet]:
    """Return the tables with people: the one with the most people first, then in file order."""
    sheets: list[Sheet] = []
    refusals: dict[Reason, Refusal] = {}
    for table in tables:
        try:
            sheets.append(read_columns(table))
        except Refused as refused:
            refusals[refused.refusal.reason] = refused.refusal
        total = sum(len(sheet.lines) for sheet in sheets)
        if Reason.FILE_TOO_MANY_ROWS in refusals or total > _MAX_TOTAL_ROWS:
            raise Refused(Refusal(Reason.FILE_TOO_MANY_ROWS, {"most": MAX_ROWS}))
    # A sheet of instructions may contain an address; ignore it if another sheet has headings.
    if Reason.FILE_WITHOUT_ROWS in refusals or any(sheet.is_sure for sheet in sheets):
        sheets = [sheet for sheet in sheets if sheet.is_sure]
    if not sheets:
        found = (refusals.get(reason) for reason in _REASONS_BY_PRIORITY)
        raise Refused(next(filter(None, found), Refusal(Reason.FILE_WITHOUT_ROWS)))
    best = max(sheets, key=_count_people)
    return [best, *(sheet for sheet in sheets if sheet is not best)]


def _count_people(sheet: Sheet) -> int:
    return sum("@" in line.email and not line.is_hidden for line in sheet.lines)


# Text -------------------------------------------------------------------------------------------


def _decode(data: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                raise Refused(Refusal(Reason.FILE_DAMAGED)) from None
    for encoding in _likely_encodings(data):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    # Comes last because it decodes any bytes.
    return data.decode("latin-1")


def _recipients(text: str) -> list[list[str]]:
    """Parse a one-line list of mail recipients, such as one copied from an e-mail."""
    if text.count("@") < 2 or "\n" in text or "\t" in text:
        return []
    found = getaddresses([text.replace(";", ",")])
    return [list(one) for one in found] if all("@" in address for _, address in found) else []


def _likely_encodings(data: bytes) -> list[str]:
    start = data[:2_000]
    if start[1::2].count(0) * 2 > len(start) // 2:
        return ["utf-16-le"]
    if start[::2].count(0) * 2 > len(start) // 2:
        return ["utf-16-be"]
    return ["utf-8", "cp1252"]


def _separator(text: str) -> str:
    """Return the separator with the most addresses in their own cells, then the most columns."""

    def score(separator: str) -> tuple[int, int]:
        rows = csv.reader(io.StringIO(text[:50_000], newline=""), delimiter=separator)
        addresses = columns = 0
        try:
            for row, _ in zip(rows, range(100), strict=False):
                addresses += sum(bool(_ADDRESS_CELL.fullmatch(cell.strip())) for cell in row)
                columns = max(columns, len(row))
        except csv.Error:
            pass
        return addresses, columns

    # The first one wins a tie; the tab comes first, because pasted rows use it.
    return max(("\t", *_SEPARATORS), key=score)


def _read_rows(text: str, separator: str) -> Iterator[list[str]]:
    lines = chain(io.StringIO(text, newline=""), [_END_MARKER])
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=separator != "\t")
    number = 0
    try:
        for row in reader:
            number += 1
            if any(_END_MARKER in cell for cell in row):
                if row == [_END_MARKER]:
                    return
                break
            yield row[:MAX_COLUMNS]
    except csv.Error:
        # The csv module refuses cells of more than 131,072 characters.
        number += 1
    raise Refused(Refusal(Reason.FILE_UNCLOSED_QUOTE, {"row": number}))
