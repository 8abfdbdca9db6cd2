"""``manage.py renew_second_factor_keys``: run it before removing a key from the fallbacks."""

from typing import Any

from django.core.management.base import BaseCommand

from subscriptions.access import second_factor


class Command(BaseCommand):
    help = "Re-encrypt the secrets of second factors with the current SECRET_KEY."

    def handle(self, *args: Any, **options: Any) -> None:
        count = second_factor.renew_keys()
        self.stdout.write(f"Secrets re-encrypted: {count}")
