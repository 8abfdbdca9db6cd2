"""``manage.py stripe_sandbox``: run the local Stripe in place of this process."""

from __future__ import annotations

import os
import sys
from typing import Any, NoReturn

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Pass all options on, so that the sandbox shares no settings or memory with the site."""

    help = "Run the local Stripe. Options: see `python -m billing.sandbox --help`."

    def run_from_argv(self, argv: list[str]) -> NoReturn:
        """Replace this process, passing on the options as entered."""
        self._become(argv[2:])

    def handle(self, *args: Any, **options: Any) -> NoReturn:
        """Replace this process, passing on the plain arguments of `call_command`."""
        self._become([str(argument) for argument in args])

    def _become(self, arguments: list[str]) -> NoReturn:
        command = [sys.executable, "-m", "billing.sandbox", *arguments]
        os.execv(sys.executable, command)  # noqa: S606 - our own interpreter, no shell
