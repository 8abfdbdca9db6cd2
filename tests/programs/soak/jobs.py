"""What cron does for a real site, in a process of its own that is killed like the others."""

import logging
import os
import sys
import time
from io import StringIO
from typing import Any

import django

EVERY = 15.0  # seconds


def run_all(lock: str) -> int:
    """Run each command once; how many of them had something to complain about."""
    from django.core.management import call_command
    from django.db import close_old_connections

    commands: dict[str, dict[str, Any]] = {
        "reconcile_purchases": {},
        "daily": {},
        "send_queued_mail": {"lockfile": lock, "log_level": 0},
    }
    complaints = 0
    for command, options in commands.items():
        close_old_connections()
        try:
            call_command(command, stdout=StringIO(), stderr=StringIO(), **options)
        except (Exception, SystemExit):
            logging.getLogger(__name__).exception(command)
            complaints += 1
    return complaints


def main() -> None:
    """Over and over, not longer than whoever started it."""
    django.setup()
    logging.getLogger("post_office").setLevel(logging.ERROR)  # lines per round otherwise
    parent = os.getppid()
    while os.getppid() == parent:
        run_all(sys.argv[1])
        time.sleep(EVERY)


if __name__ == "__main__":
    main()
