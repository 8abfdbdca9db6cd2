"""Find the columns of a table by their headings, or else by their content."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from openpyxl.utils import get_column_letter

from subscriptions.policy.refusal import Reason, Refusal, Refused
from subscriptions.policy.roster_import import MAX_ROWS, one_line, reorder_name
from subscriptions.roster_import.words import (
    Column,
    is_inactive_status,
    read_heading,
    read_role,
    yes_means_active,
)
from subscriptions.text.addresses import clean_address, linked_address

# Further columns are ignored, and reading stops after this many empty rows.
MAX_COLUMNS = 100
_MAX_EMPTY_ROWS = 20_000
# Rows with titles, headings and notes above and below the people.
_MAX_OTHER_ROWS = 20
# The heading may follow a title and an empty row.
_HEADING_SEARCH_ROWS = 10
# Rows examined to find the columns of a table without headings.
_SAMPLE_ROWS = 200
# Longer cells are cut to this length, which still exceeds every limit, so they are refused.
_MAX_CELL_LENGTH = 500
_MAX_HEADING_LENGTH = 60
_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+")
_BRACKETED_ADDRESS = re.compile(r"<\s*([^<>]*@[^<>]*)>")


@dataclass(frozen=True)
class TableRow:
    """A row of a table, with its ``position`` in the spreadsheet."""

    position: int
    cells: list[str]
    is_hidden: bool = False


@dataclass(frozen=True)
class Table:
    """The non-empty rows of a sheet, and the numbers of its ``hidden`` columns, from 0."""

    rows: Sequence[TableRow]
    name: str = ""
    hidden: frozenset[int] = frozenset()


@dataclass(frozen=True)
class RosterLine:
    """One person's data, as entered in a roster.

    ``status`` is the text that marks the person as inactive; empty if there is none.
    """

    position: int
    name: str
    email: str
    role: str
    is_hidden: bool = False
    status: str = ""


@dataclass(frozen=True)
class Sheet:
    """The people on a sheet, and the headings of its columns by their use.

    ``is_sure``: whether it is certainly a list of people.
    """

    lines: Sequence[RosterLine]
    name: str = ""
    used: Sequence[tuple[str, str]] = ()
    unused: Sequence[str] = ()
    hidden: Sequence[str] = ()
    is_sure: bool = True


class Formula(str):
    """The text of a cell with a formula whose result is not stored in the file."""

    __slots__ = ()


Places = dict[Column, int]


def number_rows(rows: Iterable[tuple[int, list[str], bool]]) -> Iterator[TableRow]:
    """Yield non-empty rows with their numbers; stop once there are clearly too many."""
    found = last = 0
    for position, cells, is_hidden in rows:
        if position - last > _MAX_EMPTY_ROWS or found > MAX_ROWS + _MAX_OTHER_ROWS:
            return
        if any(cell.strip() for cell in cells):
            # In a damaged file, two rows may have the same number.
            found, last = found + 1, max(position, last + 1)
            yield TableRow(last, cells, is_hidden)


def read_columns(table: Table) -> Sheet:
    """Return the people in a table; rows with neither a name nor an address are skipped.

    Raises Refused if there are no addresses, no people, or too many.
    """
    number = next(
        (i for i, row in enumerate(table.rows[:_HEADING_SEARCH_ROWS]) if _is_heading(row)), -1
    )
    heading = table.rows[number].cells if number >= 0 else []
    rows = table.rows[number + 1 :]
    if not rows:
        raise Refused(Refusal(Reason.FILE_WITHOUT_ROWS))
    visible = [_blank_hidden(row.cells, table.hidden) for row in rows]
    places = _find_by_heading(_blank_hidden(heading, table.hidden))
    if Column.EMAIL not in places:
        try:
            places = _find_by_content(visible, places, has_heading=bool(heading))
        except Refused:
            raise _no_addresses_error(table, rows, heading) from None
    if len(table.rows) > MAX_ROWS + _MAX_OTHER_ROWS:
        raise Refused(Refusal(Reason.FILE_TOO_MANY_ROWS, {"most": MAX_ROWS}))
    statuses = _Statuses(heading, rows, places)
    read = zip(rows, visible, strict=True)
    lines = [_line(row, cells, places, statuses.find_status(row.cells)) for row, cells in read]
    lines = [line for line in lines if line.name or line.email]
    if not lines:
        raise Refused(Refusal(Reason.FILE_WITHOUT_ROWS))
    if len(lines) > MAX_ROWS:
        raise Refused(Refusal(Reason.FILE_TOO_MANY_ROWS, {"most": MAX_ROWS}))
    used = {number: column for column, number in places.items()}
    used |= dict.fromkeys(statuses.columns, Column.STATUS)
    others = set(range(max(len(cells) for cells in (heading, *visible)))) - set(used)
    addresses = _column(visible, places[Column.EMAIL])
    return Sheet(
        lines,
        table.name,
        used=[(column.value, _heading(heading, n)) for n, column in sorted(used.items())],
        unused=[
            _heading(heading, n) for n in sorted(others - table.hidden) if _has_content(n, visible)
        ],
        hidden=[
            _heading(heading, n)
            for n in sorted(others & table.hidden)
            if _has_content(n, [row.cells for row in table.rows])
        ],
        is_sure=_has_email_heading(heading) or _mostly(addresses, _has_address),
    )


def _blank_hidden(cells: list[str], hidden: frozenset[int]) -> list[str]:
    return ["" if number in hidden else cell for number, cell in enumerate(cells)]


def _no_addresses_error(table: Table, rows: Sequence[TableRow], heading: list[str]) -> Refused:
    """Return the error for a table without addresses, for example if their column is hidden."""
    for number in sorted(table.hidden):
        if any(_has_address(cell) for cell in _column([row.cells for row in rows], number)):
            column = _heading(heading, number)
            return Refused(Refusal(Reason.FILE_ADDRESSES_HIDDEN, {"column": column}))
    return Refused(Refusal(Reason.FILE_WITHOUT_ADDRESSES))


# Headings ---------------------------------------------------------------------------------------


def _is_heading(row: TableRow) -> bool:
    if any("@" in cell for cell in row.cells):
        return False
    columns = [named[0] for named in map(read_heading, row.cells) if named]
    # A single match may be a person's name, except for an e-mail heading.
    return Column.EMAIL in columns or (len(columns) > 1 and set(columns) != {Column.STATUS})


def _has_email_heading(heading: list[str]) -> bool:
    return any(named[0] == Column.EMAIL for named in map(read_heading, heading) if named)


def _find_by_heading(heading: list[str]) -> Places:
    named = [(read_heading(cell), number) for number, cell in enumerate(heading)]
    # If several columns match ("Contact" and "Name"), the most certain heading wins, or the first.
    by_certainty = sorted((found[1], number, found[0]) for found, number in named if found)
    places: Places = {}
    for _, number, column in by_certainty:
        if column != Column.STATUS:
            places.setdefault(column, number)
    if Column.NAME not in places and Column.FIRST_NAME not in places:
        # French "nom" and Italian "nome" mean the full name if it is the only name column.
        return {Column.NAME if c == Column.LAST_NAME else c: n for c, n in places.items()}
    return places


def _heading(heading: list[str], number: int) -> str:
    """Return the heading of a column, or its letter."""
    text = one_line(heading[number]) if number < len(heading) else ""
    return text[:_MAX_HEADING_LENGTH] or get_column_letter(number + 1)


class _Statuses:
    """The columns that say who is inactive."""

    def __init__(self, heading: list[str], rows: Sequence[TableRow], places: Places) -> None:
        self._heading = heading
        self._role = places.get(Column.ROLE)
        self._blank_is_inactive: dict[int, bool] = {}
        cells = [row.cells for row in rows]
        for number in set(range(max(map(len, cells)))) - set(places.values()):
            name = heading[number] if number < len(heading) else ""
            named = read_heading(name)
            if heading and (named is None or named[0] != Column.STATUS):
                continue
            statuses = [is_inactive_status(name, cell) for cell in _column(cells, number)]
            known = len(statuses) - statuses.count(None)
            if known and (heading or known * 2 >= len(statuses)):
                # If every entry is "yes" or a mark, an empty cell means "no".
                marks_only = yes_means_active(name) and True not in statuses
                self._blank_is_inactive[number] = marks_only

    @property
    def columns(self) -> list[int]:
        """Column numbers, from 0."""
        return sorted(self._blank_is_inactive)

    def find_status(self, cells: list[str]) -> str:
        """Return the text in the file that marks the row's person as inactive, if any."""
        for number, blank_is_inactive in sorted(self._blank_is_inactive.items()):
            cell = one_line(cells[number]) if number < len(cells) else ""
            name = self._heading[number] if number < len(self._heading) else ""
            if is_inactive_status(name, cell) or (blank_is_inactive and not cell):
                text = f"{one_line(name)}: {cell or '–'}" if name.strip() else cell
                return text[:_MAX_HEADING_LENGTH]
        role = cells[self._role] if self._role is not None and self._role < len(cells) else ""
        if read_role(role) is None and is_inactive_status("", role):
            return one_line(role)[:_MAX_HEADING_LENGTH]
        return ""


