from typing import Any

from django.core.management.base import BaseCommand

from subscriptions.counting import miscounts
from subscriptions.notifications.notify import deliver_waiting
from subscriptions.organizations.daily import run_daily


class Command(BaseCommand):
    help = (
        "The daily job: reminds Assignors and Administrators of an expiration and tells them of "
        "what has happened; counts the members through. Safe at any time, any number of times; no "
        "rule depends on it."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        report = run_daily()
        report.count("mails queued", deliver_waiting())
        for what, number in sorted(report.done.items()):
            self.stdout.write(f"{what}: {number}")
        if not report.done:
            self.stdout.write("nothing to do")
        wrong = list(miscounts())
        for found in wrong:
            self.stdout.write(
                f"{found.organization.slug}: {found.counted} members hold a license, "
                f"{found.noted} are noted (docs/decisions/010-members-are-counted-by-triggers.md)"
            )
        if report.failures:
            self.stdout.write(f"failed: {report.failures}")
        if report.failures or wrong:
            raise SystemExit(1)
