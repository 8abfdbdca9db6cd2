"""Clients that ask for one page after another, over connections that are kept."""

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

CLIENTS = 8


@contextmanager
def server(database: str, environment: dict[str, str], *slugs: str) -> Iterator[dict[str, Any]]:
    """A server process over ``database``; what its first line says."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.programs.bench.server", *slugs],
        env={**environment, "DATABASE_URL": database},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.communicate("")


def per_second(port: int, path: str, cookie: str, seconds: float) -> float:
    """Answers a second to eight clients."""
    return sum(len(times) for times in _visits(port, path, cookie, seconds, CLIENTS)) / seconds


def seconds_each(port: int, path: str, cookie: str, seconds: float) -> list[float]:
    """How long one client waits for each answer."""
    return _visits(port, path, cookie, seconds, 1)[0]


def _visits(port: int, path: str, cookie: str, seconds: float, clients: int) -> list[list[float]]:
    times: list[list[float]] = [[] for _ in range(clients)]
    start = threading.Barrier(clients)

    def visit(mine: list[float]) -> None:
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        _ask(link, path, cookie)
        start.wait()
        end = time.perf_counter() + seconds
        while (begun := time.perf_counter()) < end:
            _ask(link, path, cookie)
            mine.append(time.perf_counter() - begun)
        link.close()

    threads = [threading.Thread(target=visit, args=(mine,)) for mine in times]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def _ask(link: http.client.HTTPConnection, path: str, cookie: str) -> None:
    link.request("GET", path, headers={"Cookie": f"sessionid={cookie}", "Accept-Language": "en"})
    response = link.getresponse()
    response.read()
    assert response.status == 200, (path, response.status)
