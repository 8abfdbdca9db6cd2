"""Run actions at the same time, for tests that use ``committed_db``."""

import threading
from collections.abc import Callable
from typing import TypeVar

from django.db import connections

T = TypeVar("T")
TIMEOUT = 60  # seconds; a lock that is never released must fail the test, not hang it


def concurrently(*actions: Callable[[], T]) -> list[T | Exception]:
    """Run each action in a thread with its own connection, all starting together.

    Return each one's result or exception, in the given order.
    """
    outcomes: list[T | Exception] = [TimeoutError("still running")] * len(actions)
    start = threading.Barrier(len(actions))

    def run(number: int, action: Callable[[], T]) -> None:
        connections[
            "default"
        ].ensure_connection()  # connect before the start, because connecting is slow
        start.wait()
        try:
            outcomes[number] = action()
        except Exception as error:
            outcomes[number] = error
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=run, args=(number, action), daemon=True)
        for number, action in enumerate(actions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    return outcomes
