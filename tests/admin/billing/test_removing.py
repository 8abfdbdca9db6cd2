"""Removing licenses from the renewal in the admin, and undoing that (R27)."""

from http import HTTPStatus
from typing import Any

import pytest
from pytest_django import Settings

from billing.sandbox.control.client import SandboxControl
from subscriptions.members.members import NewMember, add
from subscriptions.messenger import threads
from subscriptions.messenger.threads import Text
from subscriptions.models import LicenseRemoval, Message
from subscriptions.models.members import Role
from tests.admin.desk import Desk, hidden, logged
from tests.billing.renewals import renew, renew_and_settle
from tests.support.checks import fresh
from tests.support.pages import text_of
from tests.support.world import World

PAGE = "remove_licenses"
ADA = "Ada Admin <administrator@lakeside.example>"
TYPED = {"quantity": "5", "asked_by": ADA, "reason": "Fewer games"}


def remove(desk: Desk, world: World, **typed: Any) -> Any:
    return desk.do(world.lakeside, PAGE, **{**TYPED, **typed})


class TestBeforeTheWindow:
    def test_button_is_disabled_with_reason_and_date(self, world: World, desk: Desk) -> None:
        page = desk.open(world.lakeside)

        assert 'class="tool-refused"' in page.content.decode()
        assert "Renewal opens on Tuesday, December 2, 2031" in text_of(page)

    def test_url_is_refused_as_well(self, world: World, desk: Desk) -> None:
        shown = desk.open(world.lakeside, PAGE)
        sent = desk.client.post(shown.request["PATH_INFO"], {**TYPED, "confirmed": "1"})

        for page in (shown, sent):
            assert page.status_code == HTTPStatus.CONFLICT
            assert "Renewal opens on Tuesday, December 2, 2031" in text_of(page)
        assert not LicenseRemoval.objects.exists()


class TestTwoSteps:
    def test_first_step_shows_current_numbers(self, window: World, desk: Desk) -> None:
        page = text_of(desk.open(window.lakeside, PAGE))

        assert "Licenses of the term 25" in page
        assert "In use 4" in page
        assert "at most 21" in page
        assert "25 licenses, $125.00 with Association today" in page

    def test_second_step_previews_result_and_changes_nothing(
        self, window: World, desk: Desk
    ) -> None:
        page = desk.send(desk.open(window.lakeside, PAGE), **TYPED)

        words = text_of(page)
        assert page.status_code == HTTPStatus.OK
        assert "Remaining 20" in words
        assert "25 licenses → 20 licenses" in words
        assert "$125.00 → $100.00" in words
        assert "adding users later can increase it again" in words
        assert not LicenseRemoval.objects.exists()

    def test_confirming_removes_and_notifies(self, window: World, desk: Desk) -> None:
        page = remove(desk, window)

        removal = LicenseRemoval.objects.get()
        assert (removal.quantity, removal.asked_by, removal.reason) == (5, ADA, "Fewer games")
        assert removal.actor == window.support
        assert "5 licenses have been removed from the renewal" in text_of(page)
        assert "20 licenses, $100.00 with Association today" in text_of(page)

    def test_number_can_be_changed_before_confirming(self, window: World, desk: Desk) -> None:
        second = desk.send(desk.open(window.lakeside, PAGE), **TYPED)

        first = desk.send(second, change="1")

        assert first.context["plan"] is None
        assert first.context["form"]["reason"].value() == "Fewer games"
        assert not LicenseRemoval.objects.exists()

    def test_changes_since_the_preview_are_shown_again(self, window: World, desk: Desk) -> None:
        second = desk.send(desk.open(window.lakeside, PAGE), **TYPED)
        window.fill(6)

        again = desk.confirm(second)

        assert again.status_code == HTTPStatus.CONFLICT
        assert "Something has changed since you opened this page" in text_of(again)
        assert not LicenseRemoval.objects.exists()
        assert desk.confirm(again).status_code == HTTPStatus.FOUND
        assert LicenseRemoval.objects.count() == 1

    def test_a_double_click_removes_once(self, window: World, desk: Desk) -> None:
        second = desk.send(desk.open(window.lakeside, PAGE), **TYPED)

        responses = [desk.confirm(second) for _ in range(2)]

        assert [response.status_code for response in responses] == [HTTPStatus.FOUND] * 2
        assert LicenseRemoval.objects.count() == 1
        assert len(logged(window.lakeside)) == 1

    def test_change_is_logged_with_reason(self, window: World, desk: Desk) -> None:
        remove(desk, window)

        for row in (window.lakeside, LicenseRemoval.objects.get()):
            [entry] = logged(row)
            assert entry.user == window.support
            assert "25 licenses → 20 licenses" in entry.change_message
            assert "Fewer games" in entry.change_message
        page_text = text_of(desk.open(window.lakeside))
        assert page_text.count("25 licenses → 20 licenses") == 1
        assert "Support removed licenses from the renewal" not in page_text


