"""Removing licenses from the renewal in the admin, and undoing a removal (R27)."""

from http import HTTPStatus
from typing import Any

import pytest
from pytest_django import Settings

from billing.sandbox.control.client import SandboxControl
from subscriptions.members.members import NewMember, add
from subscriptions.messenger import threads
from subscriptions.messenger.threads import MessageDraft
from subscriptions.models import LicenseRemoval, Message
from subscriptions.models.members import Role
from tests.admin.client import Admin, hidden, logged
from tests.billing.renewals import renew, renew_and_settle
from tests.support.checks import fresh
from tests.support.pages import text_of
from tests.support.world import World

PAGE = "remove_licenses"
ADA = "Ada Admin <administrator@lakeside.example>"
VALUES = {"quantity": "5", "requested_by": ADA, "reason": "Fewer games"}


def remove(support: Admin, world: World, **values: Any) -> Any:
    return support.perform(world.lakeside, PAGE, **{**VALUES, **values})


class TestBeforeTheWindow:
    def test_button_is_disabled_with_reason_and_date(self, world: World, support: Admin) -> None:
        page = support.open(world.lakeside)

        assert 'class="tool-refused"' in page.content.decode()
        assert "Renewal opens on Tuesday, December 2, 2031" in text_of(page)

    def test_url_is_refused_too(self, world: World, support: Admin) -> None:
        opened = support.open(world.lakeside, PAGE)
        sent = support.client.post(opened.request["PATH_INFO"], {**VALUES, "confirmed": "1"})

        for page in (opened, sent):
            assert page.status_code == HTTPStatus.CONFLICT
            assert "Renewal opens on Tuesday, December 2, 2031" in text_of(page)
        assert not LicenseRemoval.objects.exists()


class TestTwoSteps:
    def test_first_step_shows_current_numbers(self, window: World, support: Admin) -> None:
        page = text_of(support.open(window.lakeside, PAGE))

        assert "Licenses of the term 25" in page
        assert "In use 4" in page
        assert "at most 21" in page
        assert "25 licenses, $125.00 with Association today" in page

    def test_second_step_previews_result_and_changes_nothing(
        self, window: World, support: Admin
    ) -> None:
        page = support.submit(support.open(window.lakeside, PAGE), **VALUES)

        text = text_of(page)
        assert page.status_code == HTTPStatus.OK
        assert "Remaining 20" in text
        assert "25 licenses → 20 licenses" in text
        assert "$125.00 → $100.00" in text
        assert "adding users later can raise the number again" in text
        assert not LicenseRemoval.objects.exists()

    def test_confirming_removes_and_notifies(self, window: World, support: Admin) -> None:
        page = remove(support, window)

        removal = LicenseRemoval.objects.get()
        assert (removal.quantity, removal.requested_by, removal.reason) == (5, ADA, "Fewer games")
        assert removal.actor == window.support
        assert "5 licenses have been removed from the renewal" in text_of(page)
        assert "20 licenses, $100.00 with Association today" in text_of(page)

    def test_number_can_be_changed_before_confirming(self, window: World, support: Admin) -> None:
        preview = support.submit(support.open(window.lakeside, PAGE), **VALUES)

        form_page = support.submit(preview, change="1")

        assert form_page.context["plan"] is None
        assert form_page.context["form"]["reason"].value() == "Fewer games"
        assert not LicenseRemoval.objects.exists()

    def test_changes_since_the_preview_must_be_confirmed(
        self, window: World, support: Admin
    ) -> None:
        preview = support.submit(support.open(window.lakeside, PAGE), **VALUES)
        window.fill(6)

        updated = support.confirm(preview)

        assert updated.status_code == HTTPStatus.CONFLICT
        assert "Something has changed since you opened this page" in text_of(updated)
        assert not LicenseRemoval.objects.exists()
        assert support.confirm(updated).status_code == HTTPStatus.FOUND
        assert LicenseRemoval.objects.count() == 1

    def test_double_click_removes_once(self, window: World, support: Admin) -> None:
        preview = support.submit(support.open(window.lakeside, PAGE), **VALUES)

        responses = [support.confirm(preview) for _ in range(2)]

        assert [response.status_code for response in responses] == [HTTPStatus.FOUND] * 2
        assert LicenseRemoval.objects.count() == 1
        assert len(logged(window.lakeside)) == 1

    def test_change_is_logged_with_reason(self, window: World, support: Admin) -> None:
        remove(support, window)

        for row in (window.lakeside, LicenseRemoval.objects.get()):
            [entry] = logged(row)
            assert entry.user == window.support
            assert "25 licenses → 20 licenses" in entry.change_message
            assert "Fewer games" in entry.change_message
        page_text = text_of(support.open(window.lakeside))
        assert page_text.count("25 licenses → 20 licenses") == 1
        assert "Support removed licenses from the renewal" not in page_text


