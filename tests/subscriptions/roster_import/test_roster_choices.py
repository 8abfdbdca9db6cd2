"""Choices for a whole roster: its sheet, hidden rows, inactive people (R8)."""

import importlib
import re
from http import HTTPStatus
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from subscriptions.models import RosterImport, RosterRow
from subscriptions.policy.roster_import import RowState
from subscriptions.roster_import import rosters
from subscriptions.roster_import.rosters import Change, RosterOptions
from tests.support.pages import text_of
from tests.support.rosters import IMPORT, line, roster_path, row_of, upload, uploaded_roster
from tests.support.unusual_rosters import (
    COMPETITOR_TEMPLATE,
    HTML_EXPORT,
    hide,
    old_office_file,
    workbook,
)
from tests.support.world import World

HEADING = ["Name", "Email", "Status", "Shirt"]
# Two people are hidden and two are inactive; Di is both.
MIXED_ROWS = [
    HEADING,
    ["Ann Lee", "ann@new.example", "Active", "S"],
    ["Bo Ray", "bo@new.example", "Retired", "M"],
    ["Cy Hid", "cy@new.example", "Active", "L"],
    ["Di Both", "di@new.example", "Inactive", "L"],
]


def upload_roster(client: Client, data: bytes | str, name: str = "roster.xlsx") -> RosterImport:
    """Upload a file and return the stored roster."""
    response = upload(client, data, name)
    assert response.status_code == HTTPStatus.FOUND, text_of(response)
    return RosterImport.objects.latest("created_at")


def upload_mixed_rows(client: Client) -> RosterImport:
    return upload_roster(client, workbook(MIXED_ROWS, Sheet1=hide(4, 5, "D")))


def row_states(world: World, roster: RosterImport) -> dict[str, RowState]:
    roster.refresh_from_db()
    checked = rosters.check(roster, world.assignor)
    return {one.row.name: one.result.state for one in checked.rows}


def invited(world: World, roster: RosterImport) -> list[str]:
    return [name for name, state in row_states(world, roster).items() if state == RowState.INVITED]


class TestRosterPage:
    def test_page_shows_what_was_read_and_what_was_skipped(self, world: World) -> None:
        client = world.client(world.assignor)

        page = text_of(client.get(roster_path(upload_mixed_rows(client))))

        for words in (
            "The rows below are from the sheet “Sheet1”.",
            "2 rows are hidden in the file, by a filter or by hand. They are left out.",
            "2 people look inactive, and are left out.",
            "Name (“Name”), E-mail (“Email”), Status (“Status”)",
            "Hidden columns, not used Shirt",
            "This row is hidden in the file.",
            "Looks inactive (Status: Retired).",
            "1 new user",
        ):
            assert words in page

    def test_unused_columns_are_named(self, world: World) -> None:
        client = world.client(world.assignor)

        page = text_of(
            client.get(roster_path(upload_roster(client, workbook(COMPETITOR_TEMPLATE))))
        )

        assert "Columns not used Phone, Rank" in page
        assert "E-mail (“Email*”), First name (“First Name*”)" in page

    def test_plain_file_offers_no_choices(self, world: World) -> None:
        client = world.client(world.assignor)
        page = client.get(roster_path(upload_roster(client, "Name,Email\nAnn,ann@new.example")))

        for word in ("take_sheet", "hidden in the file", "look inactive", "not used"):
            assert word not in page.content.decode()

    def test_html_table_is_read(self, world: World) -> None:
        roster = upload_roster(world.client(world.assignor), HTML_EXPORT, "Roster.xls")

        assert invited(world, roster) == ["Ann Lee", "Bo Ray"]

    def test_old_excel_file_is_refused(self, world: World) -> None:
        response = upload(world.client(world.assignor), old_office_file("Workbook"), "Roster.xls")

        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "old Excel format. Open it in Excel and save it as .xlsx" in text_of(response)

    def test_roster_uploaded_in_the_previous_version_is_shown(self, world: World) -> None:
        roster = uploaded_roster(world.assignor, 2)
        RosterImport.objects.update(sheets=[])

        page = text_of(world.client(world.assignor).get(roster_path(roster)))

        assert "How we read the file" not in page
        assert "2 new users" in page

    def test_headings_are_escaped(self, world: World) -> None:
        client = world.client(world.assignor)
        roster = upload_roster(client, "Name,Email,<b>x</b>\nAnn,ann@new.example,1")

        assert "<b>x" not in client.get(roster_path(roster)).content.decode()


