"""``make demo`` in a fresh copy of the code, without settings and with the real processes."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.repository.architecture import APPS, ROOT
from tests.support.ports import free_ports

pytestmark = pytest.mark.journey

READY = "Press Ctrl-C to stop"
TIMEOUT = 90  # seconds


class Demo:
    """The demo in a copy of the code."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.sandbox_port = free_ports(2)
        self.site = f"http://localhost:{self.port}"
        self.data = folder / "var" / "demo"
        self.data.mkdir(parents=True, exist_ok=True)
        self.output = folder / "output.txt"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    *[sys.executable, "manage.py", "demo", *options],
                    *["--port", str(self.port), "--sandbox-port", str(self.sandbox_port)],
                ],
                cwd=self.folder,
                env={"PATH": os.environ["PATH"]},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def output_text(self) -> str:
        return self.output.read_text()

    def wait_until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + TIMEOUT
        while not condition():
            assert time.monotonic() < end, self.output_text()
            assert self.process is not None
            assert self.process.poll() is None, self.output_text()
            time.sleep(0.1)

    def wait_until_ready(self) -> None:
        self.wait_until(lambda: READY in self.output_text())

    def wait_for_end(self) -> int:
        assert self.process is not None
        return self.process.wait(TIMEOUT)

    def stop(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.wait_for_end()

    def processes(self) -> list[int]:
        """Return the ids of the processes that the demo started."""
        assert self.process is not None
        pid = self.process.pid
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("a folder with 100% + spaces")
    for name in (*APPS, "templates", "static"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "manage.py", folder)
    return folder


@pytest.fixture
def demo(checkout: Path) -> Iterator[Demo]:
    demo = Demo(checkout)
    # Background processes of a shell ignore Ctrl-C, and so do their children.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield demo
    signal.signal(signal.SIGINT, before)
    if demo.process is not None and demo.process.poll() is None:
        demo.stop(signal.SIGTERM)


# Starting takes ten seconds, so each test checks several things.


def test_demo_serves_pages_sends_mail_and_stops_all_processes(demo: Demo) -> None:
    demo.start()
    demo.wait_until_ready()
    processes = demo.processes()

    style = requests.get(f"{demo.site}/static/admin/css/base.css", timeout=10)
    request_a_password_reset(demo)
    mails = demo.data / "mail"
    demo.wait_until(lambda: any("key/" in mail.read_text() for mail in mails.iterdir()))
    code = demo.stop(signal.SIGINT)

    assert style.status_code == 200
    link = f"{demo.site}/accounts/password/reset/key/"
    assert [mail for mail in mails.iterdir() if link in mail.read_text()]
    assert code == 0
    assert len(processes) == 3
    assert not any(is_running(process) for process in processes)


def request_a_password_reset(demo: Demo) -> None:
    url = f"{demo.site}/accounts/password/reset/"
    with requests.Session() as browser:
        browser.get(url, timeout=10)
        form = {
            "email": "administrator@lakeside.example",
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
        }
        assert browser.post(url, form, timeout=10).status_code == 200


def test_reset_option_deletes_existing_data(demo: Demo) -> None:
    (demo.data / "existing").touch()

    demo.start("--reset")
    demo.wait_until_ready()

    assert "Loading sample organizations" in demo.output_text()
    assert not (demo.data / "existing").exists()
    assert demo.stop(signal.SIGTERM) == 0


def test_data_is_kept_and_a_killed_process_stops_the_others(demo: Demo) -> None:
    (demo.data / "existing").touch()

    demo.start()
    demo.wait_until_ready()
    processes = demo.processes()
    sandbox = next(process for process in processes if "billing.sandbox" in command_line(process))
    os.kill(sandbox, signal.SIGKILL)

    assert demo.wait_for_end() == 1
    assert "The sandbox stopped unexpectedly" in demo.output_text()
    assert not any(is_running(process) for process in processes)
    assert (demo.data / "existing").exists()


@pytest.mark.parametrize("variable", ["PORT", "SANDBOX_PORT"])
def test_error_names_the_port_in_use_and_an_alternative(demo: Demo, variable: str) -> None:
    port = demo.port if variable == "PORT" else demo.sandbox_port
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        listener.listen()
        demo.start()

        assert demo.wait_for_end() == 1
    assert f"Port {port} is in use" in demo.output_text()
    assert f"make demo {variable}={port + 1}" in demo.output_text()
