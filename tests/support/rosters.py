"""Rosters for tests: as text, as a workbook, and already uploaded."""

import io
from collections.abc import Sequence
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import Workbook

from subscriptions.models import Membership, RosterImport, RosterRow
from subscriptions.roster_import import rosters
from subscriptions.roster_import.columns import RosterLine, Sheet

IMPORT = "/o/lakeside/users/import/"


def line(number: int, **fields: Any) -> RosterLine:
    """Return the line of one person; the heading is row 1."""
    defaults: dict[str, Any] = {
        "position": number + 1,
        "name": f"Person {number}",
        "email": f"person{number}@new.example",
        "role": "",
    }
    return RosterLine(**defaults | fields)


def csv_of(number: int) -> str:
    """Return a roster with this many people."""
    rows = [f"{one.name},{one.email}," for one in map(line, range(1, number + 1))]
    return "\n".join(["Name,E-mail,Role", *rows])


def workbook_of(*rows: Sequence[object]) -> bytes:
    """Return an XLSX file with one sheet."""
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def uploaded_roster(author: Membership, lines: int | Sequence[RosterLine] = 3) -> RosterImport:
    """Return a roster that ``author`` has uploaded."""
    if isinstance(lines, int):
        lines = [line(number) for number in range(1, lines + 1)]
    used = [(name.lower(), name) for name in ("Name", "Email", "Role")]
    return rosters.store(author, [Sheet(lines, used=used)], source="roster.csv")


def roster_with_all_row_states(author: Membership) -> RosterImport:
    """Return a roster with every kind of row."""
    return uploaded_roster(
        author,
        [
            line(1),
            line(2, email="no address"),
            line(3, email="person1@new.example"),
            line(4, email="official@lakeside.example"),
            line(5, role="Chief"),
        ],
    )


def roster_path(roster: RosterImport) -> str:
    """Return the path of the roster's rows page."""
    return f"{IMPORT}{roster.pk}/"


def row_of(roster: RosterImport, position: int) -> RosterRow:
    """Return one row, loaded from the database."""
    return roster.rows.get(position=position)


def upload(client: Client, data: bytes | str, name: str = "roster.csv") -> Any:
    """Upload a file with the form."""
    content = data.encode() if isinstance(data, str) else data
    return client.post(IMPORT, {"file": SimpleUploadedFile(name, content)})
