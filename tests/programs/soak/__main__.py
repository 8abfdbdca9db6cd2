"""Run the soak test: ``python -m tests.programs.soak`` exits with 1 if an invariant is violated.

It starts a durable PostgreSQL, the local Stripe and the site under gunicorn, simulates users,
and kills all processes repeatedly. The logs of a failed run are kept.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import django

from tests.programs.soak import stack
from tests.support.ports import free_port


def main() -> int:
    """Run the test and clean up."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    database = stack.Database(folder)
    succeeded = False
    try:
        sandbox = stack.Sandbox(folder)
        port = free_port()
        os.environ.update(environment(folder, database.url, sandbox.process.base_url, port))
        django.setup()
        from tests.programs.soak.run import Run

        app = stack.App(port, folder / "site.log", workers=options.workers)
        succeeded = Run(folder, database, sandbox, app, options).execute()
    finally:
        database.stop()
        if succeeded:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"logs are kept in {folder}")
    return 0 if succeeded else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people", type=int, default=16)
    parser.add_argument("--organizations", type=int, default=48)
    parser.add_argument("--workers", type=int, default=3, help="processes of the site")
    parser.add_argument("--pause", type=float, default=6.0, help="seconds between two kills")
    parser.add_argument("--month", type=float, default=60.0, help="seconds per simulated month")
    parser.add_argument("--restore", default="", help="a dump of a migrated database to start from")
    return parser.parse_args()


def environment(folder: Path, database: str, processor: str, port: int) -> dict[str, str]:
    """Return the environment that docs/configuration.md requires."""
    clock = folder / "clock"
    clock.write_text("0")
    return {
        "DJANGO_SETTINGS_MODULE": "tests.programs.soak.settings",
        "SOAK_CLOCK_FILE": str(clock),
        "DEBUG": "False",
        "DEMO": "False",
        "SECRET_KEY": "only-for-the-soak-only-for-the-soak-only-for-the-soak-only",
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "SITE_URL": f"http://localhost:{port}",
        "DATABASE_URL": database,
        "EMAIL_URL": f"filemail:///{folder / 'mails'}",
        "STRIPE_SECRET_KEY": "sk_test_sandbox",
        "STRIPE_WEBHOOK_SECRET": stack.WEBHOOK_SECRET,
        "STRIPE_API_BASE": processor,
        "LOG_LEVEL": "WARNING",
        "LOG_READABLE": "True",
        "NO_PROXY": "localhost,127.0.0.1",
        "no_proxy": "localhost,127.0.0.1",
    }


if __name__ == "__main__":
    sys.exit(main())