class TestRefusals:
    @pytest.mark.parametrize(
        ("typed", "words", "status"),
        [
            ({"quantity": "22"}, "At most 21 licenses can be removed", HTTPStatus.CONFLICT),
            ({"quantity": "0"}, "greater than or equal to 1", HTTPStatus.UNPROCESSABLE_ENTITY),
            ({"quantity": "x"}, "Enter a whole number", HTTPStatus.UNPROCESSABLE_ENTITY),
            ({"reason": " "}, "This field is required", HTTPStatus.UNPROCESSABLE_ENTITY),
            ({"asked_by": ""}, "This field is required", HTTPStatus.UNPROCESSABLE_ENTITY),
            ({"asked_by": "Otto"}, "Select a valid choice", HTTPStatus.UNPROCESSABLE_ENTITY),
        ],
    )
    def test_error_is_shown_at_the_field_and_input_kept(
        self, window: World, desk: Desk, typed: dict[str, str], words: str, status: int
    ) -> None:
        page = desk.send(desk.open(window.lakeside, PAGE), **{**TYPED, **typed})

        assert page.status_code == status
        assert words in text_of(page)
        if "reason" not in typed:
            assert "Fewer games" in page.content.decode()
        assert not LicenseRemoval.objects.exists()

    def test_only_assignors_and_administrators_can_be_named_as_requester(
        self, window: World, desk: Desk
    ) -> None:
        form = desk.open(window.lakeside, PAGE).context["form"]

        people = [value for value, _ in form.fields["asked_by"].choices if value]
        assert people == [ADA, "Arlo Assignor <assignor@lakeside.example>"]

    def test_confirming_after_the_renewal_was_paid_is_refused(
        self, window: World, stripe: SandboxControl, desk: Desk
    ) -> None:
        second = desk.send(desk.open(window.lakeside, PAGE), **TYPED)
        renew_and_settle(window)

        response = desk.confirm(second)

        assert response.status_code == HTTPStatus.CONFLICT
        assert not LicenseRemoval.objects.exists()


class TestRenewalBeingPaid:
    @pytest.mark.usefixtures("stripe")
    def test_preview_says_the_payment_page_will_be_closed(self, window: World, desk: Desk) -> None:
        purchase = renew(window)
        second = desk.send(desk.open(window.lakeside, PAGE), **TYPED)
        assert "Arlo Assignor is paying for the renewal right now" in text_of(second)

        assert desk.confirm(second).status_code == HTTPStatus.FOUND

        assert fresh(purchase).status == "expired"
        assert LicenseRemoval.objects.count() == 1

    def test_nothing_is_removed_while_the_processor_is_unavailable(
        self, window: World, stripe: SandboxControl, desk: Desk, short_timeouts: Settings
    ) -> None:
        renew(window)
        second = desk.send(desk.open(window.lakeside, PAGE), **TYPED)
        stripe.fault("error", path="/v1/checkout/sessions/*", status=500, times=None)

        response = desk.confirm(second)

        assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert "The payment processor cannot be reached" in text_of(response)
        assert "Nothing was removed" in text_of(response)
        assert "Fewer games" in response.content.decode()
        assert not LicenseRemoval.objects.exists()


