from typing import Any

from django.core.management.base import BaseCommand

from licensing_site.management.periodic import one_at_a_time
from subscriptions import clock
from subscriptions.models.periodic import record_complete_run
from subscriptions.notifications.notify import deliver_waiting
from subscriptions.organizations.daily import run_daily


class Command(BaseCommand):
    help = (
        "Send Assignors and Administrators reminders of expirations, and notifications of what "
        "happened. Safe to run at any time and any number of times; no rule depends on it."
    )

    @one_at_a_time("daily")
    def handle(self, *args: Any, **options: Any) -> None:
        began_at = clock.now()
        report = run_daily()
        report.count("e-mails queued", deliver_waiting())
        for what, number in sorted(report.done.items()):
            self.stdout.write(f"{what}: {number}")
        if not report.done:
            self.stdout.write("nothing to do")
        if report.failures:
            self.stdout.write(f"failed: {report.failures}")
            raise SystemExit(1)
        record_complete_run("daily", began_at)
