"""Support removes licenses only while renewal is open (R27)."""

import uuid
from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from billing.gateway.types import ProcessorUnavailable
from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from billing.states import PurchaseStatus
from billing.support import removals
from billing.support.removals import plan_removal, remove_licenses, undo_removal
from subscriptions import clock
from subscriptions.licenses.removals import NewRemoval
from subscriptions.licenses.status import get_status
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import Activity, LicenseRemoval, Notification, Organization
from subscriptions.models.members import Role
from subscriptions.models.organizations import lock_organization
from subscriptions.policy.refusal import Reason, Refused
from subscriptions.text.refusals import refusal_text
from tests.billing.renewals import plan, renew, renew_and_settle
from tests.billing.reversals import refund_in_dashboard
from tests.support.checks import fresh, refuses
from tests.support.pages import text_of
from tests.support.world import TERM_END, World, local, remove

MINIMUM = 5  # the package's minimum
OPENS = local(TERM_END - timedelta(days=29))


def refused(world: World, quantity: int) -> Refused:
    with pytest.raises(Refused) as caught:
        remove(world, quantity)
    assert not LicenseRemoval.objects.exists()
    return caught.value


class TestAvailability:
    def test_removal_before_renewal_opens_is_refused(self, world: World) -> None:
        world.at(OPENS - timedelta(seconds=1))

        refusal = refused(world, 5).refusal

        assert refusal.reason == Reason.RENEWAL_NOT_OPEN
        assert "Tuesday, December 2, 2031" in refusal_text(refusal)

    @pytest.mark.parametrize(
        "now",
        [
            pytest.param(OPENS, id="first instant of the window"),
            pytest.param(local(TERM_END) + timedelta(days=60), id="after expiration"),
        ],
    )
    def test_removal_while_renewal_is_open_is_allowed(self, world: World, now: datetime) -> None:
        world.at(now)

        assert remove(world, 5).quantity == 5

    def test_removal_after_renewal_is_refused(self, window: World, stripe: SandboxControl) -> None:
        renew_and_settle(window)

        assert refused(window, 5).refusal.reason == Reason.RENEWAL_NOT_OPEN

    @pytest.mark.usefixtures("stripe")
    def test_removal_is_allowed_again_after_a_refund(self, window: World) -> None:
        renewal = renew_and_settle(window)
        refund_in_dashboard(window, renewal)

        assert remove(window, 5).quantity == 5


class TestQuantity:
    """There are 25 licenses and 4 members."""

    @pytest.mark.parametrize("quantity", [1, 20, 21])
    def test_removal_down_to_the_user_count_is_allowed(self, window: World, quantity: int) -> None:
        remove(window, quantity)

        assert plan(window).price.quantity == max(25 - quantity, MINIMUM)

    def test_removal_below_the_user_count_is_refused(self, window: World) -> None:
        assert refused(window, 22).refusal.facts["users_to_remove"] == 1

    @pytest.mark.parametrize("quantity", [0, -5])
    def test_zero_or_less_is_refused(self, window: World, quantity: int) -> None:
        assert refused(window, quantity).refusal.reason == Reason.REMOVAL_TOO_FEW

    def test_earlier_removals_count(self, window: World) -> None:
        remove(window, 15)

        with pytest.raises(Refused):
            remove(window, 7)
        assert remove(window, 6).number == 2

    def test_form_submitted_twice_removes_once(self, window: World) -> None:
        order = NewRemoval(5, "fewer games", "Ada", uuid.uuid4())
        first, second = (
            remove_licenses(window.lakeside, order, actor=window.support) for _ in range(2)
        )

        assert first == second
        assert plan(window).price.quantity == 20


class TestEffect:
    def test_running_term_keeps_its_licenses(self, window: World) -> None:
        remove(window, 10)

        assert window.held() == 25
        new = NewMember("N", "n@lakeside.example", Role.OBSERVER)
        assert members.add(window.assignor, new).license_number == 5

    def test_renewal_covers_fewer_licenses(self, window: World, stripe: SandboxControl) -> None:
        remove(window, 10)

        purchase = renew_and_settle(window)

        assert (purchase.quantity, purchase.total_amount) == (15, 7500)
        window.at(local(TERM_END + timedelta(days=1)))
        assert window.held() == 15

    def test_users_added_later_raise_the_renewal_again(self, window: World) -> None:
        remove(window, 20)
        window.fill(9)

        assert (plan(window).price.quantity, plan(window).renewal_quantity.bound) == (9, "members")

    def test_buyers_are_notified(self, window: World) -> None:
        remove(window, 5)

        notified = Notification.objects.filter(kind="licenses_removed")
        assert {notification.recipient for notification in notified} == {
            "administrator@lakeside.example",
            "assignor@lakeside.example",
        }
        assert notified[0].data["requested_by"] == "Ada"

    def test_activity_records_who_and_why(self, window: World) -> None:
        remove(window, 5)

        activity = Activity.objects.get(verb="licenses_removed")
        assert (activity.actor, activity.data["reason"]) == (window.support, "fewer games")

    @pytest.mark.parametrize("path", ["settings/subscription/", "renewal/"])
    def test_pages_show_the_removal(self, window: World, path: str) -> None:
        remove(window, 5)

        page = text_of(window.client(window.assignor).get(f"/o/lakeside/{path}"))

        assert "5 licenses removed on" in page
        assert "requested by Ada. fewer games" in page
        assert "adding users later can raise that number again" in page


