"""The site's cron jobs, in a process that the soak test kills like the others."""

import logging
import os
import time
from io import StringIO

import django

INTERVAL = 15.0  # seconds


def run_all() -> int:
    """Run each command once; return how many failed."""
    from django.core.management import call_command
    from django.db import close_old_connections

    failures = 0
    for command in ("reconcile_purchases", "daily", "send_queued_mail"):
        close_old_connections()
        try:
            call_command(command, stdout=StringIO(), stderr=StringIO())
        except (Exception, SystemExit):
            logging.getLogger(__name__).exception(command)
            failures += 1
    return failures


def main() -> None:
    """Repeat until the parent process ends."""
    django.setup()
    logging.getLogger("post_office").setLevel(logging.ERROR)  # otherwise several lines per round
    parent = os.getppid()
    while os.getppid() == parent:
        run_all()
        time.sleep(INTERVAL)


if __name__ == "__main__":
    main()
