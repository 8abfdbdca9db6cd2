"""Unusual roster files; what openpyxl cannot write is added by hand."""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

Rows = Sequence[Sequence[object]]
Change = Callable[[Worksheet], object]

# The import template of a large competitor, which starts with instructions.
COMPETITOR_TEMPLATE = {
    "Instructions": [
        ["How to import your officials"],
        ["Fill in the sheet Officials. Columns with * are required."],
        ["Questions? Write to support@competitor.example."],
    ],
    "Officials": [
        ["Email*", "First Name*", "Last Name*", "Phone", "Rank"],
        ["ann@new.example", "Ann", "Lee", "555-0100", "3"],
        ["bo@new.example", "Bo", "Ray", "555-0101", "2"],
    ],
}


def workbook(sheets: Mapping[str, Rows] | Rows, **changes: Change) -> bytes:
    """Return an XLSX file with these sheets, changed by ``changes`` (by sheet name)."""
    named = sheets if isinstance(sheets, Mapping) else {"Sheet1": sheets}
    book = Workbook()
    assert book.active is not None
    book.remove(book.active)
    for name, rows in named.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        changes.get(name, lambda _: None)(sheet)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def hide(*places: int | str) -> Change:
    """Hide rows by number, and columns by letter."""

    def change(sheet: Worksheet) -> None:
        for place in places:
            if isinstance(place, int):
                sheet.row_dimensions[place].hidden = True
            else:
                sheet.column_dimensions[place].hidden = True

    return change


def filtered_workbook() -> bytes:
    """Return a workbook with a filter: two of five people are hidden, and a column too."""
    rows = [
        ["Name", "Email", "Region", "Role"],
        *([f"Person {n}", f"person{n}@new.example", "NW"[n % 2], "Admin"] for n in range(1, 6)),
    ]
    return workbook(rows, Sheet1=hide(3, 5, "D"))


def patched(data: bytes, part: str, old: str, new: str) -> bytes:
    """Return a workbook with the text of a part replaced."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            content = source.read(name)
            if name == part:
                assert old.encode() in content
                content = content.replace(old.encode(), new.encode())
            archive.writestr(name, content)
    return target.getvalue()


def archive(**parts: bytes | str) -> bytes:
    """Return a ZIP archive; in ``parts``, two underscores mean a slash and one means a dot."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        for name, content in parts.items():
            file.writestr(name.replace("__", "/").replace("_", "."), content)
    return target.getvalue()


def old_office_file(stream: str) -> bytes:
    """Return an old Office file (compound file) with one stream."""
    start = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    return start + stream.encode("utf-16-le").ljust(64, b"\0") + bytes(512)


HTML_EXPORT = """\ufeff<html xmlns:x="urn:schemas-microsoft-com:office:excel">
<head><meta charset="utf-8"><style>td { mso-number-format: "\\@"; }</style>
<!--[if gte mso 9]><xml><x:Name>Roster</x:Name></xml><![endif]--></head>
<body><table><tr><td>Menu</td></tr></table>
<table border=1>
<tr><th colspan="3">Lakeside &amp; Harbor 2031</th></tr>
<tr><th>Official</th><th>E-mail</th><th>Role</th></tr>
<tr><td>Lee, Ann</td><td><a href="mailto:ann@new.example?subject=Hi">Write</a></td><td></td></tr>
<tr><td>Bo&nbsp;Ray<br></td><td>bo@new.example</td><td>Observer</td></tr>
<tr style="display: none"><td>Cy Hid</td><td>cy@new.example</td><td></td></tr>
</table></body></html>"""
