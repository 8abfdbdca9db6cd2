"""The health page: webhooks, backlogs, failed events, and reconciliation on demand (R14)."""

import html
import re
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from post_office.models import STATUS, Email

from billing.models import PaymentProblem, ProcessorEvent, Purchase
from billing.sandbox.control.client import SandboxControl
from subscriptions import clock
from tests.admin.client import Admin, logged
from tests.billing.deliveries import completed, deliver
from tests.support.checks import fresh
from tests.support.pages import queries_of, text_of
from tests.support.world import World

HEALTH = "/admin/health/"
RECONCILE = "/admin/health/reconcile/"


def panel(page: Any, key: str) -> Any:
    return next(each for each in page.context["panels"] if each.key == key)


def facts(page: Any, key: str) -> dict[str, str]:
    return {label: str(value).replace("\xa0", " ") for label, value in panel(page, key).facts}


def failed_event(purchase: Purchase, stripe: SandboxControl) -> ProcessorEvent:
    stripe.fault("error", path="/v1/checkout/sessions/*", status=500, times=None)
    deliver(completed(purchase.session_id))
    stripe.clear_faults()
    return ProcessorEvent.objects.get()


def test_no_alarms_when_everything_works(support: Admin) -> None:
    page = support.open(HEALTH)

    assert page.status_code == HTTPStatus.OK
    assert facts(page, "webhooks")["Last webhook"] == "never"
    assert not any(each.is_urgent for each in page.context["panels"])


def test_start_page_links_to_health_page(support: Admin) -> None:
    assert HEALTH in support.open("/admin/").content.decode()


@pytest.mark.usefixtures("stripe")
class TestWebhooks:
    def test_payments_without_any_webhook_raise_an_alarm(
        self, world: World, support: Admin
    ) -> None:
        world.buy_and_settle(10)
        assert not panel(support.open(HEALTH), "webhooks").is_urgent
        world.later(minutes=11)

        page = support.open(HEALTH)

        assert panel(page, "webhooks").is_urgent
        assert "Check the endpoint" in text_of(page)

    def test_payment_with_a_recent_webhook_raises_no_alarm(
        self, world: World, support: Admin
    ) -> None:
        purchase = world.buy_and_settle(10)
        deliver(completed(purchase.session_id))
        world.later(days=3)

        page = support.open(HEALTH)

        assert not panel(page, "webhooks").is_urgent
        assert "3 days" in facts(page, "webhooks")["Last webhook"]

    def test_payment_long_after_the_last_webhook_raises_an_alarm(
        self, world: World, support: Admin
    ) -> None:
        deliver(completed(world.buy_and_settle(10).session_id))
        world.later(hours=5)
        world.buy_and_settle(5)

        assert panel(support.open(HEALTH), "webhooks").is_urgent


class TestBacklogs:
    def test_unsettled_purchases_are_counted(
        self, world: World, stripe: SandboxControl, support: Admin
    ) -> None:
        world.buy(10)
        world.later(hours=2)

        page = support.open(HEALTH)

        assert ">1<" in facts(page, "purchases")["Not settled"]
        assert "2 hours" in facts(page, "purchases")["Oldest"]
        assert panel(page, "purchases").is_urgent

    @pytest.mark.usefixtures("stripe")
    def test_counts_link_to_filtered_lists(self, world: World, support: Admin) -> None:
        purchase = world.buy(10)

        link = re.search(r'href="([^"]*)"', facts(support.open(HEALTH), "purchases")["Not settled"])

        assert link
        page = support.client.get(html.unescape(link[1]))
        assert [row.pk for row in page.context["cl"].result_list] == [purchase.pk]

    def test_payment_problems_are_counted(self, support: Admin) -> None:
        PaymentProblem.objects.create(
            session_id="cs_1", reason="surplus", needs_support=True, created_at=clock.now()
        )

        assert ">1<" in facts(support.open(HEALTH), "purchases")["Payments to review"]

    @pytest.mark.parametrize(
        ("status", "label"),
        [
            (STATUS.queued, "E-mails waiting to be sent"),
            (STATUS.requeued, "E-mails waiting to be sent"),
            (STATUS.failed, "Failed e-mails"),
        ],
    )
    def test_unsent_mails_are_counted(self, support: Admin, status: int, label: str) -> None:
        Email.objects.create(from_email="a@x.example", to=["b@x.example"], status=status)

        page = support.open(HEALTH)

        assert "1" in facts(page, "mails")[label]
        assert panel(page, "mails").is_urgent == (status == STATUS.failed)


