"""Run one section of the benchmark on the database at DATABASE_URL.

``python -m tests.programs.bench.section deliveries '{"rounds": 3, …}'`` prints its results as JSON.
"""

import importlib
import json
import os
import sys
from dataclasses import asdict

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.programs.bench.settings"
django.setup()

from tests.programs.bench import workers  # noqa: E402  (the settings come first)


def main(name: str, options: str) -> None:
    """Run the section."""
    workers.create_scratch_table()
    results = importlib.import_module(f"tests.programs.bench.sections.{name}").run(
        **json.loads(options)
    )
    print("results", json.dumps([asdict(result) for result in results]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
