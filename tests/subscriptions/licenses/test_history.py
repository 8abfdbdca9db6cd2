"""Licenses held over a term, as steps and as a chart (R29)."""

from datetime import date, timedelta

from django.test.utils import CaptureQueriesContext

from subscriptions import clock
from subscriptions.licenses import charts, ledger
from subscriptions.licenses.history import History, Step, get_history
from subscriptions.licenses.status import get_status
from subscriptions.policy.licenses import Limit, count_licenses
from tests.support.pages import text_of
from tests.support.world import TERM_END, TERM_START, TODAY, World, build_term, local

MARCH = date(2031, 3, 10)


def history(world: World) -> History:
    found = get_history(get_status(world.lakeside, clock.now()))
    assert found is not None
    return found


def add(world: World, day: date, quantity: int, reference: str) -> None:
    ledger.grant_add_on(
        world.term, quantity, effective_at=local(day, 12), reference=reference, actor=None
    )


def test_every_day_with_a_change_is_a_step(world: World) -> None:
    add(world, MARCH, 5, "one")
    add(world, MARCH, 10, "two")
    add(world, TODAY, 5, "three")

    assert history(world).steps == (
        Step(TERM_START, 25, 25),
        Step(MARCH, 15, 40),
        Step(TODAY, 5, 45),
    )


def test_days_are_in_the_subscription_time_zone(world: World) -> None:
    """R18: 11:30 PM in New York is the next day in UTC."""
    ledger.grant_add_on(
        world.term, 5, effective_at=local(MARCH, 23, 30), reference="late", actor=None
    )

    assert history(world).steps[-1] == Step(MARCH, 5, 30)


def test_other_organizations_and_earlier_terms_are_left_out(world: World) -> None:
    build_term(
        world.lakeside,
        licenses=70,
        starts_on=date(2030, 1, 1),
        expires_on=TERM_START - timedelta(days=1),
    )
    build_term(world.stranger.organization, licenses=90, starts_on=date(2032, 1, 1))

    assert history(world).steps == (Step(TERM_START, 25, 25),)


def test_canceled_term_counts_until_its_cancellation(world: World) -> None:
    """R30"""
    world.term.canceled_at = local(MARCH, 9)
    world.term.save()

    assert history(world).steps == (Step(TERM_START, 25, 25), Step(MARCH, -25, 0))


def test_history_takes_one_query(world: World, django_assert_num_queries) -> None:
    subscription = get_status(world.lakeside, clock.now())
    counted: CaptureQueriesContext
    with django_assert_num_queries(1) as counted:
        get_history(subscription)
    assert "GROUP BY" in counted.captured_queries[0]["sql"]


def test_subscription_tab_shows_the_history_as_text_and_table(world: World) -> None:
    add(world, MARCH, 5, "one")

    response = world.client(world.assignor).get("/o/lakeside/settings/subscription/")

    page, html = text_of(response), response.content.decode()
    assert "March 10, 2031 +5 30" in page
    assert "25 on the first day, 30 on the last, with 1 change in between" in html
    assert "Renewal window, from December 2, 2031" in page
    assert "In use today: 4" in page
    assert 'aria-label="4 of 30 licenses in use, 26 available"' in html


class TestLines:
    """The chart's lines follow the steps."""

    HISTORY = History(
        starts_on=TERM_START,
        ends_on=TERM_END,
        window_opens_on=date(2031, 12, 2),
        today=TODAY,
        in_use=15,
        steps=(Step(TERM_START, 10, 10), Step(MARCH, 20, 30)),
    )

    def test_each_step_has_a_vertical_and_a_horizontal_line(self) -> None:
        chart = charts.build_chart(self.HISTORY)

        first, rise, second, future = chart.lines
        assert (first.x1, first.y1, first.y2) == ("0.00%", "75.00%", "75.00%")
        assert first.x2 == rise.x1 == rise.x2 == second.x1
        assert (rise.y1, rise.y2) == ("75.00%", "25.00%")
        assert (second.x2, future.x1, future.x2) == (chart.today, chart.today, "100.00%")
        assert [line.is_future for line in chart.lines] == [False, False, False, True]

    def test_scale_has_whole_numbers_and_shows_licenses_in_use(self) -> None:
        chart = charts.build_chart(self.HISTORY)

        assert (chart.top, chart.half, chart.in_use) == (40, 20, "62.50%")


class TestMeter:
    COUNT = count_licenses(held=25, in_use=20)

    def test_meter_shows_licenses_in_use(self) -> None:
        assert charts.build_meter(self.COUNT, 0) == charts.Meter(800, 0, None)

    def test_demand_above_the_licenses_held_shows_the_limit(self) -> None:
        """R5"""
        assert charts.build_meter(self.COUNT, 20) == charts.Meter(500, 500, 625)

    def test_smaller_later_term_is_the_limit(self) -> None:
        """R5"""
        count = count_licenses(held=25, in_use=10, renewal_checkout_quantity=15)

        assert count.limit == Limit.RENEWAL_CHECKOUT
        assert charts.build_meter(count, 0) == charts.Meter(400, 0, 600)

    def test_no_meter_without_licenses_and_users(self) -> None:
        assert charts.build_meter(count_licenses(held=0, in_use=0), 0) is None
