"""Roster files: encodings, separators, headings and workbooks (R8)."""

import io
import zipfile
from collections.abc import Callable

import pytest

from subscriptions.policy.refusal import Reason, Refused
from subscriptions.policy.roster_import import MAX_BYTES, MAX_ROWS
from subscriptions.roster_import import files, workbooks
from subscriptions.roster_import.columns import RosterLine, Sheet
from tests.support.rosters import csv_of, workbook_of

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SHEET = "xl/worksheets/sheet1.xml"


def read(data: bytes | str) -> list[RosterLine]:
    return list(sheets(data)[0].lines)


def sheets(data: bytes | str) -> list[Sheet]:
    return files.read_file(io.BytesIO(data.encode() if isinstance(data, str) else data))


def people(data: bytes | str) -> list[tuple[str, str, str]]:
    return [(line.name, line.email, line.role) for line in read(data)]


def refusal_reason(data: bytes | str) -> Reason:
    with pytest.raises(Refused) as refused:
        read(data)
    return refused.value.refusal.reason


NORA = ("Nora Ñandú", "nora@new.example", "Observer")
TEXT = "Name,E-mail,Role\nNora Ñandú,nora@new.example,Observer\n"


class TestEncodings:
    @pytest.mark.parametrize(
        "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"]
    )
    def test_common_encodings_are_read(self, encoding: str) -> None:
        assert people(TEXT.encode(encoding)) == [NORA]

    def test_utf_16_with_a_byte_order_mark_is_read(self) -> None:
        for order, mark in (("le", b"\xff\xfe"), ("be", b"\xfe\xff")):
            assert people(mark + TEXT.encode(f"utf-16-{order}")) == [NORA]

    def test_windows_characters_are_read(self) -> None:
        assert people("Name,E-mail\nO’Neil – Žan,o@new.example".encode("cp1252")) == [
            ("O’Neil – Žan", "o@new.example", "")
        ]

    def test_stray_nul_characters_are_removed(self) -> None:
        assert people("Name,E-mail\nNo\x00ra,nora@\x00new.example\n") == [
            ("Nora", "nora@new.example", "")
        ]

    def test_truncated_utf_16_character_is_an_error(self) -> None:
        assert refusal_reason(TEXT.encode("utf-16")[:-1]) == Reason.FILE_DAMAGED


class TestText:
    @pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_common_separators_and_line_endings_are_read(self, separator: str, end: str) -> None:
        text = TEXT.replace(",", separator).replace("\n", end)

        assert people(text) == [NORA]

    def test_excel_separator_line_is_used(self) -> None:
        assert people("sep=;\r\n" + TEXT.replace(",", ";")) == [NORA]

    def test_commas_inside_names_do_not_separate(self) -> None:
        assert people("Name;E-mail\nNew, Nora;nora@new.example\n") == [
            ("Nora New", "nora@new.example", "")
        ]

    def test_quoted_line_breaks_and_separators_are_read(self) -> None:
        text = 'Name,E-mail\n"New,\nNora ""Ace""",nora@new.example\nNils,nils@new.example\n'

        assert read(text) == [
            RosterLine(2, 'Nora "Ace" New', "nora@new.example", ""),
            RosterLine(3, "Nils", "nils@new.example", ""),
        ]

    @pytest.mark.parametrize("filler", ["", "x" * 140_000])
    def test_unclosed_quotation_mark_is_refused(self, filler: str) -> None:
        text = f'Name,E-mail\nNils,nils@new.example\n"Nora,nora@new.example\n{filler}\nNina,n@x.y\n'

        with pytest.raises(Refused) as refused:
            read(text)

        assert refused.value.refusal.reason == Reason.FILE_UNCLOSED_QUOTE
        assert refused.value.refusal.facts["row"] == 3

    def test_title_and_empty_rows_above_the_heading_are_skipped(self) -> None:
        text = "Lakeside 2031\n\n,,\nE-mail,Name\nnora@new.example,Nora\n\nnils@new.example,Nils\n"

        assert [(line.position, line.name) for line in read(text)] == [(5, "Nora"), (7, "Nils")]

    def test_mail_recipients_become_one_row_each(self) -> None:
        text = 'Nora New <nora@new.example>; "Next, Nils" <nils@new.example>, nina@new.example'

        assert [line.email for line in files.read_text(text)[0].lines] == [
            "nora@new.example",
            "nils@new.example",
            "nina@new.example",
        ]


