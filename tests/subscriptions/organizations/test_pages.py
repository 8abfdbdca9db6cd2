"""My organizations, the Subscription tab and the users list (R2, R4, R6, R7)."""

from datetime import date
from http import HTTPStatus

import pytest

from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models.members import Role
from tests.support.factories import MembershipFactory, UserFactory
from tests.support.pages import queries_of, text_of
from tests.support.world import TERM_END, World, build_term, local

HOME = "/o/lakeside/"
SUBSCRIPTION = "/o/lakeside/settings/subscription/"
USERS = "/o/lakeside/users/"
PURCHASES = "/o/lakeside/purchases/"


class TestMyOrganizations:
    def test_single_organization_opens_directly(self, world: World) -> None:
        response = world.client(world.official).get("/")

        assert response.headers["Location"] == HOME

    def test_two_organizations_show_a_choice(self, world: World) -> None:
        MembershipFactory.create(
            organization=world.stranger.organization, user=world.official.user, role=Role.OBSERVER
        )

        page = text_of(world.client(world.official).get("/"))

        assert "Harbor Umpires Observer" in page
        assert "Lakeside Officials Association General member" in page

    def test_support_staff_belong_to_no_organization(self, world: World) -> None:
        page = text_of(world.client(world.support).get("/"))

        assert "You do not belong to an organization yet" in page


class TestSubscription:
    def test_page_shows_the_whole_term(self, world: World) -> None:
        page = text_of(world.client(world.assignor).get(SUBSCRIPTION))

        assert "Package Association" in page
        assert "Price per license $5.00 for the whole term" in page
        assert "Started Wednesday, January 1, 2031" in page
        assert "Expires Wednesday, December 31, 2031, 11:59 PM Eastern Time" in page
        assert "Days remaining 198" in page
        assert "Last day to add licenses Monday, December 1, 2031" in page
        assert "Renewal opens Tuesday, December 2, 2031" in page
        assert "Held 25 In use 4 Available 21" in page
        assert "license spot, license slot, slot, license seat, seat" in page

    @pytest.mark.parametrize(
        ("day", "sold"), [(date(2031, 12, 1), True), (date(2031, 12, 2), False)]
    )
    def test_page_offers_renewal_once_add_ons_are_not_sold(
        self, world: World, day: date, sold: bool
    ) -> None:
        world.at(local(day))

        page = text_of(world.client(world.assignor).get(SUBSCRIPTION))

        assert ("Renew now" not in page) == sold

    def test_renewed_organization_shows_both_terms(self, world: World) -> None:
        world.at(local(date(2031, 12, 20)))
        build_term(world.lakeside, licenses=30, starts_on=date(2032, 1, 1), unit_amount=600)

        page = text_of(world.client(world.assignor).get(SUBSCRIPTION))

        assert "Renewed term Package Association Price per license $6.00" in page
        assert "Renew now" not in page

    def test_no_license_is_held_after_expiration(self, world: World) -> None:
        world.at(local(TERM_END.replace(year=2032, month=1, day=1)))

        page = text_of(world.client(world.assignor).get(SUBSCRIPTION))

        assert "Held 0 In use 4 Available 0" in page
        assert "The subscription expired on Wednesday, December 31, 2031" in page

    def test_button_is_for_desktops_only(self, world: World) -> None:
        page = world.client(world.assignor).get(SUBSCRIPTION).content.decode()

        assert 'class="button button-add desktop-only" href="/o/lakeside/licenses/add/"' in page


