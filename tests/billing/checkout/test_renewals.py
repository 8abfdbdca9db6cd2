"""Renewals: dates, quantity and price (R19-R25)."""

from datetime import date, timedelta
from typing import Any

import pytest

from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from billing.support.removals import undo_removal
from subscriptions import clock
from subscriptions.licenses import ledger
from subscriptions.licenses.status import get_status
from subscriptions.members import members
from subscriptions.models import Package, Renewal
from subscriptions.models.terms import RenewalState
from subscriptions.policy import calendar
from subscriptions.policy.refusal import Reason, Refused
from tests.billing.renewals import IN_WINDOW, NEW_START, plan, renew, renew_and_settle
from tests.support.checks import refuses
from tests.support.factories import PackageFactory
from tests.support.world import TERM_END, World, local, remove


@pytest.mark.usefixtures("stripe")
class TestNewTerm:
    def test_on_time_renewal_follows_the_old_term(self, window: World) -> None:
        purchase = renew_and_settle(window)

        term = purchase.term
        assert term is not None
        assert (term.starts_on, term.expires_on) == (NEW_START, date(2032, 12, 31))
        assert term.renews == window.term
        assert window.held() == 25
        assert ledger.held_at(window.lakeside, [local(NEW_START)]) == [25]

    @pytest.mark.parametrize(
        ("paid_at", "starts_on"),
        [
            (local(TERM_END, 23, 59, 59), NEW_START),
            (local(NEW_START), NEW_START),
            (local(date(2032, 1, 20), 15), date(2032, 1, 20)),
        ],
    )
    def test_start_of_the_term_depends_on_the_charge(
        self, window: World, paid_at: Any, starts_on: date
    ) -> None:
        window.at(paid_at)

        purchase = renew_and_settle(window)

        assert purchase.term_starts_on == starts_on
        assert window.held() == 25

    def test_checkout_started_on_time_but_paid_late_has_no_late_fee(
        self, window: World, settings: Any
    ) -> None:
        """R23, R25: the term still starts on the day of the charge."""
        settings.LATE_FEE_AMOUNT = 5000
        window.at(local(TERM_END, 23, 50))
        purchase = renew(window)
        window.at(local(NEW_START, 0, 10))
        settled = window.pay_and_settle(purchase)

        assert settled.fee_amount == 0
        assert settled.term_starts_on == NEW_START

    def test_late_fee_is_a_separate_line(self, window: World, settings: Any) -> None:
        settings.LATE_FEE_AMOUNT = 5000
        window.at(local(date(2032, 1, 5)))

        purchase = renew_and_settle(window)

        assert (purchase.fee_amount, purchase.total_amount) == (5000, 25 * 500 + 5000)

    def test_add_ons_after_renewal_use_the_price_and_end_of_the_new_term(
        self, window: World
    ) -> None:
        Package.objects.update(unit_amount=700)
        window.term.package.refresh_from_db()
        renew_and_settle(window)

        purchase = window.buy_and_settle(5)

        assert purchase.unit_amount == 700
        assert window.held() == 30
        ends = [local(TERM_END, 23, 59), local(NEW_START), local(date(2032, 12, 31), 23, 59)]
        assert ledger.held_at(window.lakeside, ends) == [30, 30, 30]


class TestQuantity:
    def test_renewal_covers_all_licenses(self, world: World, stripe: SandboxControl) -> None:
        world.buy_and_settle(10)
        world.at(IN_WINDOW)

        assert plan(world).price.quantity == 35

    def test_removal_lowers_the_quantity_until_undone(self, window: World) -> None:
        removal = remove(window, 10)
        assert plan(window).price.quantity == 15

        undo_removal(removal, actor=window.support)
        assert plan(window).price.quantity == 25

    def test_users_added_after_a_removal_raise_the_quantity(self, window: World) -> None:
        remove(window, 20)
        window.fill(18)

        planned = plan(window)

        assert (planned.price.quantity, planned.renewal_quantity.bound) == (18, "members")

    def test_package_minimum_applies(self, window: World) -> None:
        conference = PackageFactory.create(name="Conference", unit_amount=400, minimum_licenses=100)

        planned = plan(window, conference)

        assert (planned.price.quantity, planned.renewal_quantity.bound) == (100, "minimum")

    @pytest.mark.usefixtures("stripe")
    def test_users_are_limited_by_a_renewal_being_paid(self, window: World) -> None:
        window.fill(25)
        renew(window)
        members.remove(window.assignor, window.official)

        subscription = get_status(window.lakeside, clock.now())

        assert subscription.licenses.usable == 25
        assert Renewal.objects.get().state == RenewalState.PAYING


class TestAvailability:
    @pytest.mark.parametrize(
        ("instant", "is_open"),
        [
            (calendar.renewal_opens_at(TERM_END, clock.zone()) - timedelta(seconds=1), False),
            (calendar.renewal_opens_at(TERM_END, clock.zone()), True),
            (local(date(2033, 5, 1)), True),
        ],
    )
    def test_renewal_opens_with_the_window_and_stays_open(
        self, world: World, instant: Any, is_open: bool
    ) -> None:
        world.at(instant)

        if is_open:
            assert plan(world).price.quantity == 25
        else:
            with refuses(Reason.RENEWAL_NOT_OPEN):
                plan(world)

    def test_second_renewal_is_refused(self, window: World, stripe: SandboxControl) -> None:
        renew_and_settle(window)

        with refuses(Reason.RENEWAL_NOT_OPEN):
            renew(window, fingerprint="anything")

    def test_withdrawn_package_cannot_be_renewed(self, window: World) -> None:
        Package.objects.update(is_offered=False)

        with refuses(Reason.PACKAGE_NOT_OFFERED):
            renew(window, fingerprint="anything")
        assert not Purchase.objects.exists()

    def test_package_in_another_currency_cannot_be_renewed(self, window: World) -> None:
        canadian = PackageFactory.create(currency="cad")

        with pytest.raises(Refused):
            renew(window, package=canadian, fingerprint="anything")

    def test_total_above_the_processor_limit_is_refused(self, window: World) -> None:
        expensive = PackageFactory.create(unit_amount=5_000_000)

        with refuses(Reason.TOTAL_ABOVE_MAXIMUM):
            renew(window, package=expensive)
