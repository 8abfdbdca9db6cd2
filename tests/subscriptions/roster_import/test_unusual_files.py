"""Real rosters: several sheets, hidden rows, inactive people, links (R8)."""

import io
from typing import Any

import pytest
from openpyxl.worksheet.worksheet import Worksheet

from subscriptions.policy.refusal import Reason, Refused
from subscriptions.policy.roster_import import MAX_ROWS
from subscriptions.roster_import import files
from subscriptions.roster_import.columns import RosterLine, Sheet
from subscriptions.roster_import.words import is_inactive_status
from subscriptions.text.addresses import clean_address
from tests.support.unusual_rosters import (
    COMPETITOR_TEMPLATE,
    Rows,
    filtered_workbook,
    hide,
    patched,
    workbook,
)

SHEET = "xl/worksheets/sheet1.xml"
ANN: list[Any] = ["Ann Lee", "ann@new.example"]
BO: list[Any] = ["Bo Ray", "bo@new.example"]
HEADING = ["Name", "Email"]


def read(data: bytes | str) -> list[Sheet]:
    return files.read_file(io.BytesIO(data.encode() if isinstance(data, str) else data))


def lines(data: bytes | str) -> list[RosterLine]:
    return list(read(data)[0].lines)


def people(data: bytes | str) -> list[list[str]]:
    return [[line.name, line.email] for line in lines(data)]


def refusal_reason(data: bytes | str) -> Reason:
    with pytest.raises(Refused) as refused:
        read(data)
    return refused.value.refusal.reason


class TestSheets:
    def test_people_are_found_after_an_instruction_sheet(self) -> None:
        [sheet] = read(workbook(COMPETITOR_TEMPLATE))

        assert sheet.name == "Officials"
        assert [[line.name, line.email] for line in sheet.lines] == [ANN, BO]
        assert sheet.used == [
            ("email", "Email*"),
            ("first_name", "First Name*"),
            ("last_name", "Last Name*"),
        ]
        assert sheet.unused == ["Phone", "Rank"]

    def test_address_in_the_instructions_of_an_empty_template_is_ignored(self) -> None:
        empty = {**COMPETITOR_TEMPLATE, "Officials": COMPETITOR_TEMPLATE["Officials"][:1]}

        assert refusal_reason(workbook(empty)) == Reason.FILE_WITHOUT_ROWS

    def test_sheet_with_the_most_people_comes_first(self) -> None:
        data = workbook(
            {
                "Notes": [["Season 2031"]],
                "Board": [HEADING, ANN],
                "Umpires": [HEADING, ANN, BO],
                "Evaluators": [HEADING, BO],
            }
        )

        assert [sheet.name for sheet in read(data)] == ["Umpires", "Board", "Evaluators"]

    def test_hidden_people_do_not_count_in_the_order_of_sheets(self) -> None:
        data = workbook({"Now": [HEADING, ANN], "Before": [HEADING, ANN, BO]}, Before=hide(2, 3))

        assert [sheet.name for sheet in read(data)] == ["Now", "Before"]

    @pytest.mark.parametrize("state", ["hidden", "veryHidden"])
    def test_hidden_sheets_are_ignored(self, state: Any) -> None:
        def hide_sheet(sheet: Worksheet) -> None:
            sheet.sheet_state = state

        data = workbook({"Now": [HEADING, ANN], "Before": [HEADING, BO, ANN]}, Before=hide_sheet)

        assert [sheet.name for sheet in read(data)] == ["Now"]

    def test_people_may_be_on_the_twentieth_sheet(self) -> None:
        rules: Rows = [["Rule", "Text"], ["1", "Be fair"]]
        sheets = {f"Rules {n}": rules for n in range(19)}

        assert people(workbook({**sheets, "Roster": [HEADING, ANN]})) == [ANN]

    def test_sheet_with_too_many_people_is_not_skipped(self) -> None:
        too_many = [HEADING, *([f"P {n}", f"p{n}@new.example"] for n in range(MAX_ROWS + 1))]

        assert refusal_reason(workbook({"Board": [HEADING, ANN], "All": too_many})) == (
            Reason.FILE_TOO_MANY_ROWS
        )

    def test_long_unrelated_sheet_is_ignored(self) -> None:
        games: Rows = [["Game", "Field"], *([n, "North"] for n in range(MAX_ROWS + 100))]

        assert people(workbook({"Games": games, "Roster": [HEADING, ANN]})) == [ANN]

    def test_two_rows_with_the_same_number_are_both_kept(self) -> None:
        data = patched(workbook([HEADING, ANN, BO]), SHEET, '<row r="3"', '<row r="2"')

        assert [line.position for line in lines(data)] == [2, 3]