class TestUsers:
    def test_list_shows_who_holds_which_license(self, world: World) -> None:
        page = text_of(world.client(world.assignor).get(USERS))

        assert "4 of 25 licenses are in use, 21 available" in page
        assert "Olive Observer 3 observer@lakeside.example Observer Active" in page

    @pytest.mark.parametrize(
        ("search", "found"),
        [("oliv", True), ("OBSERVER@", True), ("3", True), ("lakeside", False), ("99", False)],
    )
    def test_search_by_prefix_and_license_number(
        self, world: World, search: str, found: bool
    ) -> None:
        page = text_of(world.client(world.assignor).get(USERS, {"q": search}))

        assert ("Olive Observer" in page) == found

    @pytest.mark.parametrize("search", ["%", "_", "' OR 1=1 --", "x\x00", "9" * 30, "²"])
    def test_search_for_special_characters_finds_nothing(self, world: World, search: str) -> None:
        response = world.client(world.assignor).get(USERS, {"q": search})

        assert response.status_code == HTTPStatus.OK
        assert "Olive Observer" not in text_of(response)

    @pytest.mark.parametrize(
        ("search", "found"), [("typed", True), ("both@", True), ("5", True), ("real", False)]
    )
    def test_account_name_of_an_invited_person_is_not_searched(
        self, world: World, search: str, found: bool
    ) -> None:
        """A match would disclose that there is an account, and its name."""
        UserFactory.create(email="both@people.example", name="Real Name")
        members.add(world.assignor, NewMember("Typed Name", "both@people.example", Role.OBSERVER))

        page = text_of(world.client(world.assignor).get(USERS, {"q": search}))

        assert ("both@people.example" in page) == found

    @pytest.mark.parametrize("page", ["0", "-1", "x", "9999"])
    def test_invalid_page_numbers_are_accepted(self, world: World, page: str) -> None:
        response = world.client(world.assignor).get(USERS, {"page": page})

        assert response.status_code == HTTPStatus.OK

    def test_assignor_sees_no_actions_for_an_administrator(self, world: World) -> None:
        page = world.client(world.assignor).get(USERS).content.decode()

        assert f"{world.administrator.key}/remove/" not in page
        assert f"{world.observer.key}/remove/" in page


class TestAddUser:
    PATH = "/o/lakeside/users/add/"
    VALID = {"name": "Nora New", "email": "nora@lakeside.example", "role": "general_member"}

    def test_valid_form_adds_the_user(self, world: World) -> None:
        response = world.client(world.assignor).post(self.PATH, self.VALID, follow=True)

        assert "Nora New has been added with license 5" in text_of(response)

    @pytest.mark.parametrize(
        ("field", "value", "error"),
        [
            ("name", "", "This field is required"),
            ("name", "x" * 121, "at most 120 characters"),
            ("email", "", "This field is required"),
            ("email", "nobody", "valid email address"),
            ("email", "a@b\r\nBcc: c@d.example", "valid email address"),
            ("email", f"{'n' * 20}@{'.'.join(['x' * 60] * 4)}.example", "at most 254 characters"),
            ("role", "", "This field is required"),
            ("role", "administrator", "Select a valid choice"),
            ("role", "king", "Select a valid choice"),
        ],
    )
    def test_invalid_input_shows_a_field_error_and_is_kept(
        self, world: World, field: str, value: str, error: str
    ) -> None:
        response = world.client(world.assignor).post(self.PATH, self.VALID | {field: value})

        page = response.content.decode()
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert error in page.split(f'id="id_{field}_error"')[1].split("</p>")[0]
        assert self.VALID["name" if field != "name" else "email"] in page
        assert world.lakeside.memberships.count() == 4

    def test_control_characters_are_removed_from_the_name(self, world: World) -> None:
        name = "Nora\r\nBcc: x@y.example"
        world.client(world.assignor).post(self.PATH, self.VALID | {"name": name})

        added = world.lakeside.memberships.get(user__email="nora@lakeside.example")
        assert added.invited_as == "Nora Bcc: x@y.example"

    def test_input_is_kept_when_no_license_is_free(self, world: World) -> None:
        world.fill(25)

        response = world.client(world.assignor).post(self.PATH, self.VALID)

        page = text_of(response)
        assert response.status_code == HTTPStatus.CONFLICT
        assert "All licenses are in use: 25 of 25. 1 more license is needed." in page
        assert 'value="Nora New"' in response.content.decode()
        assert "You have no available licenses" in page

    def test_half_filled_form_is_kept_while_buying(self, world: World) -> None:
        client = world.client(world.assignor)
        partial = {"name": "Nora", "email": "not yet", "role": "observer"}

        response = client.post(f"{self.PATH}keep/", partial, follow=True)
        return_path = response.context["form"].initial["next"]
        form = client.get(return_path).content.decode()

        assert 'value="Nora"' in form
        assert 'value="not yet"' in form
        assert '<option value="observer" selected>' in form

    def test_null_characters_are_removed_from_a_draft(self, world: World) -> None:
        partial = {"name": "No\x00ra", "email": "n\x00@", "role": "\x00"}

        response = world.client(world.assignor).post(f"{self.PATH}keep/", partial, follow=True)
        return_path = response.context["form"].initial["next"]

        assert 'value="Nora"' in world.client(world.assignor).get(return_path).content.decode()

    def test_draft_belongs_to_its_author(self, world: World) -> None:
        response = world.client(world.assignor).post(f"{self.PATH}keep/", self.VALID, follow=True)
        return_path = response.context["form"].initial["next"]

        assert "Nora New" not in world.client(world.administrator).get(return_path).content.decode()
        assert "Nora New" not in (
            world.client(world.stranger)
            .get(return_path.replace("lakeside", "harbor"))
            .content.decode()
        )

    @pytest.mark.parametrize("draft", ["x", "", "00000000-0000-0000-0000-000000000000", "%00"])
    def test_unknown_draft_shows_an_empty_form(self, world: World, draft: str) -> None:
        response = world.client(world.assignor).get(self.PATH, {"draft": draft})

        assert response.status_code == HTTPStatus.OK

    def test_used_draft_is_deleted(self, world: World) -> None:
        client = world.client(world.assignor)
        response = client.post(f"{self.PATH}keep/", self.VALID, follow=True)
        return_path = response.context["form"].initial["next"]

        client.post(return_path, self.VALID)

        assert 'value="Nora New"' not in client.get(return_path).content.decode()