# Content ----------------------------------------------------------------------------------------


def _find_by_content(rows: list[list[str]], named: Places, *, has_heading: bool) -> Places:
    """Find columns by their content, keeping those found by a heading."""
    sample = rows[:_SAMPLE_ROWS]
    width = max((len(cells) for cells in sample), default=0)
    columns = [_column(sample, number) for number in range(width)]
    addresses = [sum(map(_has_address, column)) for column in columns]
    if not any(addresses):
        raise Refused(Refusal(Reason.FILE_WITHOUT_ADDRESSES))
    places = {Column.EMAIL: addresses.index(max(addresses)), **named}
    free = [n for n in range(width) if n not in places.values()]
    if Column.ROLE not in places:
        roles = [n for n in free if _mostly(columns[n], lambda cell: read_role(cell) is not None)]
        if roles:
            places[Column.ROLE] = roles[0]
            free.remove(roles[0])
    if not has_heading:
        free = [n for n in free if not _mostly(columns[n], _is_status)]
    if not places.keys() & {Column.NAME, Column.FIRST_NAME, Column.LAST_NAME}:
        places |= _names([n for n in free if _mostly(columns[n], _is_text)], columns)
    return places


def _names(candidates: list[int], columns: list[list[str]]) -> Places:
    if not candidates:
        return {}
    first = candidates[0]
    is_whole = _mostly(columns[first], lambda cell: " " in cell or "," in cell)
    if not is_whole and first + 1 in candidates:
        return {Column.FIRST_NAME: first, Column.LAST_NAME: first + 1}
    return {Column.NAME: first}


