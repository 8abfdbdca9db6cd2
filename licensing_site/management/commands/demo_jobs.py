"""Run the periodic jobs in a loop; on a real site, cron runs them."""

import logging
import os
import time
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import close_old_connections

MAIL_EVERY = 3  # seconds
RECONCILE_EVERY = 60

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Run the periodic jobs and send queued mail, until stopped (for the demo)."

    def handle(self, *args: Any, **options: Any) -> None:
        logging.getLogger("post_office").setLevel(logging.WARNING)  # otherwise one line per round
        parent = os.getppid()
        reconciled = float("-inf")
        while os.getppid() == parent:  # until the demo stops
            if time.monotonic() - reconciled >= RECONCILE_EVERY:
                self._run("reconcile_purchases")
                self._run("daily")
                reconciled = time.monotonic()
            self._run("send_queued_mail")
            time.sleep(MAIL_EVERY)

    def _run(self, command: str) -> None:
        """Run a command; log failures, because the next round tries again."""
        try:
            call_command(command, stdout=self.stdout, stderr=self.stderr)
        except (Exception, SystemExit):  # commands with failures raise SystemExit
            logger.exception("%s failed", command)
        finally:
            close_old_connections()
