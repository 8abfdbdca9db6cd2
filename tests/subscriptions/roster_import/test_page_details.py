"""Details of the import pages that are easy to lose unnoticed (R8)."""

import re
from typing import Any

from subscriptions.members import members
from subscriptions.models import RosterImport
from tests.support.pages import text_of
from tests.support.rosters import IMPORT, line, roster_path, row_of, uploaded_roster
from tests.support.world import World


def field(page: Any, name: str) -> str:
    """Return the HTML of a field; empty if it is not on the page."""
    found = re.search(rf'<(input|select)[^>]* name="{name}".*?</td>', page.content.decode(), re.S)
    return found[0] if found else ""


def test_pasted_rows_have_no_file_name(world: World) -> None:
    client = world.client(world.assignor)
    client.post(IMPORT, {"rows": "Nora New\tnora@new.example\n"})

    path = roster_path(RosterImport.objects.get())

    assert "Pasted rows: 1 row, kept until" in text_of(client.get(path))
    assert "Pasted rows 1 row" in text_of(client.get(IMPORT))


def test_row_chosen_for_editing_shows_its_fields(world: World) -> None:
    roster = uploaded_roster(world.assignor, 2)
    first, second = row_of(roster, 2).pk, row_of(roster, 3).pk

    page = world.client(world.assignor).get(roster_path(roster), {"edit": str(second)})

    assert not field(page, f"name-{first}")
    assert 'value="Person 2"' in field(page, f"name-{second}")
    assert 'value="person2@new.example"' in field(page, f"email-{second}")
    assert '<option value="general_member" selected>' in field(page, f"role-{second}")


def test_role_that_cannot_be_given_stays_selected_as_typed(world: World) -> None:
    roster = uploaded_roster(world.assignor, [line(1, role="Chief"), line(2, role="Admin")])

    page = world.client(world.assignor).get(roster_path(roster))

    for position, typed, shown in ((2, "Chief", "Chief?"), (3, "Admin", "Administrator")):
        roles = field(page, f"role-{row_of(roster, position).pk}")
        assert re.findall('<option value="([^"]*)" selected>([^<]*)<', roles) == [(typed, shown)]


def test_exported_list_says_when_users_were_invited_and_joined(world: World) -> None:
    """In Eastern Time."""
    invitation = members.NewMember("Nora New", "nora@new.example", "observer")
    invited = members.add(world.assignor, invitation)
    world.later(days=1)
    members.join(invited)

    exported = world.client(world.assignor).get("/o/lakeside/users.csv").getvalue().decode()

    heading, *_others, last = exported.lstrip("\ufeff").splitlines()
    assert heading == "Name,E-mail,Role,License,State,Invited,Joined"
    assert last == (
        "Nora New,nora@new.example,Observer,5,Active,"
        "2031-06-16T12:00:00-04:00,2031-06-17T12:00:00-04:00"
    )