class TestRemovalRequest:
    @pytest.fixture
    def request_of_ada(self, window: World) -> Message:
        return threads.ask_for_removal(window.administrator, 5, Text("We play less."))

    def test_form_is_prefilled_and_linked_to_the_request(
        self, window: World, desk: Desk, request_of_ada: Message
    ) -> None:
        query = {"message": request_of_ada.pk}
        page = desk.open(window.lakeside, PAGE, **query)
        assert page.context["form"]["quantity"].value() == 5
        assert "We play less." in text_of(page)
        assert f"/admin/subscriptions/thread/{request_of_ada.thread_id}/" in (page.content.decode())

        desk.do(window.lakeside, PAGE, query=query, **TYPED)

        removal = LicenseRemoval.objects.get()
        assert (removal.message, removal.asked_by) == (request_of_ada, ADA)
        assert "5: removed" in text_of(desk.open(window.lakeside))

    def test_handled_request_shows_a_warning(
        self, window: World, desk: Desk, request_of_ada: Message
    ) -> None:
        query = {"message": request_of_ada.pk}
        desk.do(window.lakeside, PAGE, query=query, **TYPED)

        page = desk.open(window.lakeside, PAGE, **query)

        assert "Sunny Support has already removed 5 for this request" in text_of(page)

    def test_request_of_another_organization_returns_404(
        self, window: World, desk: Desk, request_of_ada: Message
    ) -> None:
        page = desk.open(window.stranger.organization, PAGE, message=request_of_ada.pk)

        assert page.status_code == HTTPStatus.NOT_FOUND

    @pytest.mark.parametrize("chosen", ["0", "x", "9" * 30, "²"])
    def test_unknown_request_returns_404(self, window: World, desk: Desk, chosen: str) -> None:
        assert desk.open(window.lakeside, PAGE, message=chosen).status_code == HTTPStatus.NOT_FOUND


class TestUndo:
    @pytest.fixture
    def removal(self, window: World, desk: Desk) -> LicenseRemoval:
        remove(desk, window)
        return LicenseRemoval.objects.get()

    def test_undone_removal_restores_the_licenses(
        self, window: World, desk: Desk, removal: LicenseRemoval
    ) -> None:
        page = desk.do(removal, "undo", reason="They changed their mind")

        assert fresh(removal).undone_by == window.support
        assert "25 licenses, $125.00 with Association today" in text_of(page)
        assert "They changed their mind" in logged(window.lakeside)[0].change_message

    def test_second_undo_by_the_same_person_does_nothing(
        self, desk: Desk, removal: LicenseRemoval
    ) -> None:
        page = desk.open(removal, "undo")

        responses = [desk.send(page, reason="Why") for _ in range(2)]

        assert [response.status_code for response in responses] == [HTTPStatus.FOUND] * 2
        assert len(logged(removal)) == 2  # removed, undone

    def test_undo_already_made_by_a_colleague_says_so(
        self, desk: Desk, root: Desk, removal: LicenseRemoval
    ) -> None:
        page = root.open(removal, "undo")
        desk.do(removal, "undo", reason="Why")

        late = root.send(page, reason="Me too")

        assert late.status_code == HTTPStatus.CONFLICT
        assert "This removal has already been undone" in text_of(late)
        assert "Me too" in late.content.decode()

    def test_undo_is_refused_once_the_renewal_is_paid(
        self, window: World, stripe: SandboxControl, desk: Desk, removal: LicenseRemoval
    ) -> None:
        renew_and_settle(window)

        page = desk.open(removal, "undo")

        assert page.status_code == HTTPStatus.CONFLICT
        assert "Undo…" not in text_of(desk.open(window.lakeside))

    def test_users_added_later_raise_the_renewal_again(
        self, window: World, desk: Desk, removal: LicenseRemoval
    ) -> None:
        """R25, R27"""
        window.fill(20)
        add(window.assignor, NewMember("New", "new@lakeside.example", Role.OBSERVER))

        assert "21 licenses, $105.00" in text_of(desk.open(window.lakeside))


def test_missing_permission_returns_403(window: World, desk: Desk) -> None:
    page = desk.open(window.lakeside, PAGE)
    window.support.groups.clear()

    assert desk.open(window.lakeside, PAGE).status_code == HTTPStatus.FORBIDDEN
    assert desk.client.post(page.request["PATH_INFO"], hidden(page) | TYPED).status_code == 403