class TestFailedEvents:
    def test_failed_events_show_their_error(
        self, world: World, stripe: SandboxControl, support: Admin, short_timeouts: object
    ) -> None:
        failed_event(world.buy(10), stripe)

        page = support.open(HEALTH)

        assert panel(page, "events").is_urgent
        assert "ProcessorUnavailable" in text_of(page)

    def test_failed_event_can_be_processed_again(
        self, world: World, stripe: SandboxControl, support: Admin, short_timeouts: object
    ) -> None:
        purchase = world.buy(10)
        world.pay(purchase)
        event = failed_event(purchase, stripe)
        assert "Process again…" in text_of(support.open(event))

        page = support.perform(event, "process")

        event.refresh_from_db()
        assert event.processed_at is not None
        assert world.held() == 35
        assert "The event has been processed" in text_of(page)
        assert "ProcessorUnavailable" in logged(event)[0].change_message

    def test_event_that_fails_again_shows_an_error(
        self, world: World, stripe: SandboxControl, support: Admin, short_timeouts: object
    ) -> None:
        event = failed_event(world.buy(10), stripe)
        stripe.fault("error", path="/v1/checkout/sessions/*", status=500, times=None)

        page = support.perform(event, "process")

        assert "It failed again: ProcessorUnavailable" in text_of(page)
        assert fresh(event).processed_at is None

    @pytest.mark.usefixtures("stripe")
    def test_reprocessed_event_fulfills_only_once(self, world: World, support: Admin) -> None:
        purchase = world.buy(10)
        world.pay(purchase)
        deliver(completed(purchase.session_id))

        support.perform(ProcessorEvent.objects.get(), "process")

        assert world.held() == 35


class TestReconciling:
    @pytest.mark.usefixtures("stripe")
    def test_result_lists_findings_and_fixes(self, world: World, support: Admin) -> None:
        purchase = world.buy(10)
        world.pay(purchase)

        page = support.client.post(RECONCILE)

        assert page.status_code == HTTPStatus.OK
        [row] = page.context["report"].rows
        assert row[0] == "unpaid purchase"
        assert row[2] == "settled"
        assert world.held() == 35

    @pytest.mark.usefixtures("stripe")
    def test_empty_run_says_nothing_to_do(self, support: Admin) -> None:
        assert "Nothing to do" in text_of(support.client.post(RECONCILE))

    def test_failures_are_highlighted(
        self, world: World, stripe: SandboxControl, support: Admin, short_timeouts: object
    ) -> None:
        world.buy(10)
        stripe.fault("error", path="/v1/checkout/sessions/*", status=500, times=None)

        page = support.client.post(RECONCILE)

        assert page.context["report"].is_urgent
        assert "mark-bad" in page.content.decode()

    @pytest.mark.usefixtures("stripe")
    def test_run_is_logged_with_its_author(self, world: World, support: Admin) -> None:
        support.client.post(RECONCILE)

        entry = LogEntry.objects.get()
        assert entry.user == world.support
        assert entry.change_message == "Reconciled: 0 found, 0 to review"
        assert support.open("/admin/").status_code == HTTPStatus.OK

    def test_get_request_changes_nothing(self, support: Admin) -> None:
        assert support.open(RECONCILE).status_code == HTTPStatus.METHOD_NOT_ALLOWED

    def test_view_only_staff_see_no_button(self, world: World, support: Admin) -> None:
        group = world.support.groups.get()
        group.permissions.remove(group.permissions.get(codename="change_processorevent"))

        assert "Reconcile now" not in text_of(support.open(HEALTH))
        assert support.client.post(RECONCILE).status_code == HTTPStatus.FORBIDDEN


def test_health_page_query_count_is_constant(
    world: World, stripe: SandboxControl, support: Admin
) -> None:
    before = queries_of(support.client, HEALTH)
    for number in range(30):
        ProcessorEvent.objects.create(
            event_id=f"evt_{number}",
            type="t",
            error="E",
            received_at=clock.now() - timedelta(hours=number),
        )
        world.later(minutes=40)

    after = queries_of(support.client, HEALTH)

    assert len(after) == len(before) <= 30, "\n".join(after)


def test_start_page_query_count_is_constant(support: Admin) -> None:
    before = queries_of(support.client, "/admin/")
    PaymentProblem.objects.bulk_create(
        PaymentProblem(
            session_id=f"cs_{number}", reason="surplus", needs_support=True, created_at=clock.now()
        )
        for number in range(20)
    )

    after = queries_of(support.client, "/admin/")

    assert len(after) == len(before) <= 14, "\n".join(after)
