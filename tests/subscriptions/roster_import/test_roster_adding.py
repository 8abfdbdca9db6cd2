"""Adding everyone on a roster, and buying missing licenses (R5, R8)."""

from http import HTTPStatus
from typing import Any

from subscriptions import clock
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import Renewal, RosterImport, RosterRow
from subscriptions.models.terms import RenewalState
from subscriptions.policy import calendar
from subscriptions.policy.members import Role
from tests.support.factories import MembershipFactory
from tests.support.pages import text_of
from tests.support.rosters import line, roster_path, row_of, upload, uploaded_roster
from tests.support.world import World


def fields_of(roster: RosterImport, **changes: str) -> dict[str, Any]:
    """Return the page's form data with all rows, updated with ``changes``."""
    return {"row": [str(row.pk) for row in roster.rows.all()], **changes}


class TestAdding:
    def test_one_click_adds_everyone(self, world: World) -> None:
        roster = uploaded_roster(world.assignor, 3)

        response = world.client(world.assignor).post(f"{roster_path(roster)}add/", follow=True)

        assert response.redirect_chain == [("/o/lakeside/users/", HTTPStatus.FOUND)]
        assert "3 users have been added." in text_of(response)

    def test_unsaved_corrections_are_applied(self, world: World) -> None:
        roster = uploaded_roster(world.assignor, [line(1), line(2, email="wrong")])
        wrong = row_of(roster, 3)
        fields = fields_of(roster, **{f"email-{wrong.pk}": "right@new.example"})

        world.client(world.assignor).post(f"{roster_path(roster)}add/", fields)

        assert world.lakeside.memberships.filter(user__email="right@new.example").exists()

    def test_invalid_rows_remain_for_correction(self, world: World) -> None:
        roster = uploaded_roster(world.assignor, [line(1), line(2, email="wrong")])

        response = world.client(world.assignor).post(f"{roster_path(roster)}add/", follow=True)

        assert "1 user has been added." in text_of(response)
        assert response.redirect_chain == [
            (f"{roster_path(roster)}?state=invalid", HTTPStatus.FOUND)
        ]

    def test_license_used_in_the_meantime_is_detected(self, world: World) -> None:
        roster = uploaded_roster(world.assignor, 21)
        client = world.client(world.assignor)
        assert "Add all 21 users" in text_of(client.get(roster_path(roster)))
        members.add(world.administrator, NewMember("Zoe", "zoe@new.example", Role.OBSERVER))

        response = client.post(f"{roster_path(roster)}add/")

        page = text_of(response)
        assert response.status_code == HTTPStatus.CONFLICT
        assert "No one was added. All licenses are in use: 5 of 25." in page
        assert "21 new users, 20 licenses available: buy 5 more (1 group of 5, $25.00)." in page
        assert world.lakeside.memberships.count() == 5


class TestBuying:
    def test_missing_licenses_are_ordered_with_a_return_path(self, world: World) -> None:
        world.fill(21)
        roster = uploaded_roster(world.assignor, 23)
        client = world.client(world.assignor)
        page = text_of(client.get(roster_path(roster)))
        assert "23 new users, 4 licenses available: buy 20 more (4 groups of 5, $100.00)." in page

        response = client.post(roster_path(roster), {"buy": "1"}, follow=True)

        [(address, _status)] = response.redirect_chain
        assert address.startswith("/o/lakeside/licenses/add/?quantity=20&next=")
        form = response.context["form"]
        assert (form["quantity"].value(), form["next"].value()) == (20, roster_path(roster))

    def test_unsaved_corrections_change_the_number_to_buy(self, world: World) -> None:
        world.fill(25)
        roster = uploaded_roster(world.assignor, 6)
        changes = {f"out-{row_of(roster, 2).pk}": "on", "buy": "1"}

        response = world.client(world.assignor).post(
            roster_path(roster), fields_of(roster, **changes)
        )

        assert "quantity=5&" in response.headers["Location"]

    def test_enough_licenses_need_no_purchase(self, world: World) -> None:
        roster = uploaded_roster(world.assignor, 2)

        response = world.client(world.assignor).post(roster_path(roster), {"buy": "1"})

        assert response.headers["Location"] == roster_path(roster)

    def test_renewal_is_offered_instead_while_it_is_open(self, world: World) -> None:
        world.at(calendar.renewal_opens_at(world.term.expires_on, clock.zone()))

        page = text_of(
            world.client(world.assignor).get(roster_path(uploaded_roster(world.assignor, 30)))
        )

        assert "9 more licenses are needed" in page
        assert "renew first, so that you do not pay twice" in page
        assert "Renew now" in page
        assert "Buy" not in page

    def test_open_renewal_payment_can_be_ended(self, world: World) -> None:
        Renewal.objects.create(
            term=world.term,
            package=world.term.package,
            state=RenewalState.PAYING,
            quantity=4,
            created_at=world.term.created_at,
        )
        page = world.client(world.assignor).get(roster_path(uploaded_roster(world.assignor, 1)))

        assert "A payment for a renewal with 4 licenses is in progress" in text_of(page)
        assert "Cancel that payment" in text_of(page)

    def test_purchase_is_reduced_to_what_one_payment_allows(self, world: World) -> None:
        world.term.unit_amount = 5_000_000
        world.term.save()

        page = text_of(
            world.client(world.assignor).get(roster_path(uploaded_roster(world.assignor, 50)))
        )

        assert "One card payment can be at most $999,999.99, which is 15 licenses." in page
        assert "Buy 15 licenses for $750,000.00" in page


class TestUsersAsCsv:
    def test_importing_the_exported_list_changes_no_one(self, world: World) -> None:
        members.add(world.assignor, NewMember("Nora New", "nora@new.example", Role.OBSERVER))
        client = world.client(world.assignor)
        exported = client.get("/o/lakeside/users.csv").getvalue()

        upload(client, exported, "users.csv")

        page = text_of(client.get(roster_path(RosterImport.objects.get())))
        assert "This roster has no one to add." in page
        assert "Already a user 5" in page

    def test_names_are_not_formulas_and_are_imported_unchanged(self, world: World) -> None:
        name = '=HYPERLINK("http://evil.example")'
        members.add(world.assignor, NewMember(name, "nora@new.example", Role.OBSERVER))
        client = world.client(world.assignor)

        exported = client.get("/o/lakeside/users.csv").getvalue()

        assert b"\"'=HYPERLINK" in exported
        upload(client, exported)
        assert RosterRow.objects.get(email="nora@new.example").name == name

    def test_name_of_an_existing_account_is_not_disclosed(self, world: World) -> None:
        members.add(world.assignor, NewMember("H.", world.stranger.user.email, Role.OBSERVER))

        exported = world.client(world.assignor).get("/o/lakeside/users.csv").getvalue().decode()

        assert "Harry" not in exported
        assert "H.,administrator@harbor.example,Observer,5,Invited" in exported

    def test_export_excludes_other_organizations(self, world: World) -> None:
        MembershipFactory.create(organization=world.stranger.organization, license_number=9)

        exported = world.client(world.assignor).get("/o/lakeside/users.csv").getvalue().decode()

        assert len(exported.splitlines()) == 5
