"""The renewal page, and links to it on other pages (R20-R22, R24)."""

import uuid
from datetime import date, timedelta
from http import HTTPStatus
from typing import Any

import pytest

from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from subscriptions import clock
from subscriptions.models import Discount, Package
from subscriptions.policy import calendar
from tests.billing.renewals import renew_and_settle
from tests.support.factories import PackageFactory
from tests.support.pages import queries_of, text_of
from tests.support.world import TERM_END, World, local

PATH = "/o/lakeside/renewal/"


def post(world: World, **changes: Any) -> Any:
    form = {
        "package": world.term.package_id,
        "submission": str(uuid.uuid4()),
        "fingerprint": f"{world.term.package_id}-1-25-500-0-0-0",
        "pay": "1",
    } | changes
    return world.client(world.assignor).post(PATH, form)


def test_every_line_on_the_page_multiplies_out(window: World) -> None:
    Discount.objects.create(name="Loyal", basis_points=1000, currency="usd")
    Package.objects.update(unit_amount=600)

    page = text_of(window.client(window.assignor).get(PATH))

    assert "Licenses this term 25" in page
    assert "Licenses to renew 25" in page
    assert "Association: 25 × $6.00 $150.00" in page
    assert "Loyal −$15.00" in page
    assert "Total $135.00" in page
    assert "currently $5.00 per license" in page
    assert "January 1, 2032 through December 31, 2032" in page


def test_page_before_the_window_shows_the_date(world: World) -> None:
    response = world.client(world.assignor).get(PATH)

    assert response.status_code == HTTPStatus.OK
    assert "Renewal opens on Tuesday, December 2, 2031" in text_of(response)
    assert "Continue to payment" not in text_of(response)


def test_forged_post_before_the_window_is_refused(world: World) -> None:
    response = post(world)

    assert response.status_code == HTTPStatus.CONFLICT
    assert not Purchase.objects.exists()


def test_paying_goes_to_the_payment_page(window: World, stripe: SandboxControl) -> None:
    response = post(window)

    assert response.status_code == HTTPStatus.FOUND
    assert response.headers["Location"] == Purchase.objects.get().session_url


@pytest.mark.parametrize("fingerprint", ["", "1", "0-1-25-500-0-0-0", "x", "x" * 300])
def test_total_that_was_not_shown_is_not_charged(window: World, fingerprint: str) -> None:
    response = post(window, fingerprint=fingerprint)

    assert response.status_code in {HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}
    assert not Purchase.objects.exists()


def test_changed_package_updates_the_total_before_payment(window: World) -> None:
    other = PackageFactory.create(name="Conference", unit_amount=400, minimum_licenses=30)
    form = {"package": other.pk, "submission": str(uuid.uuid4()), "update": "1"}

    page = text_of(window.client(window.assignor).post(PATH, form))

    assert "the minimum for this package: 30" in page
    assert "Conference: 30 × $4.00 $120.00" in page


def test_invalid_code_shows_an_error_at_the_field(window: World) -> None:
    form = {
        "package": window.term.package_id,
        "submission": str(uuid.uuid4()),
        "code": "NOPE",
        "update": "1",
    }

    page = window.client(window.assignor).post(PATH, form).content.decode()

    assert "This discount code isn’t valid" in page.split('id="code-error"')[1].split("</p>")[0]
    assert 'value="NOPE"' in page


def test_paid_renewal_cannot_be_changed(window: World, stripe: SandboxControl) -> None:
    renew_and_settle(window)

    page = text_of(window.client(window.assignor).get(PATH))
    response = post(window)

    assert "Renewal opens on Thursday, December 2, 2032" in page
    assert response.status_code == HTTPStatus.CONFLICT
    assert Purchase.objects.count() == 1


def test_queries_are_constant_in_members_packages_and_discounts(window: World) -> None:
    client = window.client(window.assignor)
    Discount.objects.create(name="First", basis_points=100, currency="usd")
    before = queries_of(client, PATH)
    window.fill(25)
    for number in range(4):
        PackageFactory.create(name=f"Package {number}")
        Discount.objects.create(
            name=f"D{number}", basis_points=100, currency="usd", max_uses=number + 1
        )

    assert len(queries_of(client, PATH)) == len(before)


class TestBanner:
    @pytest.mark.parametrize("path", ["/o/lakeside/", "/o/lakeside/settings/subscription/"])
    @pytest.mark.parametrize(
        ("now", "message"),
        [
            (local(date(2031, 11, 15)), "Welcome"),
            (local(date(2031, 11, 16)), "Last day to add licenses: Monday, December 1, 2031. 15"),
            (local(date(2031, 11, 30)), "1 day left. After that"),
            (local(date(2031, 12, 1), 23, 59), "December 1, 2031. That is today. After that"),
            (
                local(date(2031, 12, 2)),
                "in 29 days. Renewal has been open since Tuesday, December 2",
            ),
            (local(date(2031, 12, 30)), "December 31, 2031, in 1 day."),
            (local(TERM_END, 23, 59), "The subscription expires today, Wednesday, December 31"),
            (local(date(2032, 1, 1)), "The subscription expired on Wednesday, December 31, 2031"),
        ],
    )
    def test_banner_shows_the_next_step(
        self, world: World, path: str, now: Any, message: str
    ) -> None:
        world.at(now)

        page = text_of(world.client(world.administrator).get(path))

        if message == "Welcome":
            assert "Last day to add licenses:" not in page
            assert "Renew now" not in page
        else:
            assert message in page

    def test_members_without_permission_see_no_banner(self, window: World) -> None:
        page = text_of(window.client(window.official).get("/o/lakeside/"))

        assert "Renew now" not in page

    def test_add_licenses_links_to_the_renewal(self, window: World) -> None:
        page = window.client(window.assignor).get("/o/lakeside/licenses/add/").content.decode()

        assert f'href="{PATH}"' in page
        assert "Continue to payment" not in page


def test_window_opens_at_local_midnight_in_any_browser_time_zone(world: World) -> None:
    opens = calendar.renewal_opens_at(TERM_END, clock.zone())
    client = world.client(world.assignor)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en-GB"

    world.at(opens - timedelta(seconds=1))
    before = text_of(client.get("/o/lakeside/licenses/add/"))
    world.at(opens)
    after = text_of(client.get("/o/lakeside/licenses/add/"))

    assert "Continue to payment" in before
    assert "Renew now" in after
