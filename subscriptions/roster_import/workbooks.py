"""Read workbooks (XLSX): their visible sheets, hidden rows and columns, and links."""

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from openpyxl import load_workbook
from openpyxl.packaging.relationship import get_dependents
from openpyxl.utils.cell import range_boundaries

# openpyxl's read-only sheets lack hidden rows and links, so this uses their parser.
from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser  # noqa: PLC2701

from subscriptions.policy.refusal import Reason, Refusal, Refused
from subscriptions.roster_import.columns import (
    MAX_COLUMNS,
    Formula,
    Table,
    TableRow,
    append_link,
    number_rows,
)
from subscriptions.roster_import.kinds import detect_archive_kind

# The unpacked size of an XLSX; 5,000 rows of 40 columns are about 15 MB.
MAX_UNPACKED_BYTES = 40 * 1024 * 1024
_MAX_PARTS = 1_000
_MAX_TITLE_LENGTH = 60
_MAILTO = re.compile(r"mailto:[^\"]+", re.IGNORECASE)


def read_tables(data: bytes) -> Iterator[Table]:
    """Yield the visible sheets that have rows. Raises Refused."""
    _check_archive(data)
    try:
        with warnings.catch_warnings():
            # openpyxl warns about features it does not read, such as validation.
            warnings.simplefilter("ignore")
            book: Any = load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
            with closing(book):
                # Several sheets may share one part of the file; read it only once.
                visible = (one for one in book.worksheets if one.sheet_state == "visible")
                for sheet in {one._worksheet_path: one for one in visible}.values():
                    table = _table(book, sheet)
                    if table.rows:
                        yield table
    except Refused:
        raise
    except Exception as error:
        # openpyxl raises many kinds of errors for damaged files; no list would be complete.
        raise Refused(Refusal(Reason.FILE_DAMAGED)) from error


class _SheetParser(WorkSheetParser):
    """The parser of openpyxl's read-only sheets, with links and formulas."""

    def parse_cell(self, element: Any) -> dict[str, Any]:
        """Add a cell's linked address, or its formula if no result is stored."""
        cell: dict[str, Any] = super().parse_cell(element)
        formula = element.find(FORMULA_TAG)
        text = "" if formula is None else formula.text or ""
        link = _MAILTO.search(text)
        if link:
            cell["value"] = append_link(str(cell["value"] or ""), link[0])
        elif cell["data_type"] == "e":
            cell["value"] = Formula(cell["value"])
        elif formula is not None and cell["value"] is None and element.get("t") != "str":
            cell["value"] = Formula(f"={text}")
        return cell


def _table(book: Any, sheet: Any) -> Table:
    with book._archive.open(sheet._worksheet_path) as source:
        parser = _SheetParser(
            source,
            sheet._shared_strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        rows = list(number_rows(_rows(parser)))
    _add_links(rows, parser, book._archive, sheet._worksheet_path)
    return Table(rows, sheet.title[:_MAX_TITLE_LENGTH], _hidden_columns(parser))


def _rows(parser: _SheetParser) -> Iterator[tuple[int, list[str], bool]]:
    for position, found in parser.parse():
        within_limit = [cell for cell in found if cell["column"] <= MAX_COLUMNS]
        cells = [""] * max((cell["column"] for cell in within_limit), default=0)
        for cell in within_limit:
            cells[cell["column"] - 1] = _text(cell["value"])
        yield position, cells, _is_hidden(parser.row_dimensions.pop(str(position), {}), "ht")


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else str(value)


def _hidden_columns(parser: _SheetParser) -> frozenset[int]:
    return frozenset(
        number
        for column in parser.column_dimensions.values()
        if _is_hidden(column, "width")
        for number in range(int(column["min"]) - 1, min(int(column["max"]), MAX_COLUMNS))
    )


def _is_hidden(attributes: dict[str, str], size: str) -> bool:
    return attributes.get("hidden") in ("1", "true") or float(attributes.get(size, 1)) == 0


def _add_links(rows: list[TableRow], parser: _SheetParser, archive: Any, path: str) -> None:
    links = parser.hyperlinks.hyperlink
    folder, _, name = path.rpartition("/")
    relations = f"{folder}/_rels/{name}.rels"
    if not links or relations not in archive.namelist():
        return
    targets = {one.id: one.target for one in get_dependents(archive, relations)}
    by_position = {row.position: row.cells for row in rows}
    for link in links:
        column, position, *_end = range_boundaries(link.ref)
        cells = by_position.get(position or 0, [])
        if column and column <= len(cells):
            cells[column - 1] = append_link(cells[column - 1], targets.get(link.id) or "")


def _check_archive(data: bytes) -> None:
    """Check a file's unpacked size before unpacking anything.

    The directory may state a wrong size, but Python's ``zipfile`` unpacks no more than that.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            names = [part.filename for part in parts]
            mimetype = b""
            if "mimetype" in names:
                with archive.open("mimetype") as part:
                    mimetype = part.read(100)
    except (zipfile.BadZipFile, ValueError, OSError, RuntimeError) as error:
        raise Refused(Refusal(Reason.FILE_DAMAGED)) from error
    if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise Refused(Refusal(Reason.FILE_TOO_LARGE_UNPACKED))
    kind = detect_archive_kind(names, mimetype)
    if kind is not None:
        raise Refused(Refusal(kind))
