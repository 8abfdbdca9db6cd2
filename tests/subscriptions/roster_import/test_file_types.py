"""Files other than workbooks and plain text: read as a table, or refused by type (R8)."""

import pytest

from subscriptions.policy.refusal import Reason
from subscriptions.roster_import.columns import RosterLine
from tests.subscriptions.roster_import.test_unusual_files import (
    ANN,
    BO,
    people,
    read,
    refusal_reason,
)
from tests.support.unusual_rosters import HTML_EXPORT, archive, old_office_file


class TestOtherTypes:
    def test_html_table_is_read_under_any_file_name(self) -> None:
        [sheet] = read(HTML_EXPORT)

        assert list(sheet.lines) == [
            RosterLine(3, ANN[0], ANN[1], ""),
            RosterLine(4, BO[0], BO[1], "Observer"),
            RosterLine(5, "Cy Hid", "cy@new.example", "", is_hidden=True),
        ]

    @pytest.mark.parametrize("start", ["<?xml version='1.0'?>", "<!-- saved -->\n", "<center>"])
    def test_html_table_is_read_after_any_markup(self, start: str) -> None:
        assert people(f"{start}<table><tr><td>Ann Lee<td>ann@new.example</table>") == [ANN]

    def test_nested_tables_and_unclosed_cells_are_read(self) -> None:
        page = (
            "<table><tr><td>Menu<td><table id=x><tr><th>Name<th>Email<tr><td>Ann Lee"
            "<td>ann@new.example<tr><td>1 < 2<td>bo@new.example</table></table>"
        )

        assert people(page) == [ANN, ["1 < 2", BO[1]]]

    @pytest.mark.parametrize("filler", ["<", "<!--", "<td", "<table", "&", "<a href="])
    def test_malformed_html_is_parsed_quickly(self, filler: str) -> None:
        """A backtracking parser would need minutes for each of these."""
        page = "<table>" + filler * 400_000

        assert refusal_reason(page) in (Reason.FILE_WITHOUT_ROWS, Reason.FILE_WITHOUT_ADDRESSES)

    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (old_office_file("Workbook"), Reason.FILE_IS_OLD_EXCEL),
            (old_office_file("Book"), Reason.FILE_IS_OLD_EXCEL),
            (b"\x09\x08\x10\x00\x00\x06\x05\x00" + bytes(100), Reason.FILE_IS_OLD_EXCEL),
            (
                '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
                '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Table/>',
                Reason.FILE_IS_OLD_EXCEL,
            ),
            (archive(xl__workbook_bin=b"x"), Reason.FILE_IS_OLD_EXCEL),
            (old_office_file("EncryptedPackage"), Reason.FILE_IS_PROTECTED),
            (old_office_file("WordDocument"), Reason.FILE_IS_DOCUMENT),
            (archive(word__document_xml="<x/>"), Reason.FILE_IS_DOCUMENT),
            (b"{\\rtf1 Ann}", Reason.FILE_IS_DOCUMENT),
            (
                archive(mimetype="application/vnd.oasis.opendocument.spreadsheet"),
                Reason.FILE_IS_OPENDOCUMENT,
            ),
            (archive(mimetype="application/vnd.oasis.opendocument.text"), Reason.FILE_IS_DOCUMENT),
            (archive(Index__Document_iwa=b"x", preview_jpg=b"x"), Reason.FILE_IS_NUMBERS),
            (archive(roster_numbers__Index_zip=b"x"), Reason.FILE_IS_NUMBERS),
            (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", Reason.FILE_IS_PDF),
            (b"\x89PNG\r\n\x1a\n" + bytes(50), Reason.FILE_IS_PICTURE),
            (b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(50), Reason.FILE_IS_PICTURE),
            (b"\x00\x00\x00\x18ftypheic" + bytes(50), Reason.FILE_IS_PICTURE),
            (b"RIFF\x24\x00\x00\x00WEBPVP8 ", Reason.FILE_IS_PICTURE),
            (b"BM\x36\x00\x00\x00\x00\x00\x00\x00" + bytes(50), Reason.FILE_IS_PICTURE),
            (archive(roster_csv="Name,Email"), Reason.FILE_IS_ARCHIVE),
            (b"7z\xbc\xaf\x27\x1c" + bytes(50), Reason.FILE_IS_ARCHIVE),
            (b"\x1f\x8b\x08\x00" + bytes(50), Reason.FILE_IS_ARCHIVE),
            ("BEGIN:VCARD\nEMAIL:ann@new.example\nEND:VCARD", Reason.FILE_IS_CONTACTS),
            ("MIME-Version: 1.0\nContent-Type: multipart/related", Reason.FILE_IS_WEB_PAGE),
            ("<!DOCTYPE html><p>Sign in as ann@new.example", Reason.FILE_IS_WEB_PAGE),
            ("<?xml version='1.0'?>\n<who>ann@new.example</who>", Reason.FILE_NOT_A_TABLE),
            ('[{"name": "Ann", "email": "ann@new.example"}]', Reason.FILE_NOT_A_TABLE),
        ],
    )
    def test_other_file_type_is_refused_with_its_reason(
        self, data: bytes | str, reason: Reason
    ) -> None:
        assert refusal_reason(data) == reason

    @pytest.mark.parametrize("start", ["BM", "RIFF", "Rary", "II"])
    def test_name_may_start_with_letters_that_are_magic_bytes(self, start: str) -> None:
        assert people(f"{start} Lee,ann@new.example\nBo Ray,bo@new.example") == [
            [f"{start} Lee", ANN[1]],
            BO,
        ]
