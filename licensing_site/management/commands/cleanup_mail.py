from typing import Any

from post_office.management.commands import cleanup_mail

from licensing_site.management.periodic import one_at_a_time


class Command(cleanup_mail.Command):  # type: ignore[misc]  # untyped library
    help = "Delete old e-mails from the queue, sent or not."

    @one_at_a_time("cleanup_mail")
    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