def _column(rows: Iterable[list[str]], number: int) -> list[str]:
    cells = (cells[number].strip() for cells in rows if number < len(cells))
    return [cell for cell in cells if cell]


def _has_content(number: int, rows: Iterable[list[str]]) -> bool:
    return any(number < len(cells) and cells[number].strip() for cells in rows)


def _mostly(cells: list[str], holds: Callable[[str], bool]) -> bool:
    return bool(cells) and sum(map(holds, cells)) * 2 >= len(cells)


def _has_address(cell: str) -> bool:
    return bool(_ADDRESS.search(cell))


def _is_status(cell: str) -> bool:
    return is_inactive_status("", cell) is not None


def _is_text(cell: str) -> bool:
    return not any(c.isdecimal() or c == "@" for c in cell) and any(c.isalpha() for c in cell)


# Rows -------------------------------------------------------------------------------------------


def _line(row: TableRow, cells: list[str], places: Places, status: str) -> RosterLine:
    def cell(column: Column) -> str:
        number = places.get(column)
        text = cells[number] if number is not None and number < len(cells) else ""
        if isinstance(text, Formula) and column not in (Column.EMAIL, Column.ROLE):
            return ""
        return one_line(_plain(text))[:_MAX_CELL_LENGTH]

    display_name, email = _split_address(cell(Column.EMAIL))
    name, trailing_email = _split_address(cell(Column.NAME))
    first, last = cell(Column.FIRST_NAME), cell(Column.LAST_NAME)
    if first and name and not last and first.casefold() not in name.casefold():
        # If both "Name" and "Vorname" exist, "Name" is the family name.
        name, last = "", name
    if not name and not first and not last and email:
        name = display_name
    return RosterLine(
        position=row.position,
        name=reorder_name(name) or f"{first} {last}".strip(),
        email=clean_address(email or display_name or trailing_email),
        role=cell(Column.ROLE),
        is_hidden=row.is_hidden,
        status=status,
    )


def _split_address(text: str) -> tuple[str, str]:
    """Split "Name <address>" into name and address; leave other text as is."""
    found = _BRACKETED_ADDRESS.search(text)
    if found is None or text.count("@") > 1:
        return text, ""
    return text[: found.start()].strip(" \"'"), found[1]


def append_link(text: str, link: str) -> str:
    """Return a cell's text, adding the address from its link if the text has none."""
    address = linked_address(link) if link.lower().startswith("mailto:") else ""
    return text if "@" in text or not address else f"{text} <{address}>".strip()


def _plain(cell: str) -> str:
    """Remove the apostrophe that marks a cell as text, not a formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in tuple("=+-@") else cell
