"""Clients that request one page after another over persistent connections."""

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
    """A server process, with the data in its first line of output."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._input, self._output = process.stdin, process.stdout
        first_line = json.loads(self._output.readline())
        self.port: int = first_line["port"]
        self._organizations: dict[str, Any] = first_line["organizations"]

    def pages(self, slug: str) -> dict[str, Any]:
        """Return the path, size and queries of each page of the organization."""
        pages: dict[str, Any] = self._organizations[slug]["pages"]
        return pages

    def cookie(self, slug: str) -> str:
        """Return the session key of the organization's Administrator."""
        return str(self._organizations[slug]["cookie"])

    def support(self, slug: str) -> str:
        """Return the session key of a support user."""
        return str(self._organizations[slug]["support"])

    def cpu_seconds(self) -> float:
        """Return the processor time that the process has used so far."""
        self._input.write("cpu\n")
        self._input.flush()
        return float(self._output.readline())


@contextmanager
def server(database: str, environment: dict[str, str], *slugs: str) -> Iterator[Server]:
    """Run a server process on ``database``."""
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
    """Return the responses per second to eight clients."""
    return sum(len(times) for times in _visits(port, path, cookie, seconds, CLIENTS)) / seconds


def cost_per_response(
    server: Server, path: str, cookie: str, seconds: float
) -> tuple[float, float]:
    """Return CPU seconds per response, and the median wait of one client."""
    before = server.cpu_seconds()
    times = _visits(server.port, path, cookie, seconds, 1)[0]
    # The first request opened the connection.
    cpu = (server.cpu_seconds() - before) / (len(times) + 1)
    return cpu, statistics.median(times)


def _visits(port: int, path: str, cookie: str, seconds: float, clients: int) -> list[list[float]]:
    times: list[list[float]] = [[] for _ in range(clients)]
    start = threading.Barrier(clients)

    def visit(durations: list[float]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        _request(connection, path, cookie)
        start.wait()
        end = time.perf_counter() + seconds
        while (begin := time.perf_counter()) < end:
            _request(connection, path, cookie)
            durations.append(time.perf_counter() - begin)
        connection.close()

    threads = [threading.Thread(target=visit, args=(durations,)) for durations in times]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def _request(connection: http.client.HTTPConnection, path: str, cookie: str) -> None:
    connection.request(
        "GET", path, headers={"Cookie": f"sessionid={cookie}", "Accept-Language": "en"}
    )
    response = connection.getresponse()
    response.read()
    assert response.status == 200, (path, response.status)
