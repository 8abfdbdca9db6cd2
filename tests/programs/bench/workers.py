"""Run a task in eight client processes at the same time."""

import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection, connections

CLIENTS = 8
SCRATCH = "bench_scratch"
# One repetition, given the number of the client and that of the repetition; False ends the client.
Task = Callable[[int, int], bool]


@dataclass(frozen=True)
class ClientTimes:
    """How long each repetition of one client took, in seconds."""

    times: list[float]
    # When each one ended, in seconds since the common start.
    ends: list[float]


def run_clients(task: Task, seconds: float) -> list[ClientTimes]:
    """Let every client repeat ``task`` for that long, or until it returns False."""
    connections.close_all()
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(CLIENTS)
    pipes = [context.Pipe(duplex=False) for _ in range(CLIENTS)]
    workers = [
        context.Process(target=_run_client, args=(task, number, seconds, barrier, pipe[1]))
        for number, pipe in enumerate(pipes)
    ]
    for worker in workers:
        worker.start()
    results = [pipe[0].recv() for pipe in pipes]
    for worker in workers:
        worker.join()
    failed = [result for result in results if isinstance(result, str)]
    assert not failed, failed[0]
    return results


def rate(results: list[ClientTimes]) -> float:
    """Return the repetitions per second of all clients together."""
    last = max((end for result in results for end in result.ends), default=float("inf"))
    return sum(len(result.times) for result in results) / last


def create_scratch_table() -> None:
    """Create the table for what clients report."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {SCRATCH} (client integer, number integer)")


def _run_client(task: Task, client: int, seconds: float, barrier: Any, pipe: Any) -> None:
    try:
        connection.ensure_connection()
        times: list[float] = []
        ends: list[float] = []
        barrier.wait()
        start = time.perf_counter()
        while (begin := time.perf_counter()) - start < seconds and task(client, len(times)):
            done = time.perf_counter()
            times.append(done - begin)
            ends.append(done - start)
        connection.close()
        pipe.send(ClientTimes(times, ends))
    except BaseException as error:
        pipe.send(f"{type(error).__name__}: {error}")
    finally:
        # Skip the exit handlers inherited from the parent.
        os._exit(0)
