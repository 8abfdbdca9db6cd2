"""From roster rows to members: adding everyone, and buying missing licenses (R5, R8)."""

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
from tests.support.rosters import address_of, line, row_of, upload, uploaded_roster
from tests.support.world import World


def fields_of(roster: RosterImport, **changes: str) -> dict[str, Any]:
    """Return the page's form with all rows as shown, and ``changes``."""
    return {"row": [str(row.pk) for row in roster.rows.all()], **changes}


class TestAdding:
    def test_one_click_adds_everyone(self, world: World) -> None:
        roster = uploaded_roster(world.assignor, 3)

        response = world.client(world.assignor).post(f"{address_of(roster)}add/", follow=True)

        assert response.redirect_chain == [("/o/lakeside/users/", HTTPStatus.FOUND)]
        assert "3 users have been added." in text_of(response)

    def test_unsaved_corrections_count(self, world: World) -> None:
        roster = uploaded_roster(world.assignor, [line(1), line(2, email="wrong")])
        wrong = row_of(roster, 3)
        fields = fields_of(roster, **{f"email-{wrong.pk}": "right@new.example"})

        world.client(world.assignor).post(f"{address_of(roster)}add/", fields)

        assert world.lakeside.memberships.filter(user__email="right@new.example").exists()

    def test_invalid_rows_remain_to_be_corrected(self, world: World) -> None:
        roster = uploaded_roster(world.assignor, [line(1), line(2, email="wrong")])

        response = world.client(world.assignor).post(f"{address_of(roster)}add/", follow=True)

        assert "1 user has been added." in text_of(response)
        assert response.redirect_chain == [(f"{address_of(roster)}?state=wrong", HTTPStatus.FOUND)]

    def test_license_taken_since_is_noticed(self, world: World) -> None:
        roster = uploaded_roster(world.assignor, 21)
        client = world.client(world.assignor)
        assert "Add all 21 users" in text_of(client.get(address_of(roster)))
        members.add(world.administrator, NewMember("Zoe", "zoe@new.example", Role.OBSERVER))

        response = client.post(f"{address_of(roster)}add/")

        page = text_of(response)
        assert response.status_code == HTTPStatus.CONFLICT
        assert "No one was added. All licenses are in use: 5 of 25." in page
        assert "21 new users, 20 licenses available: buy 5 more (1 group of 5, $25.00)." in page
        assert world.lakeside.memberships.count() == 5


class TestBuying:
    def test_missing_number_is_ordered_with_a_return_path(self, world: World) -> None:
        world.fill(21)
        roster = uploaded_roster(world.assignor, 23)
        client = world.client(world.assignor)
        page = text_of(client.get(address_of(roster)))
        assert "23 new users, 4 licenses available: buy 20 more (4 groups of 5, $100.00)." in page

        response = client.post(address_of(roster), {"buy": "1"}, follow=True)

        [(address, _status)] = response.redirect_chain
        assert address.startswith("/o/lakeside/licenses/add/?quantity=20&next=")
        shown = response.context["form"]
        assert (shown["quantity"].value(), shown["next"].value()) == (20, address_of(roster))

    def test_number_follows_corrections_on_the_page(self, world: World) -> None:
        world.fill(25)
        roster = uploaded_roster(world.assignor, 6)
        out = {f"out-{row_of(roster, 2).pk}": "on", "buy": "1"}

        response = world.client(world.assignor).post(address_of(roster), fields_of(roster, **out))

        assert "quantity=5&" in response.headers["Location"]

    def test_enough_licenses_need_no_purchase(self, world: World) -> None:
        roster = uploaded_roster(world.assignor, 2)

        response = world.client(world.assignor).post(address_of(roster), {"buy": "1"})

        assert response.headers["Location"] == address_of(roster)

    def test_renewal_is_offered_instead_while_it_is_open(self, world: World) -> None:
        world.at(calendar.renewal_opens_at(world.term.expires_on, clock.zone()))

        page = text_of(
            world.client(world.assignor).get(address_of(uploaded_roster(world.assignor, 30)))
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
        page = world.client(world.assignor).get(address_of(uploaded_roster(world.assignor, 1)))

        assert "A renewal for 4 licenses is being paid right now" in text_of(page)
        assert "Cancel that payment" in text_of(page)

    def test_more_than_one_payment_allows(self, world: World) -> None:
        world.term.unit_amount = 5_000_000
        world.term.save()

        page = text_of(
            world.client(world.assignor).get(address_of(uploaded_roster(world.assignor, 50)))
        )

        assert "One card payment can be at most $999,999.99, which is 15 licenses." in page
        assert "Buy 15 licenses for $750,000.00" in page


class TestUsersAsCsv:
    def test_exported_list_can_be_imported_and_changes_no_one(self, world: World) -> None:
        members.add(world.assignor, NewMember("Nora New", "nora@new.example", Role.OBSERVER))
        client = world.client(world.assignor)
        exported = client.get("/o/lakeside/users.csv").getvalue()

        upload(client, exported, "users.csv")

        page = text_of(client.get(address_of(RosterImport.objects.get())))
        assert "This roster has no one to add." in page
        assert "Already a user 5" in page

    def test_names_are_not_formulas_and_survive_the_round_trip(self, world: World) -> None:
        name = '=HYPERLINK("http://evil.example")'
        members.add(world.assignor, NewMember(name, "nora@new.example", Role.OBSERVER))
        client = world.client(world.assignor)

        exported = client.get("/o/lakeside/users.csv").getvalue()

        assert b"\"'=HYPERLINK" in exported
        upload(client, exported)
        assert RosterRow.objects.get(email="nora@new.example").name == name

    def test_account_elsewhere_is_not_disclosed(self, world: World) -> None:
        members.add(world.assignor, NewMember("H.", world.stranger.user.email, Role.OBSERVER))

        exported = world.client(world.assignor).get("/o/lakeside/users.csv").getvalue().decode()

        assert "Harry" not in exported
        assert "H.,administrator@harbor.example,Observer,5,Invited" in exported

    def test_export_contains_only_ones_own_organization(self, world: World) -> None:
        MembershipFactory.create(organization=world.stranger.organization, license_number=9)

        exported = world.client(world.assignor).get("/o/lakeside/users.csv").getvalue().decode()

        assert len(exported.splitlines()) == 5
