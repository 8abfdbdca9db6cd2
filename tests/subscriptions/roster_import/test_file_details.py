"""Details of roster files that are easy to lose unnoticed (R8)."""

import io
from datetime import date, time, timedelta

from openpyxl.worksheet.worksheet import Worksheet

from subscriptions.roster_import import files
from subscriptions.roster_import.columns import Sheet
from tests.support.unusual_rosters import patched, workbook

ANN = ("Ann Lee", "ann@new.example")


def read(data: bytes | str) -> list[Sheet]:
    return files.read_file(io.BytesIO(data.encode() if isinstance(data, str) else data))


def people(data: bytes | str) -> list[tuple[str, str]]:
    return [(line.name, line.email) for line in read(data)[0].lines]


def test_sheet_with_an_email_heading_is_a_roster_though_few_addresses_are_known() -> None:
    """Beside an empty sheet, a sheet without such a heading could be instructions."""
    heading = ["Name", "E-mail"]
    rows = [heading, ANN, ("Bo Ray", "unknown"), ("Cy Orr", "unknown")]

    found = people(workbook({"People": rows, "Empty": [heading]}))

    assert found == [ANN, ("Bo Ray", "unknown"), ("Cy Orr", "unknown")]


def test_heading_over_two_columns_does_not_shift_the_others() -> None:
    data = (
        "<table><tr><th colspan=2>Name</th><th>E-mail</th></tr>"
        "<tr><td>Ann Lee</td><td>Umpire</td><td>ann@new.example</td></tr></table>"
    )

    assert people(data) == [ANN]


def test_formula_with_only_a_link_has_no_name() -> None:
    data = workbook([["E-mail"], ['=HYPERLINK("mailto:ann@new.example")']])

    assert people(data) == [("", "ann@new.example")]


def test_dates_times_and_durations_do_not_keep_a_workbook_from_being_read() -> None:
    since = [date(2031, 2, 28), time(18, 30), timedelta(hours=30)]
    data = workbook([["Name", "E-mail", "Since", "At", "For"], [*ANN, *since]])

    assert people(data) == [ANN]


def test_link_in_an_empty_row_is_ignored() -> None:
    def link(sheet: Worksheet) -> None:
        sheet["A2"].hyperlink = "mailto:bo@new.example"

    data = workbook([["Name", "E-mail"], ANN], Sheet1=link)
    data = patched(data, "xl/worksheets/sheet1.xml", 'ref="A2"', 'ref="A9"')

    assert people(data) == [ANN]


def test_two_known_headings_are_enough() -> None:
    data = "Name,Role,Reach\nAnn Lee,Observer,ann@new.example\n"

    assert people(data) == [ANN]


def test_status_is_read_behind_other_columns() -> None:
    data = "Name,E-mail,Shirt,Status\nAnn Lee,ann@new.example,S,Retired\n"

    [line] = read(data)[0].lines
    assert line.status == "Status: Retired"
