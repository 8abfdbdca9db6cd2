"""``make demo`` as a newcomer runs it: a copy of the code, no settings, the real programs."""

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
    """A copy of the code, whose demo is started and stopped."""

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

    def said(self) -> str:
        return self.output.read_text()

    def wait_until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + TIMEOUT
        while not condition():
            assert time.monotonic() < end, self.said()
            assert self.process is not None
            assert self.process.poll() is None, self.said()
            time.sleep(0.1)

    def wait_until_ready(self) -> None:
        self.wait_until(lambda: READY in self.said())

    def wait_for_end(self) -> int:
        assert self.process is not None
        return self.process.wait(TIMEOUT)

    def stop(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.wait_for_end()

    def programs(self) -> list[int]:
        """Return the ids of the processes that the demo started."""
        assert self.process is not None
        pid = self.process.pid
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("a place with 100% + spaces")
    for name in (*APPS, "templates", "static"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "manage.py", folder)
    return folder


@pytest.fixture
def demo(checkout: Path) -> Iterator[Demo]:
    demo = Demo(checkout)
    # Processes in a shell's background inherit that Ctrl-C is ignored, and pass it on.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield demo
    signal.signal(signal.SIGINT, before)
    if demo.process is not None and demo.process.poll() is None:
        demo.stop(signal.SIGTERM)


# A start takes ten seconds, so each of these tests checks several things.


def test_demo_starts_serves_sends_mail_and_leaves_no_processes(demo: Demo) -> None:
    demo.start()
    demo.wait_until_ready()
    programs = demo.programs()

    style = requests.get(f"{demo.site}/static/admin/css/base.css", timeout=10)
    ask_for_a_new_password(demo)
    mails = demo.data / "mail"
    demo.wait_until(lambda: any("key/" in mail.read_text() for mail in mails.iterdir()))
    code = demo.stop(signal.SIGINT)

    assert style.status_code == 200
    link = f"{demo.site}/accounts/password/reset/key/"
    assert [mail for mail in mails.iterdir() if link in mail.read_text()]
    assert code == 0
    assert len(programs) == 3
    assert not any(is_running(program) for program in programs)


def ask_for_a_new_password(demo: Demo) -> None:
    address = f"{demo.site}/accounts/password/reset/"
    with requests.Session() as browser:
        browser.get(address, timeout=10)
        form = {
            "email": "administrator@lakeside.example",
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
        }
        assert browser.post(address, form, timeout=10).status_code == 200


def test_reset_starts_with_fresh_data(demo: Demo) -> None:
    (demo.data / "ours").touch()

    demo.start("--reset")
    demo.wait_until_ready()

    assert "Loading sample organizations" in demo.said()
    assert not (demo.data / "ours").exists()
    assert demo.stop(signal.SIGTERM) == 0


def test_data_is_kept_and_one_dead_process_stops_the_rest(demo: Demo) -> None:
    (demo.data / "ours").touch()

    demo.start()
    demo.wait_until_ready()
    programs = demo.programs()
    sandbox = next(program for program in programs if "billing.sandbox" in command_of(program))
    os.kill(sandbox, signal.SIGKILL)

    assert demo.wait_for_end() == 1
    assert "The sandbox stopped unexpectedly" in demo.said()
    assert not any(is_running(program) for program in programs)
    assert (demo.data / "ours").exists()


@pytest.mark.parametrize("variable", ["PORT", "SANDBOX_PORT"])
def test_port_in_use_is_named_with_a_workaround(demo: Demo, variable: str) -> None:
    port = demo.port if variable == "PORT" else demo.sandbox_port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        demo.start()

        assert demo.wait_for_end() == 1
    assert f"Port {port} is in use" in demo.said()
    assert f"make demo {variable}={port + 1}" in demo.said()