class TestColumns:
    @pytest.mark.parametrize(
        "text",
        [
            "E-mail,Role,Name\nnora@new.example,Observer,Nora New",
            "FIRST NAME,last_name,Email Address,User role\nNora,New,nora@new.example,Observer",
            "Name,Vorname,E-Mail,Rolle\nNew,Nora,nora@new.example,Observer",
            "nom,prénom,courriel,rôle\nNew,Nora,nora@new.example,Observer",
            "Nombre,Apellidos,Correo electrónico,Rol\nNora,New,nora@new.example,Observer",
            "Name,First name,E-mail,Role\nNora New,Nora,nora@new.example,Observer",
            "Contact,Full name,E-mail,Role\n555-0100,Nora New,nora@new.example,Observer",
            # Without a heading.
            "Nora New,nora@new.example,Observer",
            "nora@new.example,Observer,Nora,New",
            "17,555-0100,Nora,New,nora@new.example,Observer",
        ],
    )
    def test_columns_are_found_in_any_order_with_and_without_headings(self, text: str) -> None:
        assert people(text) == [("Nora New", "nora@new.example", "Observer")]

    def test_forty_columns_are_read(self) -> None:
        heading = [f"Column {n}" for n in range(37)] + ["Name", "Mail", "Role"]
        cells = [f"x{n}@else.example" for n in range(37)] + ["Nora", "nora@new.example", ""]

        assert people("\n".join([",".join(heading), ",".join(cells)])) == [
            ("Nora", "nora@new.example", "")
        ]

    def test_addresses_are_cleaned(self) -> None:
        text = (
            "Name;E-mail\nA; Nora@NEW.Example \nB;mailto:b@x.y\nC;\u200bc@x.y\u00a0\nD;Dee <d@x.y>"
        )

        assert [line.email for line in read(text)] == [
            "nora@new.example",
            "b@x.y",
            "c@x.y",
            "d@x.y",
        ]

    def test_long_cells_are_not_shortened(self) -> None:
        [line] = read(f"Name,E-mail\n{'n' * 300},nora@new.example")

        assert len(line.name) == 300

    def test_formula_like_text_stays_text(self) -> None:
        text = (
            'Name,E-mail\n"=HYPERLINK(""http://x"")",nora@new.example\n\'+1 Nils,nils@new.example'
        )

        assert [line.name for line in read(text)] == ['=HYPERLINK("http://x")', "+1 Nils"]

    def test_row_without_name_and_address_is_skipped(self) -> None:
        assert len(read("Name,E-mail,Phone\nNora,nora@new.example,1\n,,2\nTotal: 1,,\n")) == 2


class TestWorkbooks:
    def test_rows_of_the_first_sheet_are_read(self) -> None:
        data = workbook_of(["Name", "E-mail", "Role"], [], ["Nora Ñandú", NORA[1], "Observer"])

        assert read(data) == [RosterLine(3, *NORA)]

    def test_cells_of_other_types_become_text(self) -> None:
        data = workbook_of(["Name", "E-mail", "Since"], [17, "n@new.example", 4.5], [None, "m@x.y"])

        assert people(data) == [("17", "n@new.example", ""), ("", "m@x.y", "")]

    def test_formula_without_result_is_an_empty_cell(self) -> None:
        data = workbook_of(["Name", "E-mail"], ['=CONCAT("N","ora")', "nora@new.example"])

        assert people(data) == [("", "nora@new.example", "")]

    def test_overstated_sheet_size_is_ignored(self) -> None:
        data = changed(
            workbook_of(["Name", "E-mail"], ["Nora", "nora@new.example"]),
            lambda xml: xml.replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"'),
        )

        assert len(read(data)) == 1

    def test_cell_in_the_last_row_and_column_adds_no_rows(self) -> None:
        last_row = b'<row r="1048576"><c r="XFD1048576"><v>2</v></c></row></sheetData>'
        data = changed(
            workbook_of(["Name", "E-mail"], ["Nora", "nora@new.example"]),
            lambda xml: xml.replace(b"</sheetData>", last_row),
        )

        assert len(read(data)) == 1

    def test_file_name_does_not_decide_the_type(self) -> None:
        """A workbook named .csv is read as a workbook."""
        assert len(read(workbook_of(["Name", "E-mail"], ["Nora", "nora@new.example"]))) == 1


