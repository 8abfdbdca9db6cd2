"""CSV files: what is written row by row, and what no spreadsheet takes for a formula."""

import csv
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse


class Echo:
    """A file for ``csv.writer`` that hands each row back instead of keeping it."""

    def write(self, value: str) -> str:
        """The row."""
        return value


def neutral(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def csv_response(
    filename: str, heading: Sequence[str], rows: Iterable[Sequence[str | int]]
) -> StreamingHttpResponse:
    """A download that begins before its last row is read."""
    response = StreamingHttpResponse(_lines(heading, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["Cache-Control"] = "private, no-store"
    return response


def _lines(heading: Sequence[str], rows: Iterable[Sequence[str | int]]) -> Iterator[str]:
    writer = csv.writer(Echo())
    # Without it spreadsheets take the file for one of their old encodings.
    yield "\ufeff"
    yield writer.writerow(heading)
    for row in rows:
        yield writer.writerow([neutral(cell) if isinstance(cell, str) else cell for cell in row])
