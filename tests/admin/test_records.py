"""Features of all admin pages: the log of changes, and capped list counts."""

import pytest
from django.contrib.admin.models import LogEntry

from subscriptions import clock
from subscriptions.admin.parts import read_only
from subscriptions.models import Membership, Package
from tests.admin.client import Admin, logged
from tests.support.pages import text_of
from tests.support.world import World


def test_changed_package_is_logged_with_before_and_after(world: World, support: Admin) -> None:
    """R24"""
    package = Package.objects.get(pk=world.term.package_id)
    form = {
        "name": "Association",
        "unit_amount": 900,
        "currency": "usd",
        "term_years": 1,
        "minimum_licenses": 5,
        "is_offered": "on",
        "position": 0,
    }

    support.client.post(support.open(package).request["PATH_INFO"], form)

    [entry] = logged(package)
    assert entry.change_message == "Price per license: 500 → 900."
    assert entry.user == world.support


def test_log_uses_the_application_clock(support: Admin) -> None:
    form = {
        "name": "New",
        "unit_amount": 900,
        "currency": "usd",
        "term_years": 1,
        "minimum_licenses": 5,
        "position": 0,
    }

    support.client.post("/admin/subscriptions/package/add/", form)

    assert LogEntry.objects.get().action_time == clock.now()


class TestCounting:
    @pytest.fixture(autouse=True)
    def _low_limits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(read_only, "MAX_COUNTED", 5)
        monkeypatch.setattr(read_only.ReadOnlyAdmin, "list_per_page", 2)

    def test_count_is_capped(self, world: World, support: Admin) -> None:
        world.fill(9)

        page = support.list(Membership)

        assert page.context["cl"].result_count == 5
        assert "5 memberships or more: search or filter to find the others" in text_of(page)

    def test_short_lists_are_counted_exactly(self, world: World, support: Admin) -> None:
        page = support.list(Membership, organization=world.lakeside.pk)

        assert page.context["cl"].result_count == 4
        assert "or more" not in text_of(page)

    def test_last_counted_page_opens(self, world: World, support: Admin) -> None:
        world.fill(9)

        assert len(support.rows(Membership, p=3)) == 1

    def test_show_all_is_not_offered(self, support: Admin) -> None:
        assert len(support.rows(Membership, all="")) == 2