def changed(workbook: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Return the workbook with its first sheet changed."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(target, "w") as new:
        for part in old.namelist():
            content = old.read(part)
            new.writestr(part, change(content) if part == SHEET else content)
    return target.getvalue()


def zip_bomb() -> bytes:
    """Return a workbook of a few kilobytes whose sheet unpacks to more than is allowed."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr(SHEET, b" " * (workbooks.MAX_UNPACKED_BYTES + 1))
    return target.getvalue()


def zip_bomb_with_a_false_size() -> bytes:
    """Return a ZIP bomb whose directory claims a small size."""
    data = zip_bomb()
    size = (workbooks.MAX_UNPACKED_BYTES + 1).to_bytes(4, "little")
    return data.replace(size, (1000).to_bytes(4, "little"))


def billion_laughs() -> bytes:
    """Return a workbook with nested entities in its sheet."""
    entities = ['<!ENTITY a0 "laugh">'] + [
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)
    ]
    document = f"<!DOCTYPE x [{''.join(entities)}]><worksheet>&a11;</worksheet>".encode()
    return changed(workbook_of(["Name", "E-mail"], ["N", "n@new.example"]), lambda xml: document)


def opendocument_file() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<x/>")
    return target.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.FILE_EMPTY),
        (b" \r\n\t ", Reason.FILE_EMPTY),
        (b"\xff\xfe", Reason.FILE_WITHOUT_ROWS),
        (PNG, Reason.FILE_IS_PICTURE),
        (PNG[8:], Reason.FILE_NOT_A_TABLE),
        (OLE2 + bytes(500), Reason.FILE_IS_OLD_EXCEL),
        (b"%PDF-1.7 ...", Reason.FILE_IS_PDF),
        (b"PK\x03\x04 truncated", Reason.FILE_DAMAGED),
        (workbook_of(["Name", "E-mail"], ["N", "n@x.y"])[:-200], Reason.FILE_DAMAGED),
        (workbook_of(), Reason.FILE_WITHOUT_ROWS),
        (workbook_of(["Name", "E-mail"]), Reason.FILE_WITHOUT_ROWS),
        (opendocument_file(), Reason.FILE_IS_OPENDOCUMENT),
        (zip_bomb(), Reason.FILE_TOO_LARGE_UNPACKED),
        (zip_bomb_with_a_false_size(), Reason.FILE_DAMAGED),
        (billion_laughs(), Reason.FILE_DAMAGED),
        ("Name,E-mail,Role\n", Reason.FILE_WITHOUT_ROWS),
        ("Name,E-mail\n,\n", Reason.FILE_WITHOUT_ROWS),
        ("Nora New,Observer\nNils Next,Observer\n", Reason.FILE_WITHOUT_ADDRESSES),
        (csv_of(MAX_ROWS + 1), Reason.FILE_TOO_MANY_ROWS),
        (csv_of(MAX_ROWS + 100), Reason.FILE_TOO_MANY_ROWS),
        (b"x" * (MAX_BYTES + 1), Reason.FILE_TOO_LARGE),
    ],
    ids=lambda value: value if isinstance(value, Reason) else "",
)
def test_unreadable_file_is_refused_with_a_reason(data: bytes | str, reason: Reason) -> None:
    assert refusal_reason(data) == reason


def test_largest_number_of_rows_is_read() -> None:
    assert len(read(csv_of(MAX_ROWS))) == MAX_ROWS


def test_workbook_with_too_many_rows_is_refused() -> None:
    rows = [["Nora", f"n{number}@new.example"] for number in range(MAX_ROWS + 1)]

    assert refusal_reason(workbook_of(["Name", "E-mail"], *rows)) == Reason.FILE_TOO_MANY_ROWS