class TestRemovingAndRoles:
    def test_removal_asks_first_and_shows_the_freed_license(self, world: World) -> None:
        path = f"{USERS}{world.official.key}/remove/"
        client = world.client(world.assignor)

        question = text_of(client.get(path))
        result = text_of(client.post(path, follow=True))

        assert "Remove Otto Official?" in question
        assert "license 4 will be available for someone else" in question
        assert "Otto Official has been removed, and license 4 is available" in result

    def test_impossible_removal_is_refused_without_asking(self, world: World) -> None:
        path = f"{USERS}{world.administrator.key}/remove/"

        page = text_of(world.client(world.administrator).get(path))

        assert "only Administrator who has signed in" in page

    def test_refused_removal_changes_nothing(self, world: World) -> None:
        path = f"{USERS}{world.administrator.key}/remove/"

        response = world.client(world.assignor).post(path)

        assert response.status_code == HTTPStatus.CONFLICT
        assert "Only Administrators" in text_of(response)

    def test_role_is_changed(self, world: World) -> None:
        path = f"{USERS}{world.observer.key}/"

        world.client(world.assignor).post(path, {"role": "assignor"})

        world.observer.refresh_from_db()
        assert world.observer.role == Role.ASSIGNOR

    def test_forged_higher_role_is_refused(self, world: World) -> None:
        path = f"{USERS}{world.observer.key}/"

        response = world.client(world.assignor).post(path, {"role": "administrator"})

        world.observer.refresh_from_db()
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert world.observer.role == Role.OBSERVER


@pytest.mark.parametrize("path", [HOME, SUBSCRIPTION, USERS, "/o/lakeside/users/add/"])
def test_query_count_does_not_depend_on_members(world: World, path: str) -> None:
    client = world.client(world.assignor)
    before = queries_of(client, path)
    world.fill(24)
    for number in range(5):
        members.remove(world.assignor, world.lakeside.memberships.get(license_number=10 + number))
    members.add(world.assignor, NewMember("N", "n@lakeside.example", Role.OBSERVER))

    after = queries_of(client, path)

    assert len(after) == len(before)
    # Eight for the page, and two for the session and the user.
    assert len(after) <= 10


def test_get_requests_change_nothing(world: World) -> None:
    from subscriptions.models import Activity, MemberDraft, Notification

    client = world.client(world.administrator)
    for path in (HOME, SUBSCRIPTION, USERS, "/o/lakeside/users/add/", PURCHASES):
        statements = queries_of(client, path)
        assert not [sql for sql in statements if sql.startswith(("INSERT", "UPDATE", "DELETE"))]
    assert not Activity.objects.exists()
    assert not MemberDraft.objects.exists()
    assert not Notification.objects.exists()
