from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from licensing_site.demo.data import DemoLoader
from subscriptions import clock
from subscriptions.models import Organization


class Command(BaseCommand):
    help = "Fill an empty database with the demo's organizations. Requires DEMO or DEBUG."

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.DEMO or settings.DEBUG):
            raise CommandError(
                "The demo's accounts have a well-known password, so DEMO must be set."
            )
        if Organization.objects.exists():
            raise CommandError("The database is not empty. To start over, run `make demo-reset`.")
        with transaction.atomic():
            DemoLoader(clock.today()).load()
        self.stdout.write("The demo data is loaded.")