class TestChoosing:
    @pytest.mark.parametrize(
        ("choices", "people"),
        [
            ([], ["Ann Lee"]),
            ([{"hidden": "in"}], ["Ann Lee", "Cy Hid"]),
            ([{"inactive": "in"}], ["Ann Lee", "Bo Ray"]),
            ([{"hidden": "in"}, {"inactive": "in"}], ["Ann Lee", "Bo Ray", "Cy Hid", "Di Both"]),
            ([{"hidden": "in"}, {"hidden": "out"}], ["Ann Lee"]),
            ([{"inactive": "in"}, {"inactive": "out"}], ["Ann Lee"]),
        ],
    )
    def test_hidden_and_inactive_people_can_be_included_and_excluded(
        self, world: World, choices: list[dict[str, str]], people: list[str]
    ) -> None:
        client = world.client(world.assignor)
        roster = upload_mixed_rows(client)

        for options in choices:
            client.post(roster_path(roster), options)

        assert invited(world, roster) == people

    def test_row_checkbox_includes_or_excludes_one_person(self, world: World) -> None:
        client = world.client(world.assignor)
        roster = upload_mixed_rows(client)
        ann, bo = row_of(roster, 2), row_of(roster, 3)

        # As submitted after checking Ann's box and unchecking Bo's.
        client.post(roster_path(roster), {"row": [ann.pk, bo.pk], f"out-{ann.pk}": "on"})
        assert invited(world, roster) == ["Bo Ray"]
        client.post(roster_path(roster), {"inactive": "in", "hidden": "in"})

        assert invited(world, roster) == ["Bo Ray", "Cy Hid", "Di Both"]

    def test_unchanged_checkboxes_have_no_effect(self, world: World) -> None:
        client = world.client(world.assignor)
        roster = upload_mixed_rows(client)
        rows = list(roster.rows.values_list("pk", flat=True))
        out = {f"out-{row_of(roster, n).pk}": "on" for n in (3, 4, 5)}

        client.post(roster_path(roster), {"row": rows, **out, "hidden": "in"})

        assert invited(world, roster) == ["Ann Lee", "Cy Hid"]

    def test_sheet_can_be_changed_without_another_upload(self, world: World) -> None:
        client = world.client(world.assignor)
        sheets = {
            "Umpires": [HEADING, *([f"U {n}", f"u{n}@new.example"] for n in range(3))],
            "Board": [HEADING, ["Ann Lee", "ann@new.example"], ["U 1", "u1@new.example"]],
        }
        roster = upload_roster(client, workbook(sheets))
        page = text_of(client.get(roster_path(roster)))
        assert "The rows below are from “Umpires”." in page
        assert "Board (2 rows)" in page

        client.post(roster_path(roster), {"take_sheet": "1", "sheet": "1"})

        assert invited(world, roster) == ["Ann Lee", "U 1"]
        assert "The rows below are from “Board”." in text_of(client.get(roster_path(roster)))
        assert 'roster.xlsx</a> <span class="soft">2 rows' in re.sub(
            r"\s+", " ", client.get(IMPORT).content.decode()
        )
        # Add both sheets in turn: a person on both is added once.
        client.post(f"{roster_path(roster)}add/")
        client.post(roster_path(roster), {"take_sheet": "1", "sheet": "0"})
        assert invited(world, roster) == ["U 0", "U 2"]

    @pytest.mark.parametrize("number", ["2", "-1", "x", "", "9" * 18])
    def test_invalid_sheet_changes_nothing(self, world: World, number: str) -> None:
        roster = uploaded_roster(world.assignor, 2)

        response = world.client(world.assignor).post(
            roster_path(roster), {"take_sheet": "1", "sheet": number}
        )

        assert response.status_code == HTTPStatus.FOUND
        assert len(invited(world, roster)) == 2


