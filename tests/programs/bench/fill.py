"""Fill the database at DATABASE_URL: ``python -m tests.programs.bench.fill '{"small": true}'``."""

import json
import os
import sys
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.programs.bench.settings"
django.setup()

from django.core.management import call_command  # noqa: E402  (the settings come first)

from tests.programs.bench import data  # noqa: E402


def main(options: dict[str, Any]) -> None:
    """Migrate and fill the database."""
    call_command("migrate", verbosity=0)
    if options.get("small"):
        data.fill_small()
    else:
        data.fill_large(**options)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
