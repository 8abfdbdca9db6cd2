"""CSV downloads, written row by row and safe from formulas in spreadsheets."""

import csv
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse


class Echo:
    """A file for ``csv.writer`` that returns each row instead of storing it."""

    def write(self, value: str) -> str:
        """Return the row."""
        return value


def escape_formula(cell: str) -> str:
    """Prefix a cell that a spreadsheet would treat as a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def csv_response(
    filename: str, heading: Sequence[str], rows: Iterable[Sequence[str | int]]
) -> StreamingHttpResponse:
    """Return a download that starts before all rows are read."""
    response = StreamingHttpResponse(_lines(heading, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["Cache-Control"] = "private, no-store"
    return response


def _lines(heading: Sequence[str], rows: Iterable[Sequence[str | int]]) -> Iterator[str]:
    writer = csv.writer(Echo())
    # The byte order mark, without which spreadsheets assume an old encoding.
    yield "\ufeff"
    yield writer.writerow(heading)
    for row in rows:
        yield writer.writerow(
            [escape_formula(cell) if isinstance(cell, str) else cell for cell in row]
        )
