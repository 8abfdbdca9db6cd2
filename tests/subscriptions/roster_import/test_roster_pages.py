"""The import pages: uploading, reviewing, correcting and adding (R2-R5, R8)."""

import re
from http import HTTPStatus

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from subscriptions.members import members
from subscriptions.models import Membership, RosterImport, RosterRow
from subscriptions.policy.members import Role
from tests.support.pages import queries_of, text_of
from tests.support.rosters import (
    IMPORT,
    csv_of,
    line,
    roster_path,
    roster_with_all_row_states,
    row_of,
    upload,
    uploaded_roster,
    workbook_of,
)
from tests.support.world import World


class TestUpload:
    @pytest.mark.parametrize(
        ("name", "data"),
        [
            ("roster.csv", csv_of(3)),
            (
                "Roster 2031.XLSX",
                workbook_of(["Name", "Mail"], *[["N", f"{n}@x.y"] for n in "abc"]),
            ),
        ],
    )
    def test_upload_redirects_to_the_rows(self, world: World, name: str, data: bytes | str) -> None:
        client = world.client(world.assignor)

        response = upload(client, data, name)

        roster = RosterImport.objects.get()
        assert response.headers["Location"] == roster_path(roster)
        assert (roster.source, roster.rows.count()) == (name, 3)
        assert f"{name}: 3 rows" in text_of(client.get(roster_path(roster)))

    def test_pasted_rows_are_stored(self, world: World) -> None:
        rows = "Nora New\tnora@new.example\tObserver\nNils Next\tnils@new.example\t\n"

        response = world.client(world.assignor).post(IMPORT, {"rows": rows})

        assert response.status_code == HTTPStatus.FOUND
        assert [row.email for row in RosterRow.objects.order_by("position")] == [
            "nora@new.example",
            "nils@new.example",
        ]

    @pytest.mark.parametrize(
        ("data", "error"),
        [
            (b"", "The file is empty"),
            (b"\x89PNG\r\n\x1a\n" + bytes(100), "This is a picture."),
            (bytes(range(256)) * 50, "This is not a table"),
            (csv_of(5_001), "The roster has more than 5,000 rows"),
            ("Name,Role\nNora,Observer", "There is no column with e-mail addresses"),
        ],
    )
    def test_invalid_roster_is_refused_with_a_reason(
        self, world: World, data: bytes | str, error: str
    ) -> None:
        response = upload(world.client(world.assignor), data)

        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert error in text_of(response)
        assert not RosterImport.objects.exists()

    @pytest.mark.parametrize("megabytes", [5.01, 50])
    def test_oversized_upload_is_neither_stored_nor_read(
        self, world: World, megabytes: float
    ) -> None:
        response = upload(world.client(world.assignor), b"x" * int(megabytes * 2**20))

        assert response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        assert "The file is larger than 5 MB." in text_of(response)
        assert not RosterImport.objects.exists()

    def test_unreadable_pasted_rows_are_kept(self, world: World) -> None:
        response = world.client(world.assignor).post(IMPORT, {"rows": "Nora New"})

        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "Nora New" in text_of(response)

    def test_too_many_pasted_rows_suggest_a_file(self, world: World) -> None:
        wide = "\n".join(f"P{n}\tp{n}@new.example" + "\tsomething else" * 40 for n in range(4_500))

        response = world.client(world.assignor).post(IMPORT, {"rows": wide})

        assert response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        assert "You can import a long roster as a file." in text_of(response)
        assert upload(world.client(world.assignor), wide).status_code == HTTPStatus.FOUND

    @pytest.mark.parametrize("both", [True, False])
    def test_exactly_one_of_file_and_rows_is_required(self, world: World, both: bool) -> None:
        file = {"file": SimpleUploadedFile("r.csv", csv_of(1).encode()), "rows": "N\tn@x.y"}

        response = world.client(world.assignor).post(IMPORT, file if both else {"rows": "  "})

        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "Choose a file" in text_of(response)

    def test_stored_roster_is_listed_until_discarded(self, world: World) -> None:
        roster = uploaded_roster(world.assignor, 2)
        client = world.client(world.assignor)

        assert roster_path(roster) in client.get(IMPORT).content.decode()
        client.post(f"{roster_path(roster)}discard/")
        assert not RosterImport.objects.exists()

    def test_template_can_be_imported(self, world: World) -> None:
        client = world.client(world.assignor)
        heading = client.get(f"{IMPORT}roster.csv").getvalue().decode()

        upload(client, f"{heading}Nora,nora@new.example,Observer\r\n")

        row = RosterRow.objects.get()
        assert (row.name, row.email, row.role) == ("Nora", "nora@new.example", "Observer")

    def test_pages_for_adding_users_link_to_the_import(self, world: World) -> None:
        for page in ("users/", "users/add/"):
            assert (
                IMPORT in world.client(world.assignor).get(f"/o/lakeside/{page}").content.decode()
            )


