from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand

from billing.events.reconcile import Line, reconcile, reconcile_recent
from licensing_site.management.periodic import one_at_a_time
from subscriptions.notifications.notify import deliver_waiting

HEADINGS = Line("Found", "About", "Result")


class Command(BaseCommand):
    help = (
        "Ask the payment processor about all unsettled purchases and unfinished refunds, find "
        "missed payments, refunds and disputes, audit the license ledger, and queue waiting "
        "e-mails. Safe to run at any time; run it every minute."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--hours",
            type=int,
            help="read what the processor created in the last HOURS (default: since the last "
            "complete run, and once an hour the last day)",
        )
        parser.add_argument(
            "--thorough",
            action="store_true",
            help="also ask about open disputes and refunds of the last weeks (done once an hour "
            "anyway)",
        )

    @one_at_a_time("reconcile_purchases")
    def handle(self, *args: Any, **options: Any) -> None:
        hours, is_thorough = options["hours"], options["thorough"]
        if hours is None:
            report = reconcile_recent(is_thorough=is_thorough)
        else:
            report = reconcile(lookback=timedelta(hours=hours), is_thorough=is_thorough)
        if report.lines:
            self._print([HEADINGS, *report.lines])
        mails = deliver_waiting()
        self.stdout.write(
            f"{len(report.lines)} found, {report.failures} to review, {mails} e-mails queued"
        )
        if report.failures:
            raise SystemExit(1)

    def _print(self, lines: list[Line]) -> None:
        found = max(len(line.category) for line in lines)
        subject = max(len(line.subject) for line in lines)
        for line in lines:
            mark = "!" if line.needs_attention else " "
            row = f"{mark} {line.category:<{found}}  {line.subject:<{subject}}  {line.result}"
            self.stdout.write(row.rstrip())
