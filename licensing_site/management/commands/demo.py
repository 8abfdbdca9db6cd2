"""``make demo``: run the whole product on one machine, with fictional data and no real money."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

FOLDER = Path(settings.BASE_DIR) / "var" / "demo"
MANAGE = [sys.executable, str(Path(settings.BASE_DIR) / "manage.py")]
# As in production, but with a short shutdown for people waiting at a terminal.
SERVING = ["--config", "python:licensing_site.serving", "--graceful-timeout", "5"]
START_TIMEOUT = 60  # seconds for everything to start
STOP_TIMEOUT = 10  # seconds for a program to stop before it is killed

ACCOUNTS = """
Password of every account: demo

  administrator@lakeside.example   mid-term, 23 of 25 licenses in use
  administrator@harbor.example     12 days to expiration, not renewed
  administrator@summit.example     12 days to expiration, already renewed
  administrator@valley.example     expired 3 days ago

  assignor@, observer@, and official@ exist at all four; both@lakeside.example belongs to two
  support@licensing.example        support staff: {site}/admin/
  root@licensing.example           superuser
"""
CARDS = """
Test cards (any future date, any three digits):

  4242 4242 4242 4242   succeeds
  4000 0000 0000 0002   declined
  4000 0000 0000 9995   declined: insufficient funds
  4000 0025 0000 3155   asks to confirm the payment

"""


@dataclass(frozen=True)
class Demo:
    """The URLs and environment of the demo's programs."""

    port: int
    sandbox_port: int

    @property
    def site(self) -> str:
        """The site's URL, by name, because passkeys do not work on an IP address."""
        return f"http://localhost:{self.port}"

    @property
    def sandbox(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def webhook(self) -> str:
        return f"http://127.0.0.1:{self.port}/stripe/webhook/"

    def environment(self, secret: Mapping[str, str]) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SETTINGS_MODULE": "licensing_site.settings",
            "BIND": f"127.0.0.1:{self.port}",
            "DEBUG": "False",
            "LOG_READABLE": "True",
            "DEMO": "True",
            "DEMO_CLOCK_FILE": str(FOLDER / "clock"),
            "SECRET_KEY": secret["secret_key"],
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "CSRF_TRUSTED_ORIGINS": "",
            "SITE_URL": self.site,
            "SECURE_SSL_REDIRECT": "False",
            "DATABASE_URL": f"sqlite:///{quote(str(FOLDER / 'demo.sqlite3'))}",
            "CACHE_URL": "dbcache://licensing_cache",
            "EMAIL_URL": f"filemail:///{quote(str(FOLDER / 'mail'))}",
            "STRIPE_SECRET_KEY": "sk_test_sandbox",
            "STRIPE_WEBHOOK_SECRET": secret["webhook_secret"],
            "STRIPE_API_BASE": self.sandbox,
            "NO_PROXY": "localhost,127.0.0.1",
            "no_proxy": "localhost,127.0.0.1",
        }

    def programs(self, secret: Mapping[str, str]) -> dict[str, list[str]]:
        return {
            "sandbox": [
                *[sys.executable, "-m", "billing.sandbox", "--exit-with-parent"],
                *["--port", str(self.sandbox_port), "--store", str(FOLDER / "sandbox.sqlite3")],
                *["--webhook-url", self.webhook, "--webhook-secret", secret["webhook_secret"]],
            ],
            "site": [sys.executable, "-m", "gunicorn", *SERVING],
            "jobs": [*MANAGE, "demo_jobs"],
        }


class Stopped(Exception):
    """The demo was told to stop."""


