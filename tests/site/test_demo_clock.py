"""The demo's clock, which only moves forward and exists only in the demo."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import RequestFactory
from django.urls import NoReverseMatch, reverse

from billing.sandbox.control.client import SandboxControl
from licensing_site.demo import clock as demo_clock
from subscriptions import clock
from subscriptions.models import Notification
from tests.support.world import World


@pytest.fixture
def demo(world: World, stripe: SandboxControl, settings: Any, tmp_path: Path) -> World:
    """Run the clock with the offset in the file, which is initially empty."""
    settings.DEMO_CLOCK_FILE = str(tmp_path / "clock")
    clock.freeze(None)
    return world


def move(to: str, next_path: str = "/o/lakeside/") -> Any:
    return demo_clock.move(RequestFactory().post("/demo/clock/", {"to": to, "next": next_path}))


def test_advancing_a_day_moves_the_site_and_the_local_stripe(
    demo: World, stripe: SandboxControl
) -> None:
    before = clock.now()

    response = move("day")

    advanced = clock.now() - before
    assert response.headers["Location"] == "/o/lakeside/"
    assert timedelta(days=1) - timedelta(seconds=2) < advanced < timedelta(days=1, seconds=10)
    assert abs(stripe.clock()["now"] - clock.now().timestamp()) < 5


def test_advancing_to_a_date_runs_the_daily_job(demo: World) -> None:
    move("2031-12-10")

    assert clock.today() == date(2031, 12, 10)
    assert Notification.objects.filter(kind="reminder").exists()


@pytest.mark.parametrize("to", ["2001-01-01", "", "yesterday", "2031-13-01"])
def test_clock_never_goes_back(demo: World, to: str) -> None:
    before = clock.demo_offset()

    move(to)

    assert clock.demo_offset() == before == timedelta(0)


@pytest.mark.parametrize("next_path", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_redirects_stay_on_our_site(demo: World, next_path: str) -> None:
    assert move("day", next_path).headers["Location"] == "/"


def test_bar_offers_upcoming_dates(demo: World) -> None:
    move("2031-12-10")
    request = RequestFactory().get("/")
    request.membership = demo.assignor  # type: ignore[attr-defined]

    assert demo_clock.bar(request)["demo_jumps"] == {
        "last_day": date(2031, 12, 31),
        "expired": date(2032, 1, 1),
        "closed": date(2032, 1, 15),
    }


def test_url_does_not_exist_outside_the_demo() -> None:
    with pytest.raises(NoReverseMatch):
        reverse("demo_clock")