class TestReviewing:
    def test_page_says_what_happens_to_each_row(self, world: World) -> None:
        page = text_of(
            world.client(world.assignor).get(
                roster_path(roster_with_all_row_states(world.assignor))
            )
        )

        for words in (
            "1 new user, 21 licenses available.",
            "Enter a valid e-mail address",
            "Person 1 in row 2 has the same e-mail address.",
            "Otto Official is already a user with this e-mail address.",
            "There is no role “Chief”",
            "2 rows have mistakes and will not be added.",
        ):
            assert words in page

    def test_existing_accounts_are_not_disclosed(self, world: World) -> None:
        """R3, R4: a person with an account looks like one without, before and after adding."""
        lines = [line(1, email=world.stranger.user.email), line(1, email="nobody@new.example")]
        pages = []
        for one in lines:
            roster = uploaded_roster(world.assignor, [one])
            client = world.client(world.assignor)
            before = text_of(client.get(roster_path(roster)))
            added = client.post(f"{roster_path(roster)}add/", follow=True)
            after = text_of(client.get(roster_path(roster)))
            users = text_of(client.get("/o/lakeside/users/?q=Person"))
            pages.append(
                [page.replace(one.email, "") for page in (before, text_of(added), after, users)]
            )
            members.remove(world.assignor, Membership.objects.latest("pk"))
            Membership.objects.latest("pk").delete()

        numbers = re.compile(r"[0-9a-f-]{36}|row \d+")
        with_account, without = ([numbers.sub("", page) for page in some] for some in pages)
        assert with_account == without

    def test_rows_are_filtered_by_state_and_paginated(self, world: World) -> None:
        client = world.client(world.assignor)
        lines = [line(n) for n in range(1, 121)] + [line(121, email="wrong")]
        roster = uploaded_roster(world.assignor, lines)

        page = text_of(client.get(f"{roster_path(roster)}?page=3"))
        assert "Page 3 of 3" in page
        assert "person101@new.example" in page
        response = client.get(f"{roster_path(roster)}?state=invalid")
        assert 'class="tag tag-warning">Needs correction' in response.content.decode()
        invalid = text_of(response)
        assert "Leave out row 122" in invalid
        assert "person1@new.example" not in invalid

    @pytest.mark.parametrize("query", ["state=nonsense", "state=member", "page=99", "edit=x"])
    def test_invalid_parameters_show_the_rows(self, world: World, query: str) -> None:
        roster = uploaded_roster(world.assignor, 2)

        page = world.client(world.assignor).get(f"{roster_path(roster)}?{query}")

        assert "person1@new.example" in text_of(page)

    def test_query_count_does_not_depend_on_the_number_of_rows(self, world: World) -> None:
        """Except for looking up members, 500 addresses at a time."""
        client = world.client(world.assignor)
        before = queries_of(client, roster_path(uploaded_roster(world.assignor, 5)))
        after = queries_of(client, roster_path(uploaded_roster(world.assignor, 1_000)))

        assert (
            len(after) == len(before) + 2
        )  # one for the stored rows, and one for inactive members if licenses must be bought

    def test_roster_text_is_escaped(self, world: World) -> None:
        roster = uploaded_roster(
            world.assignor, [line(1, name="<script>x</script>", role="<b>Chief</b>")]
        )

        page = world.client(world.assignor).get(roster_path(roster)).content.decode()

        assert "<script>x" not in page
        assert "<b>Chief" not in page

    @pytest.mark.parametrize("path", ["", "add/", "discard/"])
    def test_another_members_roster_returns_404(self, world: World, path: str) -> None:
        roster = uploaded_roster(world.assignor)
        harbor = roster_path(roster).replace("lakeside", "harbor")

        for person, address in (
            (world.administrator, roster_path(roster)),
            (world.stranger, roster_path(roster)),
            (world.stranger, harbor),
            (world.assignor, harbor),
        ):
            response = world.client(person).post(f"{address}{path}")
            assert response.status_code == HTTPStatus.NOT_FOUND
        assert roster.rows.count() == 3
        assert world.lakeside.memberships.count() == 4

    def test_other_roles_have_no_access(self, world: World) -> None:
        for person in (world.observer, world.official):
            client = world.client(person)
            assert upload(client, csv_of(2)).status_code == HTTPStatus.FORBIDDEN
            assert IMPORT not in client.get("/o/lakeside/").content.decode()