class Command(BaseCommand):
    help = "Start the site with sample data and a local payment processor; Ctrl-C stops it."
    # This process is not the site; environment() configures the programs it starts.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--sandbox-port", type=int, default=12111)
        parser.add_argument("--reset", action="store_true", help="start with fresh data")

    def handle(self, *args: Any, **options: Any) -> None:
        demo = Demo(options["port"], options["sandbox_port"])
        check_port_is_free(demo.port, "PORT")
        check_port_is_free(demo.sandbox_port, "SANDBOX_PORT")
        if options["reset"]:
            shutil.rmtree(FOLDER, ignore_errors=True)
        signal.signal(signal.SIGTERM, stop)
        try:
            self._run(demo)
        except (KeyboardInterrupt, Stopped):
            self.stdout.write("\nThe demo has stopped. Its data is kept in var/demo/.")

    def _run(self, demo: Demo) -> None:
        (FOLDER / "mail").mkdir(parents=True, exist_ok=True)
        secret = load_secrets()
        environment = demo.environment(secret)
        self._prepare(environment)
        with run_programs(demo.programs(secret), environment) as programs:
            for address in (demo.sandbox, demo.site):
                wait_until_ready(address, programs)
            self._announce(demo)
            while True:
                check_all_running(programs)
                time.sleep(0.3)

    def _prepare(self, environment: Mapping[str, str]) -> None:
        loaded = FOLDER / "loaded"
        if not loaded.exists():  # new, or interrupted while loading
            for file in FOLDER.glob("*.sqlite3*"):
                file.unlink()
        self.stdout.write("Preparing the database and the static files …")
        manage(environment, "migrate", "--verbosity=0")
        manage(environment, "collectstatic", "--noinput", "--verbosity=0")
        if not loaded.exists():
            self.stdout.write("Loading sample organizations …")
            manage(environment, "load_demo")
            loaded.touch()

    def _announce(self, demo: Demo) -> None:
        self.stdout.write(ACCOUNTS.format(site=demo.site) + CARDS, ending="")
        self.stdout.write(f"Site       {demo.site}")
        self.stdout.write(f"Payments   {demo.sandbox} (a local Stripe: no real money moves)")
        self.stdout.write(f"Refunds    {demo.sandbox}/_sandbox/dashboard (and disputes)")
        self.stdout.write(f"E-mails    {FOLDER / 'mail'}")
        self.stdout.write(f"Logs       {FOLDER}/*.log")
        self.stdout.write("\nPress Ctrl-C to stop; `make demo-reset` starts over.")
        self.stdout.flush()


def stop(number: int, frame: FrameType | None) -> None:
    raise Stopped


def check_port_is_free(port: int, name: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CommandError(
                f"Port {port} is in use. Choose another one: `make demo {name}={port + 1}`."
            ) from error


def load_secrets() -> dict[str, str]:
    """Return the secrets from the first start, so that users stay signed in after later starts."""
    file = FOLDER / "secrets.json"
    if not file.exists():
        new_secrets = {
            "secret_key": secrets.token_urlsafe(50),
            "webhook_secret": f"whsec_{secrets.token_hex(16)}",
        }
        file.touch(mode=0o600)
        file.write_text(json.dumps(new_secrets))
    stored: dict[str, str] = json.loads(file.read_text())
    return stored


def manage(environment: Mapping[str, str], *arguments: str) -> None:
    """Run a command of manage.py."""
    result = subprocess.run([*MANAGE, *arguments], env=environment, check=False)
    if result.returncode:
        raise CommandError(f"manage.py {arguments[0]} failed.")


@contextmanager
def run_programs(
    programs: Mapping[str, list[str]], environment: Mapping[str, str]
) -> Iterator[dict[str, "subprocess.Popen[bytes]"]]:
    """Run the programs until the block ends; each has its own log."""
    started: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in programs.items():
            with (FOLDER / f"{name}.log").open("wb") as log:
                # Each has its own session, so that Ctrl-C reaches only this process, which stops
                # them in order.
                started[name] = subprocess.Popen(
                    command,
                    env=environment,
                    cwd=settings.BASE_DIR,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        yield started
    finally:
        stop_all(started)


def stop_all(programs: Mapping[str, "subprocess.Popen[bytes]"]) -> None:
    # Both `make` and the terminal may send a signal; the second must not interrupt stopping.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    for program in programs.values():
        program.terminate()
    for program in programs.values():
        try:
            program.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()


def check_all_running(programs: Mapping[str, "subprocess.Popen[bytes]"]) -> None:
    for name, program in programs.items():
        if program.poll() is not None:
            log = FOLDER / f"{name}.log"
            last = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise CommandError(
                f"The {name} stopped unexpectedly, so the demo stops. From {log}:\n{last}"
            )


def wait_until_ready(address: str, programs: Mapping[str, "subprocess.Popen[bytes]"]) -> None:
    # Never through a proxy, even if the shell has one.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + START_TIMEOUT
    while time.monotonic() < end:
        check_all_running(programs)
        try:
            opener.open(address, timeout=5).close()
            return
        except urllib.error.HTTPError as error:
            if error.code < 500:  # "not found" is a response too
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise CommandError(f"{address} did not answer within {START_TIMEOUT} seconds.")