class TestHidden:
    def test_filtered_rows_are_marked_hidden(self) -> None:
        hidden = [line.position for line in lines(filtered_workbook()) if line.is_hidden]

        assert hidden == [3, 5]

    def test_hidden_columns_are_not_used(self) -> None:
        [sheet] = read(filtered_workbook())

        assert {line.role for line in sheet.lines} == {""}
        assert (sheet.unused, sheet.hidden) == (["Region"], ["Role"])

    @pytest.mark.parametrize("attribute", ['ht="0" customHeight="1"', 'hidden="true"'])
    def test_row_of_height_zero_is_hidden(self, attribute: str) -> None:
        data = patched(workbook([HEADING, ANN]), SHEET, '<row r="2"', f'<row r="2" {attribute}')

        assert [line.is_hidden for line in lines(data)] == [True]

    def test_column_of_width_zero_is_hidden(self) -> None:
        data = patched(
            workbook([[*HEADING, "Role"], [*ANN, "Admin"]]),
            SHEET,
            "<sheetData>",
            '<cols><col min="3" max="16384" width="0" customWidth="1"/></cols><sheetData>',
        )

        assert [line.role for line in lines(data)] == [""]

    def test_hidden_address_column_is_refused_and_named(self) -> None:
        with pytest.raises(Refused) as refused:
            read(workbook([HEADING, ANN], Sheet1=hide("B")))

        refusal = refused.value.refusal
        assert (refusal.reason, refusal.facts) == (
            Reason.FILE_ADDRESSES_HIDDEN,
            {"column": "Email"},
        )

    def test_hidden_status_column_is_used(self) -> None:
        data = workbook([[*HEADING, "Active"], [*ANN, "no"], [*BO, "yes"]], Sheet1=hide("C"))

        assert [line.status for line in lines(data)] == ["Active: no", ""]


class TestInactive:
    @pytest.mark.parametrize(
        ("heading", "text", "is_inactive"),
        [
            ("Active", "no", True),
            ("Active?", "FALSE", True),
            ("Active", "0", True),
            ("Active", "✗", True),
            ("Active", "N", True),
            ("Active", "yes", False),
            ("Active", "True", False),
            ("Active", "✓", False),
            ("Is Active", "Inactive", True),
            ("Inactive", "yes", True),
            ("Inactive", "no", False),
            ("Retired", "2029-05-01", True),
            ("Retired", "x", True),
            ("Retired", "", None),
            ("Status", "inactive", True),
            ("Status", "Inactive - moved away", True),
            ("Status", "RETIRED (2029)", True),
            ("Status", "Suspended", True),
            ("Status", "Leave of absence", True),
            ("Status", "Active", False),
            ("Status", "Certified", None),
            ("Status", "no", None),
            ("Estado", "Inactivo", True),
            ("Statut", "Retraité", True),
            ("State", "NY", None),
        ],
    )
    def test_status_values_mean_active_inactive_or_unknown(
        self, heading: str, text: str, is_inactive: bool | None
    ) -> None:
        assert is_inactive_status(heading, text) == is_inactive

    @pytest.mark.parametrize(
        ("rows", "statuses"),
        [
            # Booleans in a workbook.
            ([[*HEADING, "Active"], [*ANN, False], [*BO, True]], ["Active: False", ""]),
            # Only check marks: a person without one is inactive.
            ([[*HEADING, "Active"], [*ANN, None], [*BO, "x"]], ["Active: –", ""]),
            # If "no" occurs too, an empty cell means nothing.
            ([[*HEADING, "Active"], [*ANN, None], ["Cy", "c@x.yz", "no"]], ["", "Active: no"]),
            # Two columns.
            (
                [[*HEADING, "Active", "Status"], [*ANN, "yes", "Retired"], [*BO, "yes", "ok"]],
                ["Status: Retired", ""],
            ),
            # The status is in the role column.
            ([[*HEADING, "Role"], [*ANN, "Inactive"], [*BO, "Observer"]], ["Inactive", ""]),
            # Without headings.
            ([[*ANN, "Inactive"], [*BO, "Active"]], ["Inactive", ""]),
            # The word means nothing in other columns.
            ([[*HEADING, "Occupation"], [*ANN, "Retired"], [*BO, "Nurse"]], ["", ""]),
            ([[*HEADING, "State"], [*ANN, "NY"], [*BO, "NJ"]], ["", ""]),
        ],
    )
    def test_inactive_rows_name_the_reason(self, rows: Rows, statuses: list[str]) -> None:
        assert [line.status for line in lines(workbook(rows))] == statuses

    def test_status_column_is_listed_as_used_only_if_it_has_an_effect(self) -> None:
        text = "Name,Email,Active,State\nAnn,a@x.yz,no,NY\n"

        [sheet] = read(text)

        assert sheet.used[-1] == ("status", "Active")
        assert sheet.unused == ["State"]