class TestRefusals:
    @pytest.mark.parametrize(
        ("values", "error", "status"),
        [
            ({"quantity": "22"}, "At most 21 licenses can be removed", HTTPStatus.CONFLICT),
            ({"quantity": "0"}, "greater than or equal to 1", HTTPStatus.UNPROCESSABLE_ENTITY),
            ({"quantity": "x"}, "Enter a whole number", HTTPStatus.UNPROCESSABLE_ENTITY),
            ({"reason": " "}, "This field is required", HTTPStatus.UNPROCESSABLE_ENTITY),
            ({"requested_by": ""}, "This field is required", HTTPStatus.UNPROCESSABLE_ENTITY),
            ({"requested_by": "Otto"}, "Select a valid choice", HTTPStatus.UNPROCESSABLE_ENTITY),
        ],
    )
    def test_invalid_input_shows_a_field_error_and_is_kept(
        self, window: World, support: Admin, values: dict[str, str], error: str, status: int
    ) -> None:
        page = support.submit(support.open(window.lakeside, PAGE), **{**VALUES, **values})

        assert page.status_code == status
        assert error in text_of(page)
        if "reason" not in values:
            assert "Fewer games" in page.content.decode()
        assert not LicenseRemoval.objects.exists()

    def test_only_assignors_and_administrators_can_be_named_as_requester(
        self, window: World, support: Admin
    ) -> None:
        form = support.open(window.lakeside, PAGE).context["form"]

        people = [value for value, _ in form.fields["requested_by"].choices if value]
        assert people == [ADA, "Arlo Assignor <assignor@lakeside.example>"]

    def test_confirming_after_the_renewal_was_paid_is_refused(
        self, window: World, stripe: SandboxControl, support: Admin
    ) -> None:
        preview = support.submit(support.open(window.lakeside, PAGE), **VALUES)
        renew_and_settle(window)

        response = support.confirm(preview)

        assert response.status_code == HTTPStatus.CONFLICT
        assert not LicenseRemoval.objects.exists()


class TestRenewalBeingPaid:
    @pytest.mark.usefixtures("stripe")
    def test_preview_says_the_payment_page_will_be_closed(
        self, window: World, support: Admin
    ) -> None:
        purchase = renew(window)
        preview = support.submit(support.open(window.lakeside, PAGE), **VALUES)
        assert "Arlo Assignor is paying for the renewal right now" in text_of(preview)

        assert support.confirm(preview).status_code == HTTPStatus.FOUND

        assert fresh(purchase).status == "expired"
        assert LicenseRemoval.objects.count() == 1

    def test_nothing_is_removed_while_the_processor_is_unavailable(
        self, window: World, stripe: SandboxControl, support: Admin, short_timeouts: Settings
    ) -> None:
        renew(window)
        preview = support.submit(support.open(window.lakeside, PAGE), **VALUES)
        stripe.fault("error", path="/v1/checkout/sessions/*", status=500, times=None)

        response = support.confirm(preview)

        assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert "The payment processor cannot be reached" in text_of(response)
        assert "Nothing was removed" in text_of(response)
        assert "Fewer games" in response.content.decode()
        assert not LicenseRemoval.objects.exists()


