"""Clients that ask for one page after another, over connections that are kept."""

import http.client
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

CLIENTS = 8


class Server:
    """A server process, and what its first line says."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._input, self._output = process.stdin, process.stdout
        said = json.loads(self._output.readline())
        self.port: int = said["port"]
        self._found: dict[str, Any] = said["found"]

    def pages(self, slug: str) -> dict[str, Any]:
        """Each page of the organization: its path, its bytes and its queries."""
        pages: dict[str, Any] = self._found[slug]["pages"]
        return pages

    def cookie(self, slug: str) -> str:
        """The session of the organization's Administrator."""
        return str(self._found[slug]["cookie"])

    def support(self, slug: str) -> str:
        """The session of a person of support."""
        return str(self._found[slug]["support"])

    def cpu_seconds(self) -> float:
        """Return the processor time that the process has used so far."""
        self._input.write("cpu\n")
        self._input.flush()
        return float(self._output.readline())


@contextmanager
def server(database: str, environment: dict[str, str], *slugs: str) -> Iterator[Server]:
    """Run a server process over ``database``."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.programs.bench.server", *slugs],
        env={**environment, "DATABASE_URL": database},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Server(process)
    finally:
        process.communicate("")


def per_second(port: int, path: str, cookie: str, seconds: float) -> float:
    """Return the responses a second to eight clients."""
    return sum(len(times) for times in _visits(port, path, cookie, seconds, CLIENTS)) / seconds


def cost_each(server: Server, path: str, cookie: str, seconds: float) -> tuple[float, float]:
    """Return seconds of CPU for each response, and the median wait of one client."""
    before = server.cpu_seconds()
    times = _visits(server.port, path, cookie, seconds, 1)[0]
    # With one that opens the connection.
    spent = (server.cpu_seconds() - before) / (len(times) + 1)
    return spent, statistics.median(times)


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
