"""Which column of a table is which: by its heading, else by what stands in it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from subscriptions.policy.refusal import Reason, Refusal, Refused
from subscriptions.policy.roster_import import MOST_ROWS, one_line
from subscriptions.roster_import.words import Column, read_heading, read_role

# A heading may stand below a title and an empty row.
_HEADING_WITHIN = 10
# Rows that are looked at to tell what a column without heading holds.
_SAMPLE = 200
# No more of one cell is kept; what is longer is refused as too long all the same.
_LONGEST_CELL = 500
_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+")
_IN_BRACKETS = re.compile(r"<\s*([^<>]*@[^<>]*)>")


@dataclass(frozen=True)
class TableRow:
    """A row of a table; ``position`` as a spreadsheet counts it."""

    position: int
    cells: Sequence[str]


@dataclass(frozen=True)
class RosterLine:
    """What a roster says of one person, as it was typed."""

    position: int
    name: str
    email: str
    role: str


Places = dict[Column, int]


def read_columns(table: Sequence[TableRow]) -> list[RosterLine]:
    """The people of a table. Rows without name and address are left out.

    Raises Refused: no addresses, nobody, too many.
    """
    heading = next((i for i, row in enumerate(table[:_HEADING_WITHIN]) if _is_heading(row)), None)
    places: Places = {} if heading is None else _by_heading(table[heading])
    rows = table if heading is None else table[heading + 1 :]
    if not rows:
        raise Refused(Refusal(Reason.FILE_WITHOUT_ROWS))
    if Column.EMAIL not in places:
        places = _by_content(rows, places)
    lines = [line for line in (_line(row, places) for row in rows) if line.name or line.email]
    if not lines:
        raise Refused(Refusal(Reason.FILE_WITHOUT_ROWS))
    if len(lines) > MOST_ROWS:
        raise Refused(Refusal(Reason.FILE_TOO_MANY_ROWS, {"most": MOST_ROWS}))
    return lines


def _is_heading(row: TableRow) -> bool:
    if any("@" in cell for cell in row.cells):
        return False
    columns = [named[0] for named in map(read_heading, row.cells) if named]
    # One word alone may be somebody's name; an address column is sure.
    return Column.EMAIL in columns or len(columns) > 1


def _by_heading(row: TableRow) -> Places:
    named = [(read_heading(cell), number) for number, cell in enumerate(row.cells)]
    # Of two that may be meant ("Contact" and "Name") the surer one, of equals the first.
    sure = sorted((found[1], number, found[0]) for found, number in named if found)
    places: Places = {}
    for _, number, column in sure:
        places.setdefault(column, number)
    if Column.NAME not in places and Column.FIRST_NAME not in places:
        # French and Italian say "nom" and "nome" for the one name there is.
        return {Column.NAME if c == Column.LAST_NAME else c: n for c, n in places.items()}
    return places


def _by_content(rows: Sequence[TableRow], named: Places) -> Places:
    """The same without (all) headings; what was found by one stays."""
    sample = [row.cells for row in rows[:_SAMPLE]]
    width = max((len(cells) for cells in sample), default=0)
    columns = [
        [cells[number].strip() for cells in sample if number < len(cells) and cells[number].strip()]
        for number in range(width)
    ]
    addresses = [sum(bool(_ADDRESS.search(cell)) for cell in column) for column in columns]
    if not any(addresses):
        raise Refused(Refusal(Reason.FILE_WITHOUT_ADDRESSES))
    places = {Column.EMAIL: addresses.index(max(addresses)), **named}
    free = [n for n in range(width) if n not in places.values()]
    if Column.ROLE not in places:
        roles = [n for n in free if _mostly(columns[n], lambda cell: read_role(cell) is not None)]
        if roles:
            places[Column.ROLE] = roles[0]
            free.remove(roles[0])
    if not places.keys() & {Column.NAME, Column.FIRST_NAME, Column.LAST_NAME}:
        places |= _names([n for n in free if _mostly(columns[n], _is_words)], columns)
    return places


def _names(candidates: list[int], columns: list[list[str]]) -> Places:
    if not candidates:
        return {}
    first = candidates[0]
    is_whole = _mostly(columns[first], lambda cell: " " in cell or "," in cell)
    if not is_whole and first + 1 in candidates:
        return {Column.FIRST_NAME: first, Column.LAST_NAME: first + 1}
    return {Column.NAME: first}


def _mostly(cells: list[str], holds: Callable[[str], bool]) -> bool:
    return bool(cells) and sum(map(holds, cells)) * 2 >= len(cells)


def _is_words(cell: str) -> bool:
    return not any(c.isdecimal() or c == "@" for c in cell) and any(c.isalpha() for c in cell)


def _line(row: TableRow, places: Places) -> RosterLine:
    def cell(column: Column) -> str:
        number = places.get(column)
        text = row.cells[number] if number is not None and number < len(row.cells) else ""
        return one_line(_plain(text))[:_LONGEST_CELL]

    email, name = cell(Column.EMAIL), cell(Column.NAME)
    first, last = cell(Column.FIRST_NAME), cell(Column.LAST_NAME)
    if first and name and not last and first.casefold() not in name.casefold():
        # "Name" beside "Vorname" is the family name.
        name, last = "", name
    bracketed = _IN_BRACKETS.search(email)
    if bracketed:
        name = name or email[: bracketed.start()].strip(" \"'")
        email = bracketed[1]
    return RosterLine(
        position=row.position,
        name=name or f"{first} {last}".strip(),
        email=clean_address(email),
        role=cell(Column.ROLE),
    )


def clean_address(text: str) -> str:
    """An address without what clings to it when it is copied."""
    visible = "".join(c for c in one_line(text) if c.isprintable())
    return visible.removeprefix("mailto:").strip(" ;,").lower()


def _plain(cell: str) -> str:
    """Without the apostrophe that keeps spreadsheets from taking text for a formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in tuple("=+-@") else cell