class TestPersistence:
    def test_choices_and_corrections_survive_a_purchase(self, world: World) -> None:
        """The buyer comes back to this URL, where everything is still stored."""
        world.fill(25)
        client = world.client(world.assignor)
        roster = upload_mixed_rows(client)
        client.post(roster_path(roster), {"hidden": "in"})
        cy = row_of(roster, 4)

        fields = {"row": cy.pk, f"email-{cy.pk}": "cy.h@new.example", "buy": "1"}
        response = client.post(roster_path(roster), fields)

        assert "quantity=5&" in response.headers["Location"]
        assert invited(world, roster) == ["Ann Lee", "Cy Hid"]
        assert row_of(roster, 4).email == "cy.h@new.example"

    def test_only_people_the_page_showed_are_added(self, world: World) -> None:
        client = world.client(world.assignor)
        roster = upload_mixed_rows(client)
        before = form_of(client, roster)
        rosters.set_options(roster, RosterOptions(includes_hidden=True))

        response = client.post(f"{roster_path(roster)}add/", before, follow=True)

        assert (
            "The rows were changed in another window, so no one was added. "
            "Check them and try again." in text_of(response)
        )
        assert world.lakeside.memberships.count() == 4
        client.post(f"{roster_path(roster)}add/", form_of(client, roster))
        assert world.lakeside.memberships.count() == 6

    @pytest.mark.parametrize("page", ["", "add/"])
    def test_outdated_page_does_not_decide_about_hidden_rows(self, world: World, page: str) -> None:
        """R8: when the page was loaded, hidden rows were still included."""
        client = world.client(world.assignor)
        roster = upload_mixed_rows(client)
        rosters.set_options(roster, RosterOptions(includes_hidden=True))
        outdated = form_of(client, roster)
        rosters.set_options(roster, RosterOptions(includes_hidden=False))
        cy = row_of(roster, 4)

        client.post(f"{roster_path(roster)}{page}", outdated | {"row": cy.pk, f"in-{cy.pk}": "on"})

        assert row_of(roster, 4).is_left_out is None

    def test_reversed_migration_leaves_one_sheet_and_decided_rows(self, world: World) -> None:
        client = world.client(world.assignor)
        roster = upload_mixed_rows(client)
        hidden = row_of(roster, 4)
        other = RosterRow.objects.create(roster=roster, sheet=1, position=4, name="Other")

        importlib.import_module("subscriptions.migrations.0015_roster_sheets").tidy(apps, None)

        assert not RosterRow.objects.filter(pk=other.pk).exists()
        assert RosterRow.objects.get(pk=hidden.pk).is_left_out is True
        assert not RosterRow.objects.filter(is_left_out=None).exists()
        assert RosterRow.objects.filter(is_left_out=False).exists()

    def test_people_who_share_an_address_each_need_their_own(self, world: World) -> None:
        family, member = "lee@new.example", "official@lakeside.example"
        addresses = {"Ann Lee": family, "Bo Lee": family, "Otto Lee": member}
        lines = [line(n, name=one, email=addresses[one]) for n, one in enumerate(addresses, 1)]
        roster = uploaded_roster(world.assignor, lines)
        client = world.client(world.assignor)
        page = text_of(client.get(roster_path(roster)))
        assert "Ann Lee in row 2 has the same e-mail address. Each person needs their own" in page
        # Otto Lee has the address of a user, and his row can be changed too.
        otto = row_of(roster, 4)
        assert "If this is someone else, type a different address" in page
        assert f"edit={otto.pk}#row-4" in client.get(roster_path(roster)).content.decode()

        rosters.change(
            roster,
            {
                row_of(roster, 3).pk: Change(is_left_out=False, email="bo@new.example"),
                otto.pk: Change(is_left_out=False, email="otto.lee@new.example"),
            },
        )

        assert invited(world, roster) == ["Ann Lee", "Bo Lee", "Otto Lee"]


def form_of(client: Client, roster: RosterImport) -> dict[str, Any]:
    """Return the page's form data for the whole roster."""
    return {"choices": client.get(roster_path(roster)).context["choices"]}
