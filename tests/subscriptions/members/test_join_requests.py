"""Requests to join with a code, and their approval or denial (R2-R5)."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from subscriptions.members import join_requests, members
from subscriptions.members.join_requests import JoinApplicant
from subscriptions.models import JoinRequest, Membership, Notification
from subscriptions.models.members import JoinRequestState, MembershipState, Role
from subscriptions.organizations import settings as preferences
from subscriptions.policy.refusal import Reason
from tests.support.checks import fresh, refuses
from tests.support.factories import UserFactory
from tests.support.pages import text_of
from tests.support.world import World

NINA = JoinApplicant("Nina New", "Nina@new.example")


@pytest.fixture(autouse=True)
def reset_limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def code(world: World) -> str:
    return preferences.set_join_code(world.administrator, is_open=True)


@pytest.fixture
def join_request(world: World, code: str) -> JoinRequest:
    join_requests.ask(world.lakeside, NINA)
    return JoinRequest.objects.get()


def ask(code: str, client: Client | None = None, **fields: Any) -> Any:
    form = {"code": code, "name": "Nina New", "email": "nina@new.example"} | fields
    return (client or Client()).post("/join/", form)


class TestCode:
    def test_code_ignores_case_spaces_and_hyphens(self, code: str) -> None:
        for typed in (code, code.lower(), f" {code[:5]}-{code[5:]} "):
            page = text_of(Client().get("/join/", {"code": typed}))
            assert "asking to join Lakeside Officials Association" in page

    @pytest.mark.parametrize("typed", ["WRONG", "x" * 30, "ä", "' OR 1=1"])
    def test_wrong_code_shows_an_error(self, code: str, typed: str) -> None:
        response = Client().get("/join/", {"code": typed})

        assert response.status_code == 404
        assert "does not work" in text_of(response)

    def test_page_asks_for_a_missing_code(self, world: World) -> None:
        assert Client().get("/join/").status_code == 200

    def test_new_code_replaces_the_old_one(self, world: World, code: str) -> None:
        preferences.set_join_code(world.administrator, is_open=True)

        assert Client().get("/join/", {"code": code}).status_code == 404

    def test_disabled_code_accepts_no_requests(self, world: World, code: str) -> None:
        preferences.set_join_code(world.administrator, is_open=False)

        assert ask(code).status_code == 404
        assert not JoinRequest.objects.exists()

    def test_only_administrators_change_the_code(self, world: World) -> None:
        with pytest.raises(preferences.NotAllowed):
            preferences.set_join_code(world.assignor, is_open=True)


class TestRequesting:
    def test_request_uses_no_license(self, code: str) -> None:
        response = ask(code)

        assert response.headers["Location"] == "/join/asked/"
        request = JoinRequest.objects.get()
        assert (request.name, request.email) == ("Nina New", "nina@new.example")
        assert not Membership.objects.filter(user__email="nina@new.example").exists()

    def test_approvers_are_notified(self, code: str) -> None:
        ask(code)

        notified = Notification.objects.filter(kind="join_requested")
        assert {notification.recipient for notification in notified} == {
            "administrator@lakeside.example",
            "assignor@lakeside.example",
        }

    @pytest.mark.parametrize("email", ["official@lakeside.example", "OFFICIAL@lakeside.example"])
    def test_members_and_strangers_get_the_same_response(self, code: str, email: str) -> None:
        """The page must not disclose who is a member or has an account."""
        assert ask(code, email=email).headers["Location"] == ask(code).headers["Location"]
        assert not JoinRequest.objects.filter(email="official@lakeside.example").exists()

    def test_repeated_request_is_stored_once(self, code: str) -> None:
        for _ in range(3):
            ask(code)

        assert JoinRequest.objects.count() == 1
        assert Notification.objects.filter(kind="join_requested").count() == 2

    def test_signed_in_user_requests_under_their_own_name(self, world: World, code: str) -> None:
        ask(code, world.client(world.stranger), name="Somebody Else", email="else@x.example")

        request = JoinRequest.objects.get()
        assert request.user == world.stranger.user
        assert (request.name, request.email) == ("Harry Harbor", "administrator@harbor.example")

    def test_signed_in_user_sees_for_whom_the_request_is(self, world: World, code: str) -> None:
        """R3: their own name and address are fixed; to ask for someone else, they sign out."""
        page = world.client(world.stranger).get("/join/", {"code": code})

        assert "This request is for administrator@harbor.example." in text_of(page)
        html = page.content.decode()
        for value in ("Harry Harbor", "administrator@harbor.example"):
            [field] = re.findall(f'<input [^>]*value="{value}"[^>]*>', html)
            assert " disabled" in field
        sign_out = html.split('action="/accounts/logout/"')[1].split("</form>")[0]
        assert f'name="next" value="/join/?code={code}"' in sign_out

    def test_removed_member_can_ask_to_join_again(self, world: World, code: str) -> None:
        members.remove(world.assignor, world.official)

        ask(code, email="official@lakeside.example")

        assert JoinRequest.objects.get().email == "official@lakeside.example"

    @pytest.mark.parametrize(
        "fields", [{"email": ""}, {"email": "no"}, {"name": ""}, {"name": "x" * 300}]
    )
    def test_invalid_input_shows_a_field_error(self, code: str, fields: dict[str, Any]) -> None:
        response = ask(code, **fields)

        assert response.status_code == 422
        assert 'class="error"' in response.content.decode()
        assert not JoinRequest.objects.exists()

    def test_requests_per_address_are_limited(self, code: str) -> None:
        responses = [ask(code, email=f"n{number}@new.example").status_code for number in range(102)]

        assert responses[:100] == [302] * 100
        assert responses[100:] == [429] * 2

    def test_requests_are_refused_when_too_many_are_pending(
        self, code: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(join_requests, "MAX_PENDING", 1)
        ask(code)

        response = ask(code, email="other@new.example")

        assert response.status_code == 409
        assert "Many people are already waiting" in text_of(response)


class TestApproving:
    def approve(
        self,
        world: World,
        request: JoinRequest,
        role: str = "general_member",
        *,
        follow: bool = False,
    ) -> Any:
        path = f"/o/lakeside/users/requests/{request.key}/approve/"
        return world.client(world.assignor).post(path, {"role": role}, follow=follow)

    def test_approval_invites_on_the_next_license(
        self, world: World, join_request: JoinRequest
    ) -> None:
        page = self.approve(world, join_request, follow=True)

        assert (
            "Nina New has been added. The invitation is on its way to nina@new.example."
            in text_of(page)
        )
        member = Membership.objects.get(user__email="nina@new.example")
        join_request.refresh_from_db()
        assert (member.state, member.license_number) == (MembershipState.INVITED, 5)
        assert (join_request.state, join_request.decided_by) == (
            JoinRequestState.APPROVED,
            world.assignor.user,
        )
        assert Notification.objects.filter(kind="invitation", recipient="nina@new.example").exists()

    def test_second_approval_does_nothing(self, world: World, join_request: JoinRequest) -> None:
        self.approve(world, join_request)
        page = self.approve(world, join_request, follow=True)

        assert "Someone has already answered this request." in text_of(page)
        assert world.lakeside.memberships.exclude(license_number=None).count() == 5
        assert Notification.objects.filter(kind="invitation").count() == 1

    def test_approval_needs_a_free_license(self, world: World, join_request: JoinRequest) -> None:
        world.fill(25)

        response = self.approve(world, join_request)

        assert response.status_code == 409
        assert "All licenses are in use" in text_of(response)
        assert fresh(join_request).state == JoinRequestState.PENDING

    def test_approver_cannot_give_a_higher_role(
        self, world: World, join_request: JoinRequest
    ) -> None:
        """R3: a role not offered becomes General member."""
        self.approve(world, join_request, Role.ADMINISTRATOR)

        member = Membership.objects.get(user__email="nina@new.example")
        assert member.role == Role.GENERAL_MEMBER
        join_requests.ask(world.lakeside, JoinApplicant("O", "o@new.example"))
        other = JoinRequest.objects.get(email="o@new.example")
        with refuses(Reason.ABOVE_OWN_ROLE):
            join_requests.approve(world.assignor, other, Role.ADMINISTRATOR)

    def test_user_who_is_already_a_member_is_not_added_again(
        self, world: World, join_request: JoinRequest
    ) -> None:
        user = UserFactory.create(email="nina@new.example")
        world.lakeside.memberships.create(
            user=user,
            role=Role.OBSERVER,
            state=MembershipState.ACTIVE,
            license_number=5,
            created_at=join_request.created_at,
        )
        self.approve(world, join_request)

        assert Membership.objects.get(user=user).role == Role.OBSERVER

    def test_request_to_another_organization_returns_404(
        self, world: World, join_request: JoinRequest
    ) -> None:
        path = f"/o/harbor/users/requests/{join_request.key}/approve/"

        assert world.client(world.stranger).post(path).status_code == 404

    def test_approval_after_expiration_is_refused(
        self, world: World, join_request: JoinRequest
    ) -> None:
        world.later(days=200)

        response = self.approve(world, join_request)

        assert response.status_code == 409
        assert "expired" in text_of(response)


def test_denial_notifies_and_uses_no_license(world: World, join_request: JoinRequest) -> None:
    path = f"/o/lakeside/users/requests/{join_request.key}/deny/"
    pages = [text_of(world.client(world.assignor).post(path, follow=True)) for _ in range(2)]

    assert "The request from Nina New has been denied." in pages[0]
    assert "Someone has already answered this request." in pages[1]
    assert fresh(join_request).state == JoinRequestState.DENIED
    assert Notification.objects.get(kind="join_denied").recipient == "nina@new.example"
    assert not Membership.objects.filter(user__email="nina@new.example").exists()


def test_denied_person_may_ask_again(
    world: World, join_request: JoinRequest, settings: Settings
) -> None:
    join_requests.deny(world.assignor, join_request)
    join_requests.ask(world.lakeside, NINA)

    assert len(join_requests.pending_requests(world.lakeside)) == 1


def test_list_names_the_requester(world: World, join_request: JoinRequest) -> None:
    page = text_of(world.client(world.assignor).get("/o/lakeside/users/requests/"))

    assert "Nina New nina@new.example" in page
    assert "21 licenses are available" in page

    world.fill(24)
    page = text_of(world.client(world.assignor).get("/o/lakeside/users/requests/"))
    assert "1 license is available" in page
