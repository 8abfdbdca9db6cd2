from typing import Any

from django.core.management.base import BaseCommand

from billing.reconcile import reconcile
from subscriptions.notices import deliver_waiting


class Command(BaseCommand):
    help = (
        "Asks the payment processor about every purchase and refund that is not settled, and "
        "queues mails that were left behind. Safe at any time; run it every minute."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        report = reconcile()
        for subject, result in report.lines:
            self.stdout.write(f"{subject:<70} {result}")
        mails = deliver_waiting()
        self.stdout.write(
            f"{len(report.lines)} looked at, {report.failures} failed, {mails} mails queued"
        )
        if report.failures:
            raise SystemExit(1)
