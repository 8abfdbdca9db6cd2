"""Eight clients at once, each a process of its own, as the product is run."""

import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection, connections

CLIENTS = 8
SCRATCH = "bench_scratch"
# What a client does again and again, given its number and how often it did it; False when it is
# out of work.
Task = Callable[[int, int], bool]


@dataclass(frozen=True)
class Shift:
    """What one client did: how often, and how long each time took, in seconds."""

    times: list[float]
    # When each was done, since the common start.
    ends: list[float]


def work(task: Task, seconds: float) -> list[Shift]:
    """Let every client do ``task`` over and over for that long, or until it is out of work."""
    connections.close_all()
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(CLIENTS)
    pipes = [context.Pipe(duplex=False) for _ in range(CLIENTS)]
    workers = [
        context.Process(target=_shift, args=(task, number, seconds, barrier, pipe[1]))
        for number, pipe in enumerate(pipes)
    ]
    for worker in workers:
        worker.start()
    shifts = [pipe[0].recv() for pipe in pipes]
    for worker in workers:
        worker.join()
    failed = [shift for shift in shifts if isinstance(shift, str)]
    assert not failed, failed[0]
    return shifts


def rate(shifts: list[Shift]) -> float:
    """How often a second, all clients together, until the last of them was done."""
    last = max((end for shift in shifts for end in shift.ends), default=float("inf"))
    return sum(len(shift.times) for shift in shifts) / last


def make_scratch() -> None:
    """Create the table of what clients have to say afterwards."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {SCRATCH} (client integer, number integer)")


def _shift(task: Task, client: int, seconds: float, barrier: Any, pipe: Any) -> None:
    try:
        connection.ensure_connection()
        times: list[float] = []
        ends: list[float] = []
        barrier.wait()
        start = time.perf_counter()
        while (begun := time.perf_counter()) - start < seconds and task(client, len(times)):
            done = time.perf_counter()
            times.append(done - begun)
            ends.append(done - start)
        connection.close()
        pipe.send(Shift(times, ends))
    except BaseException as error:
        pipe.send(f"{type(error).__name__}: {error}")
    finally:
        # Without what the parent meant to do at its own end.
        os._exit(0)
