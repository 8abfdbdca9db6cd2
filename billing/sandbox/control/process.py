"""A sandbox process to start, wait for, kill and restart."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from billing.sandbox.control.client import SandboxControl
from billing.sandbox.process.config import DEFAULT_CONTROL_TOKEN, DEFAULT_SECRET_KEY

_ROOT = Path(__file__).resolve().parents[3]
_START_TIMEOUT = 60.0  # seconds until a process that does not listen counts as failed


class SandboxDidNotStart(Exception):
    """The process exited or did not listen; the message contains its output."""


class SandboxProcess:
    """Runs `python -m billing.sandbox` on a free port; use it as a context manager."""

    def __init__(
        self,
        store_path: Path | str,
        port: int = 0,
        *,
        secret_key: str = DEFAULT_SECRET_KEY,
        control_token: str = DEFAULT_CONTROL_TOKEN,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        retry_seconds: tuple[float, ...] | None = None,
    ) -> None:
        """Configure the process without starting it."""
        self.store_path = Path(store_path)
        self.port = port
        self.secret_key = secret_key
        self.control_token = control_token
        self._more = _options(webhook_url, webhook_secret, retry_seconds)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def base_url(self) -> str:
        """Return the address for `base_addresses={"api": …}`."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def control(self) -> SandboxControl:
        """Return a client of its control API."""
        return SandboxControl(self.base_url, self.control_token)

    @property
    def log_path(self) -> Path:
        """Return the file with everything the process prints."""
        return self.store_path.with_name(self.store_path.name + ".log")

    def start(self) -> Self:
        """Start the process and wait until it listens."""
        self.store_path.parent.mkdir(parents=True, exist_ok=True)
        port_file = self.store_path.with_name(self.store_path.name + ".port")
        port_file.unlink(missing_ok=True)
        with self.log_path.open("ab") as log:
            self._process = self._popen(port_file, log)
        self._await(port_file)
        self.port = int(port_file.read_text())
        return self

    def kill(self) -> None:
        """Kill the process at once, like a crash."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Stop the process."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Kill the process and start it again on the same port and store."""
        self.kill()
        self.start()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _popen(self, port_file: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
        arguments = [
            *(sys.executable, "-m", "billing.sandbox", "--exit-with-parent"),
            *("--port", str(self.port), "--port-file", str(port_file)),
            *("--store", str(self.store_path), "--secret-key", self.secret_key),
            *("--control-token", self.control_token),
            *self._more,
        ]
        environment = os.environ | {"PYTHONPATH": str(_ROOT)}
        return subprocess.Popen(  # noqa: S603 - our own interpreter and program, no shell
            arguments, cwd=_ROOT, env=environment, stdout=log, stderr=log
        )

    def _await(self, port_file: Path) -> None:
        deadline = time.monotonic() + _START_TIMEOUT
        while not port_file.exists():
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                self.kill()
                raise SandboxDidNotStart(self.log_path.read_text()[-2000:])
            time.sleep(0.01)


def _options(
    webhook_url: str | None,
    webhook_secret: str | None,
    retry_seconds: tuple[float, ...] | None,
) -> list[str]:
    options = []
    if webhook_url and webhook_secret:
        options += ["--webhook-url", webhook_url, "--webhook-secret", webhook_secret]
    if retry_seconds:
        options += ["--retry-seconds", ",".join(str(seconds) for seconds in retry_seconds)]
    return options