class TestPreview:
    def test_preview_shows_remaining_licenses_and_cost(self, window: World) -> None:
        remove(window, 5)

        planned = plan_removal(get_status(window.lakeside, clock.now()), 10)

        assert (planned.need.licenses, planned.need.removed, planned.need.in_use) == (25, 5, 4)
        assert (planned.maximum, planned.left) == (16, 10)
        assert (planned.renewal_before, planned.renewal_after) == (20, 10)
        assert (planned.total_before, planned.total_after) == (10_000, 5_000)

    def test_removal_below_the_package_minimum_saves_nothing(self, window: World) -> None:
        window.term.package.minimum_licenses = 20
        window.term.package.save()

        planned = plan_removal(get_status(window.lakeside, clock.now()), 10)

        assert (planned.left, planned.renewal_after) == (15, 20)


class TestUndo:
    def test_removal_can_be_undone(self, window: World, stripe: SandboxControl) -> None:
        removal = remove(window, 10)

        undo_removal(removal, actor=window.support)

        removal.refresh_from_db()
        assert (removal.undone_at, removal.undone_by) == (clock.now(), window.support)
        assert plan(window).price.quantity == 25
        assert Notification.objects.filter(kind="removal_undone").count() == 2

    def test_second_undo_is_refused(self, window: World) -> None:
        removal = remove(window, 10)
        undo_removal(removal, actor=window.support)

        with refuses(Reason.REMOVAL_UNDONE):
            undo_removal(removal, actor=window.support)

    def test_undo_after_renewal_is_refused(self, window: World, stripe: SandboxControl) -> None:
        removal = remove(window, 10)
        renew_and_settle(window)

        with pytest.raises(Refused):
            undo_removal(removal, actor=window.support)

    @pytest.mark.usefixtures("stripe")
    def test_undo_in_the_next_window_is_refused(self, window: World) -> None:
        removal = remove(window, 10)
        renew_and_settle(window)
        window.at(OPENS + timedelta(days=366))

        with refuses(Reason.RENEWAL_PAID):
            undo_removal(removal, actor=window.support)


@pytest.mark.usefixtures("stripe")
class TestRenewalBeingPaid:
    """An open checkout is expired first, because its quantity is frozen."""

    def test_open_checkout_is_expired(self, window: World) -> None:
        renewal = renew(window)

        remove(window, 5)

        assert fresh(renewal).status == PurchaseStatus.EXPIRED
        assert plan(window).price.quantity == 20

    def test_nothing_is_removed_if_the_renewal_was_just_paid(self, window: World) -> None:
        renewal = renew(window)
        window.pay(renewal)

        refusal = refused(window, 5).refusal

        assert refusal.reason == Reason.RENEWAL_PAID
        renewal.refresh_from_db()
        assert (renewal.status, renewal.quantity) == (PurchaseStatus.SETTLED, 25)

    def test_nothing_is_removed_while_the_processor_is_unavailable(
        self, window: World, stripe: SandboxControl, short_timeouts: Settings
    ) -> None:
        renewal = renew(window)
        stripe.fault("error", status=500, path="*/expire")

        with pytest.raises(ProcessorUnavailable):
            remove(window, 5)

        assert fresh(renewal).status == PurchaseStatus.OPEN
        assert not LicenseRemoval.objects.exists()

    def test_checkout_reopened_at_the_same_moment_is_expired_again(
        self, window: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        opened: list[Purchase] = []

        def renew_before_lock(organization: Organization) -> Organization:
            if not opened:
                opened.append(renew(window))
            return lock_organization(organization)

        monkeypatch.setattr(removals, "lock_organization", renew_before_lock)
        remove(window, 5)

        assert Purchase.objects.get().status == PurchaseStatus.EXPIRED
        assert plan(window).price.quantity == 20

    def test_removal_is_refused_while_the_payment_is_held(
        self, window: World, stripe: SandboxControl
    ) -> None:
        renewal = renew(window)
        stripe.alter(renewal.session_id or "", {"amount_total": 1})
        window.pay_and_settle(renewal)

        assert Purchase.objects.get().status == PurchaseStatus.REVIEW
        assert refused(window, 5).refusal.reason == Reason.RENEWAL_WITH_SUPPORT
