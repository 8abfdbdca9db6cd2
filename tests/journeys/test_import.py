"""Importing a whole roster and buying the licenses it needs (R5, R8)."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import SignedIn
from tests.journeys.people import Person
from tests.support.browser import PHONE
from tests.support.rosters import csv_of
from tests.support.unusual_rosters import COMPETITOR_TEMPLATE, hide, workbook
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("stripe")


def test_import_two_hundred_people_and_buy_licenses(arlo: Person, world: World) -> None:
    rows = [*csv_of(199).splitlines(), "Nora New,nora at new.example,Observer"]
    arlo.opens("/o/lakeside/users/")
    arlo.clicks("Import a roster")
    arlo.is_at("Import a roster")
    arlo.is_accessible()
    file = {"name": "roster.csv", "mimeType": "text/csv", "buffer": "\n".join(rows).encode()}
    arlo.field("File").set_input_files(file)  # type: ignore[arg-type]
    arlo.clicks("Preview roster")

    arlo.is_at("Imported roster")
    arlo.sees(
        "roster.csv: 200 rows",
        "199 new users, 21 licenses available: buy 180 more (36 groups of 5, $900.00).",
        "1 row has a mistake",
    )
    arlo.page.get_by_role("link", name="Needs correction 1").click()
    arlo.is_accessible()
    # Unsaved corrections are kept during the payment.
    arlo.field("E-mail, row 201").fill("nora@new.example")
    arlo.clicks("Buy 180 licenses for $900.00")

    arlo.is_at("Add Licenses")
    expect(arlo.number).to_have_value("180")
    arlo.continues_to_payment()
    arlo.pays_with()

    arlo.is_at("Imported roster")
    arlo.sees(
        "You bought 180 licenses. You now hold 205, and 201 are available.",
        "200 new users, 201 licenses available.",
    )
    arlo.is_accessible()
    arlo.clicks("Add all 200 users")

    arlo.is_at("Users")
    arlo.sees("200 users have been added.", "204 of 205 licenses are in use, 1 available.")
    assert world.held() == 205
    assert world.lakeside.memberships.filter(state="invited").count() == 200


def test_paste_and_correct_rows_on_a_phone(world: World, signed_in: SignedIn) -> None:
    arlo = signed_in(world.assignor, PHONE)
    arlo.opens("/o/lakeside/users/import/")
    arlo.field("Or paste rows from a spreadsheet").fill(
        "Nora New\tnora@new.example\tObserver\nNils Next\tnils@new.example\tChief\n"
        "Otto Official\tofficial@lakeside.example\t"
    )
    arlo.clicks("Preview roster")

    arlo.sees(
        "1 new user, 21 licenses available.",
        "There is no role “Chief”",
        "already a user (Otto Official)",
    )
    width = arlo.page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["viewport"]["width"]
    arlo.is_accessible()
    # Unsaved corrections are kept when other rows are shown.
    arlo.field("Role, row 2").select_option("Observer")
    arlo.page.get_by_role("link", name="All rows 3").click()
    arlo.sees("1 row has been changed.", "2 new users")
    arlo.field("Leave out row 1").check()
    arlo.clicks("Save changes")
    arlo.sees("1 new user", "Left out")
    arlo.clicks("Add 1 user")

    arlo.is_at("Users")
    arlo.sees("1 user has been added.", "Nils Next")
    arlo.does_not_see("Nora New")


def test_hidden_rows_of_a_workbook_are_added_only_on_request(
    world: World, signed_in: SignedIn
) -> None:
    world.fill(24)
    arlo = signed_in(world.assignor, PHONE)
    arlo.opens("/o/lakeside/users/import/")
    book = {
        **COMPETITOR_TEMPLATE,
        "Umpires": [
            ["Name", "Email", "Active"],
            ["Lee, Ann", "ann@new.example", "yes"],
            ["Bo Ray", "bo@new.example", "no"],
            ["Cy Hid", "cy@new.example", "yes"],
        ],
    }
    file = {"name": "r.xlsx", "mimeType": "", "buffer": workbook(book, Umpires=hide(4))}
    arlo.field("File").set_input_files(file)  # type: ignore[arg-type]
    arlo.clicks("Preview roster")

    arlo.sees("The rows below are from “Officials”.", "2 new users")
    arlo.clicks("Use this sheet instead")
    arlo.sees("from “Umpires”", "1 row is hidden", "1 person looks inactive", "1 new user")
    arlo.is_accessible()
    arlo.clicks("Include hidden rows")
    arlo.sees("2 new users, 1 license available: buy 5 more")
    arlo.clicks("Buy 5 licenses for $25.00")
    arlo.continues_to_payment()
    arlo.pays_with()

    arlo.is_at("Imported roster")
    arlo.sees("from “Umpires”", "It is included.", "2 new users, 6 licenses available.")
    arlo.clicks("Add all 2 users")
    arlo.is_at("Users")
    arlo.sees("2 users have been added.", "Ann Lee", "Cy Hid")
    arlo.does_not_see("Bo Ray")
