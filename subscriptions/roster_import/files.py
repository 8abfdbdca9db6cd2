"""Reading a roster: CSV in any usual encoding and separator, rows pasted from a spreadsheet, XLSX.

What cannot be read is refused with its reason. Nothing is believed about a file but its bytes: not
its name, nor the type that a browser says it has.
"""

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from email.utils import getaddresses
from itertools import chain
from typing import IO, Any

from openpyxl import load_workbook

from subscriptions.policy.refusal import Reason, Refusal, Refused
from subscriptions.policy.roster_import import MOST_BYTES, MOST_ROWS
from subscriptions.roster_import.columns import RosterLine, TableRow, read_columns

# What an XLSX may unpack to. 5,000 rows of 40 columns are some 15 MB.
MOST_UNPACKED = 40 * 1024 * 1024
_MOST_PARTS = 1_000
# Columns beyond are not looked at, nor rows below so many empty ones.
_MOST_COLUMNS = 100
_MOST_EMPTY = 20_000
# A title, a heading and notes may stand above and below the rows.
_BESIDE_ROWS = 20

_ZIP = b"PK\x03\x04"
# Old Excel files and those with a password, pictures, documents.
_OTHER_KINDS = (
    b"\xd0\xcf\x11\xe0",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"%PDF",
    b"{\\rtf",
    b"Rar!",
)
_BYTE_ORDER_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_SEPARATORS = (",", ";", "\t", "|")
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_ADDRESS_CELL = re.compile(r"[^\s@,;|<>\"]+@[^\s@,;|<>\"]+")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
# A line of its own after the last: where it is not the last row read, a quotation mark is open.
_END = "\x1eend"


def read_file(file: IO[bytes]) -> list[RosterLine]:
    """The people of a CSV or XLSX file. Raises Refused."""
    data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise Refused(Refusal(Reason.FILE_TOO_LARGE, {"megabytes": MOST_BYTES // 2**20}))
    if not data.strip():
        raise Refused(Refusal(Reason.FILE_EMPTY))
    if data.startswith(_ZIP):
        return read_columns(_workbook(data))
    if data.startswith(_OTHER_KINDS):
        raise Refused(Refusal(Reason.FILE_OF_ANOTHER_KIND))
    return read_text(_decoded(data))


def read_text(text: str) -> list[RosterLine]:
    """The people of rows that were pasted, or of a decoded CSV file. Raises Refused."""
    sample = text[:100_000]
    # A stray one is left out; a picture or a program is full of them.
    if len(_CONTROL.findall(sample)) > 20 + len(sample) // 20:
        raise Refused(Refusal(Reason.FILE_NOT_A_TABLE))
    text = text.replace("\x00", "").removeprefix("\ufeff").strip("\r\n")
    recipients = _recipients(text)
    if recipients:
        return read_columns(list(_numbered(recipients)))
    said = _SEPARATOR_LINE.match(text)
    separator = said[1] if said else _separator(text)
    return read_columns(
        list(_numbered(_rows_of_text(text[said.end() if said else 0 :], separator)))
    )


def _numbered(rows: Iterable[list[str]]) -> Iterator[TableRow]:
    """Rows that say something, with their numbers. Raises Refused: too many to go on."""
    found = last = 0
    for position, cells in enumerate(rows, start=1):
        if any(cell.strip() for cell in cells):
            found, last = found + 1, position
            yield TableRow(position, cells)
        if found > MOST_ROWS + _BESIDE_ROWS:
            raise Refused(Refusal(Reason.FILE_TOO_MANY_ROWS, {"most": MOST_ROWS}))
        if position - last > _MOST_EMPTY:
            return


# Text -------------------------------------------------------------------------------------------


def _decoded(data: bytes) -> str:
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
    # Every byte is a character in it, so that it comes last.
    return data.decode("latin-1")


def _recipients(text: str) -> list[list[str]]:
    """The recipients of a mail, copied from its one line; nothing where the text is another."""
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
    """The one that leaves most addresses standing alone in their cells, then most columns."""

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

    # Of equals the first one counts, and a tab before a comma: that is what is pasted.
    return max(("\t", *_SEPARATORS), key=score)


def _rows_of_text(text: str, separator: str) -> Iterator[list[str]]:
    lines = chain(io.StringIO(text, newline=""), [_END])
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=separator != "\t")
    number = 0
    try:
        for row in reader:
            number += 1
            if any(_END in cell for cell in row):
                if row == [_END]:
                    return
                break
            yield row[:_MOST_COLUMNS]
    except csv.Error:
        # A cell of more than 131,072 characters.
        number += 1
    raise Refused(Refusal(Reason.FILE_QUOTE_IS_OPEN, {"row": number}))


# The roster stands on one of the first sheets, if it is there at all.
_MOST_SHEETS = 5

# Workbooks --------------------------------------------------------------------------------------


def _workbook(data: bytes) -> list[TableRow]:
    """The rows of the first sheet that is shown and has something in it."""
    _require_harmless(data)
    try:
        with warnings.catch_warnings():
            # Of features that are not read, such as validation.
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            with closing(book):
                # Many sheets may be one and the same part of the file, read again and again.
                for sheet in book.worksheets[:_MOST_SHEETS]:
                    rows = list(_numbered(_rows_of_sheet(sheet)))
                    if rows:
                        return rows
    except Refused:
        raise
    except Exception as error:
        # A library that reads whatever people upload meets everything: no list would be complete.
        raise Refused(Refusal(Reason.FILE_DAMAGED)) from error
    return []


def _rows_of_sheet(sheet: Any) -> Iterator[list[str]]:
    if sheet.sheet_state != "visible":
        return
    # What a file says of its own size may be wrong.
    sheet.reset_dimensions()
    for row in sheet.iter_rows(max_col=_MOST_COLUMNS, values_only=True):
        yield ["" if value is None else str(value) for value in row]


def _require_harmless(data: bytes) -> None:
    """Hold what a file unpacks to against the limit, before anything is unpacked.

    The directory may lie, but Python's ``zipfile`` unpacks no more than the directory says.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise Refused(Refusal(Reason.FILE_DAMAGED)) from error
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise Refused(Refusal(Reason.FILE_TOO_MUCH_INSIDE))
    if not any(part.filename.lower().endswith("workbook.xml") for part in parts):
        raise Refused(Refusal(Reason.FILE_OF_ANOTHER_KIND))
