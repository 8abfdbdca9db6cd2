from typing import Any

from post_office.management.commands import send_queued_mail

from licensing_site.management.periodic import one_at_a_time


class Command(send_queued_mail.Command):  # type: ignore[misc]  # untyped library
    help = "Send queued e-mails. Safe to run at any time; run it every minute."

    @one_at_a_time("send_queued_mail")
    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