class TestCorrecting:
    def test_one_row_is_corrected_and_another_left_out(self, world: World) -> None:
        roster = roster_with_all_row_states(world.assignor)
        first, wrong, chief = (row_of(roster, n) for n in (2, 3, 6))
        client = world.client(world.assignor)

        response = client.post(
            roster_path(roster),
            {
                "row": [str(row.pk) for row in (first, wrong, chief)],
                f"out-{first.pk}": "on",
                f"name-{wrong.pk}": " Nils\x00 Next ",
                f"email-{wrong.pk}": " NILS@new.example",
                f"role-{wrong.pk}": "assignor",
                "show": "state=invalid&page=1",
            },
            follow=True,
        )

        assert "2 rows have been changed." in text_of(response)
        assert response.redirect_chain == [
            (f"{roster_path(roster)}?state=invalid&page=1", HTTPStatus.FOUND)
        ]
        corrected = row_of(roster, 3)
        assert (corrected.name, corrected.email, corrected.role) == (
            "Nils Next",
            "nils@new.example",
            "assignor",
        )
        assert row_of(roster, 2).is_left_out
        assert row_of(roster, 6).role == "Chief"

    def test_saving_unchanged_rows_changes_nothing(self, world: World) -> None:
        roster = uploaded_roster(
            world.assignor, [line(1, email="wrong"), line(2, role="Chief", name="")]
        )
        fields = {"row": [str(row.pk) for row in roster.rows.all()]}
        for row, role in zip(
            roster.rows.order_by("position"), ["general_member", "Chief"], strict=True
        ):
            for name, typed in (("name", row.name), ("email", row.email), ("role", role)):
                fields[f"{name}-{row.pk}"] = [typed]

        page = world.client(world.assignor).post(roster_path(roster), fields, follow=True)

        assert "changed" not in text_of(page)

    @pytest.mark.parametrize("key", ["x", "-1", "9" * 30, ""])
    def test_unknown_rows_change_nothing(self, world: World, key: str) -> None:
        roster = uploaded_roster(world.assignor, 1)

        response = world.client(world.assignor).post(
            roster_path(roster), {"row": key, f"name-{key}": "Somebody"}
        )

        assert response.status_code == HTTPStatus.FOUND
        assert row_of(roster, 2).name == "Person 1"

    @pytest.mark.parametrize("show", ["//evil.example", "next=//evil.example", "state=%0d%0ax"])
    def test_return_path_cannot_leave_the_page(self, world: World, show: str) -> None:
        roster = uploaded_roster(world.assignor, 1)

        response = world.client(world.assignor).post(roster_path(roster), {"show": show})

        assert response.headers["Location"].startswith(roster_path(roster))
        assert "evil" not in response.headers["Location"]

    def test_roles_above_the_users_own_are_refused(self, world: World) -> None:
        roster = uploaded_roster(world.assignor, [line(1, role="Administrator")])
        client = world.client(world.assignor)
        page = text_of(client.get(roster_path(roster)))
        assert "Only an Administrator can make someone an Administrator." in page

        row = row_of(roster, 2)
        client.post(
            f"{roster_path(roster)}add/", {"row": str(row.pk), f"role-{row.pk}": "administrator"}
        )
        assert world.lakeside.memberships.filter(role=Role.ADMINISTRATOR).count() == 1

    def test_unknown_roles_become_general_member(self, world: World) -> None:
        roster = uploaded_roster(world.assignor, [line(1, role="Chief"), line(2, role="Boss")])
        client = world.client(world.assignor)

        client.post(roster_path(roster), {"general": "1"})

        assert "2 new users" in text_of(client.get(roster_path(roster)))
