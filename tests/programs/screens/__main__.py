"""``make screens``: take screenshots of every page in every state, and check the pages.

Screenshots go into ``screens/``. The program prints tables of page weights and violations, and
exits with 1 if there are violations. Arguments select the states whose names begin with them. With
SCREENS_LANGUAGE=es the pages are in Spanish, and the screenshots in ``screens/es/``.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

FOLDER = Path("screens") / os.environ.get("SCREENS_LANGUAGE", "")


def main(prefixes: list[str]) -> int:
    """Start the servers, check all states, stop the servers."""
    with tempfile.TemporaryDirectory(prefix="licensing-screens-") as folder:
        os.environ["SCREENS_FOLDER"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.programs.screens.settings"
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        _prepare()
        with _running(Path(folder)) as url:
            from tests.programs.screens.run import check_states

            shutil.rmtree(FOLDER, ignore_errors=True) if not prefixes else None
            return check_states(url, FOLDER, tuple(prefixes))


def _prepare() -> None:
    import django
    from django.core.management import call_command
    from django.db import transaction

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    from tests.programs.screens import data

    with transaction.atomic():
        data.load()


@contextmanager
def _running(folder: Path) -> Iterator[str]:
    """Start the site and the local Stripe, each knowing the other's URL."""
    from django.conf import settings

    from billing.sandbox.control.process import SandboxProcess
    from tests.support.server import serve

    with ExitStack() as stack:
        stripe = stack.enter_context(SandboxProcess(folder / "stripe.sqlite3"))
        site = stack.enter_context(serve())
        settings.STRIPE_SECRET_KEY = stripe.secret_key
        settings.STRIPE_API_BASE = stripe.base_url
        settings.SITE_URL = site.url
        yield site.url


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