class TestRemovalRequest:
    @pytest.fixture
    def removal_request(self, window: World) -> Message:
        return threads.request_removal(window.administrator, 5, MessageDraft("We play less."))

    def test_form_is_prefilled_and_linked_to_the_request(
        self, window: World, support: Admin, removal_request: Message
    ) -> None:
        query = {"message": removal_request.pk}
        page = support.open(window.lakeside, PAGE, **query)
        assert page.context["form"]["quantity"].value() == 5
        assert "We play less." in text_of(page)
        assert f"/admin/subscriptions/thread/{removal_request.thread_id}/" in (
            page.content.decode()
        )

        support.perform(window.lakeside, PAGE, query=query, **VALUES)

        removal = LicenseRemoval.objects.get()
        assert (removal.message, removal.requested_by) == (removal_request, ADA)
        assert "5: removed" in text_of(support.open(window.lakeside))

    def test_handled_request_shows_a_warning(
        self, window: World, support: Admin, removal_request: Message
    ) -> None:
        query = {"message": removal_request.pk}
        support.perform(window.lakeside, PAGE, query=query, **VALUES)

        page = support.open(window.lakeside, PAGE, **query)

        assert "Sunny Support has already removed 5 for this request" in text_of(page)

    def test_request_of_another_organization_returns_404(
        self, window: World, support: Admin, removal_request: Message
    ) -> None:
        page = support.open(window.stranger.organization, PAGE, message=removal_request.pk)

        assert page.status_code == HTTPStatus.NOT_FOUND

    @pytest.mark.parametrize("message_id", ["0", "x", "9" * 30, "²"])
    def test_unknown_request_returns_404(
        self, window: World, support: Admin, message_id: str
    ) -> None:
        assert (
            support.open(window.lakeside, PAGE, message=message_id).status_code
            == HTTPStatus.NOT_FOUND
        )


class TestUndo:
    @pytest.fixture
    def removal(self, window: World, support: Admin) -> LicenseRemoval:
        remove(support, window)
        return LicenseRemoval.objects.get()

    def test_undone_removal_restores_the_licenses(
        self, window: World, support: Admin, removal: LicenseRemoval
    ) -> None:
        page = support.perform(removal, "undo", reason="They changed their mind")

        assert fresh(removal).undone_by == window.support
        assert "25 licenses, $125.00 with Association today" in text_of(page)
        assert "They changed their mind" in logged(window.lakeside)[0].change_message

    def test_second_undo_by_the_same_person_does_nothing(
        self, support: Admin, removal: LicenseRemoval
    ) -> None:
        page = support.open(removal, "undo")

        responses = [support.submit(page, reason="Why") for _ in range(2)]

        assert [response.status_code for response in responses] == [HTTPStatus.FOUND] * 2
        assert len(logged(removal)) == 2  # removed, undone

    def test_undo_after_a_colleagues_undo_shows_an_error(
        self, support: Admin, superuser: Admin, removal: LicenseRemoval
    ) -> None:
        page = superuser.open(removal, "undo")
        support.perform(removal, "undo", reason="Why")

        response = superuser.submit(page, reason="Me too")

        assert response.status_code == HTTPStatus.CONFLICT
        assert "This removal has already been undone" in text_of(response)
        assert "Me too" in response.content.decode()

    def test_undo_is_refused_once_the_renewal_is_paid(
        self, window: World, stripe: SandboxControl, support: Admin, removal: LicenseRemoval
    ) -> None:
        renew_and_settle(window)

        page = support.open(removal, "undo")

        assert page.status_code == HTTPStatus.CONFLICT
        assert "Undo…" not in text_of(support.open(window.lakeside))

    def test_users_added_later_raise_the_renewal_again(
        self, window: World, support: Admin, removal: LicenseRemoval
    ) -> None:
        """R25, R27"""
        window.fill(20)
        add(window.assignor, NewMember("New", "new@lakeside.example", Role.OBSERVER))

        assert "21 licenses, $105.00" in text_of(support.open(window.lakeside))


def test_missing_permission_returns_403(window: World, support: Admin) -> None:
    page = support.open(window.lakeside, PAGE)
    window.support.groups.clear()

    assert support.open(window.lakeside, PAGE).status_code == HTTPStatus.FORBIDDEN
    assert support.client.post(page.request["PATH_INFO"], hidden(page) | VALUES).status_code == 403