class TestAddresses:
    @pytest.mark.parametrize(
        ("typed", "address"),
        [
            ("Ann@New.Example", "ann@new.example"),
            ("ann@new.example (work)", "ann@new.example"),
            ("Ann Lee [ann@new.example]", "ann@new.example"),
            ("ann@new.example; ANN@new.example", "ann@new.example"),
            ("'ann@new.example'", "ann@new.example"),
            ("mailto:ann%2Bref@new.example?subject=Hi", "ann+ref@new.example"),
            ("ann@new.example.", "ann@new.example"),
            # Escaped characters in a link are cleaned too.
            ("mailto:ann%00@NEW.example", "ann@new.example"),
            # Several or unclear addresses are kept as typed, for correction.
            ("a@new.example; b@new.example", "a@new.example; b@new.example"),
            ("a@new.example/b@new.example", "a@new.example/b@new.example"),
            ("ann@new.example,au", "ann@new.example,au"),
            ("ann@new,example", "ann@new,example"),
            ("ann at new.example", "ann at new.example"),
            ("ann@b@new.example", "ann@b@new.example"),
        ],
    )
    def test_single_address_is_used_and_unclear_input_kept(self, typed: str, address: str) -> None:
        assert clean_address(typed) == address

    def test_address_only_in_a_link_is_used(self) -> None:
        def link(sheet: Worksheet) -> None:
            sheet["B2"].hyperlink = "mailto:ann@new.example?subject=Hello"
            sheet["A3"].hyperlink = "mailto:bo@new.example"
            sheet["A4"].hyperlink = "https://new.example/cy"

        rows: Rows = [
            HEADING,
            ["Lee, Ann", "Send e-mail"],
            ["Bo Ray", None],
            ["Cy", "cy@new.example"],
        ]

        assert people(workbook(rows, Sheet1=link)) == [ANN, BO, ["Cy", "cy@new.example"]]

    def test_links_on_names_supply_the_addresses(self) -> None:
        def link(sheet: Worksheet) -> None:
            sheet["A1"].hyperlink = "mailto:ann@new.example"
            sheet["A2"].hyperlink = "mailto:bo@new.example"

        assert people(workbook([["Ann Lee", "1"], ["Bo Ray", "2"]], Sheet1=link)) == [ANN, BO]

    def test_address_in_a_hyperlink_formula_is_used(self) -> None:
        data = workbook([HEADING, ["Ann Lee", '=HYPERLINK("mailto:ann@new.example","Write")']])

        assert people(data) == [ANN]

    def test_formula_without_a_result_is_kept_for_correction(self) -> None:
        data = workbook(
            [[*HEADING, "Role"], ['=C2&" Lee"', '="ann"&"@new.example"', "=VLOOKUP(1,A:B,2)"]]
        )

        assert lines(data) == [RosterLine(2, "", '="ann"&"@new.example"', "=VLOOKUP(1,A:B,2)")]

    def test_formula_with_an_empty_result_is_empty(self) -> None:
        """Excel saves this when a formula is filled down below the last person."""
        data = patched(
            workbook([HEADING, ANN, [None, '=IF(A3="","",1)']]),
            SHEET,
            '<c r="B3"><f>',
            '<c r="B3" t="str"><f>',
        )

        assert people(data) == [ANN]

    def test_error_value_is_not_a_name(self) -> None:
        assert people(workbook([HEADING, ["#N/A", "ann@new.example"]])) == [["", ANN[1]]]

    def test_two_addresses_in_one_cell_are_both_kept(self) -> None:
        both = "Ann Lee <ann@new.example>, bo@new.example"

        assert people(workbook([HEADING, ["Ann Lee", both]])) == [["Ann Lee", both.lower()]]

    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ('Name,Email\n"Lee, Ann",ann@new.example', "Ann Lee"),
            ('Email\n"""Lee, Ann"" <ann@new.example>"', "Ann Lee"),
            # Each part is in its own column.
            ('First,Last,Email\n"Ann, Bea",Lee,ann@new.example', "Ann, Bea Lee"),
            ('First,Last,Email\nAnn,"Lee, Jr.",ann@new.example', "Ann Lee, Jr."),
        ],
    )
    def test_reversed_name_in_one_column_is_reordered(self, text: str, name: str) -> None:
        assert people(text) == [[name, ANN[1]]]

    def test_address_in_the_name_column_is_separated(self) -> None:
        text = 'Name,Email\n"Lee, Ann <ann@new.example>",\nBo Ray <b@x.yz>,bo@new.example\n'

        assert people(text) == [ANN, BO]
