from tempfile import TemporaryDirectory
from typing import Any

from post_office.management.commands import send_queued_mail

from licensing_site.management.periodic import one_at_a_time


class Command(send_queued_mail.Command):  # type: ignore[misc]  # untyped library
    help = "Send queued e-mails. Safe to run at any time; run it every minute."

    @one_at_a_time("send_queued_mail")
    def handle(self, *args: Any, **options: Any) -> None:
        # A killed run leaves the library's lock file behind, so each run gets its own.
        with TemporaryDirectory() as folder:
            super().handle(*args, **options | {"lockfile": f"{folder}/lock"})
