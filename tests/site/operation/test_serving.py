"""gunicorn with production settings: the site stays up while workers are replaced."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.repository.architecture import ROOT
from tests.settings import TEST_ENVIRONMENT
from tests.support.ports import free_port

TIMEOUT = 40  # seconds


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """Start a site with two workers; return its URL and its master's process id."""
    port = free_port()
    environment = {
        **os.environ,
        **TEST_ENVIRONMENT,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": f"sqlite:///{tmp_path}/site.sqlite3",
        "BIND": f"127.0.0.1:{port}",
        "WEB_CONCURRENCY": "2",
        "METRICS_TOKEN": "right",
        "TMPDIR": str(tmp_path),
    }
    environment.pop("PROMETHEUS_MULTIPROC_DIR", None)
    command = [sys.executable, "-m", "gunicorn", "--config", "python:licensing_site.serving"]
    with (tmp_path / "log").open("wb") as log:
        master = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    wait_for(address)
    yield address, master.pid
    master.terminate()
    assert master.wait(TIMEOUT) == 0
    assert [one.name for one in tmp_path.glob("licensing-metrics-*")] == []


def wait_for(address: str) -> None:
    end = time.monotonic() + TIMEOUT
    while True:
        try:
            assert requests.get(f"{address}/healthz", timeout=5).status_code == 200
            return
        except requests.RequestException:
            assert time.monotonic() < end
            time.sleep(0.1)


def workers_of(master: int) -> list[int]:
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return [int(child) for child in children]


def wait_until_replaced(master: int, old: int) -> None:
    end = time.monotonic() + TIMEOUT
    while old in workers_of(master) or len(workers_of(master)) < 2:
        assert time.monotonic() < end
        time.sleep(0.1)


def test_terminated_worker_is_replaced_and_metrics_continue(site: tuple[str, int]) -> None:
    address, master = site
    headers = {"Authorization": "Bearer right"}
    for _ in range(2):
        worker = workers_of(master)[0]
        os.kill(worker, signal.SIGTERM)
        wait_until_replaced(master, worker)
        wait_for(address)

    os.kill(master, signal.SIGHUP)
    time.sleep(1)
    wait_for(address)

    page = requests.get(f"{address}/metrics", headers=headers, timeout=10)
    assert page.status_code == 200
    assert "licensing_database_up" in page.text
