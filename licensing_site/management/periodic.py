"""Keep a periodic command from running twice at once, on any number of machines."""

import fcntl
import functools
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DEFAULT_DB_ALIAS, Error, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

Handle = Callable[..., None]


def one_at_a_time(command: str) -> Callable[[Handle], Handle]:
    """Make a ``handle`` end right away, without an error, while another run is in progress."""

    def decorate(handle: Handle) -> Handle:
        @functools.wraps(handle)
        def run_alone(self: BaseCommand, *args: Any, **options: Any) -> None:
            with exclusive_run(command) as is_only:
                if is_only:
                    handle(self, *args, **options)
                else:
                    self.stdout.write(f"{command} is already running. Nothing was done.")

        return run_alone

    return decorate


@contextmanager
def exclusive_run(command: str) -> Iterator[bool]:
    """Yield whether this is the command's only run, and keep others out until the block ends.

    No matter how the process ends, the database or the operating system releases the lock.
    """
    lock = _advisory_lock if connection.vendor == "postgresql" else _file_lock
    with lock(command) as is_only:
        yield is_only


@contextmanager
def _advisory_lock(command: str) -> Iterator[bool]:
    """Hold an advisory lock, which belongs to a connection and locks no row or table."""
    key = int.from_bytes(hashlib.sha256(command.encode()).digest()[:8], signed=True)
    # A separate connection, because sending mail closes Django's.
    lock_connection = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        is_only = _query(lock_connection, "SELECT pg_try_advisory_lock(%s)", key)
        try:
            yield is_only
        finally:
            # The server may notice a closed connection late, so unlock first. A broken connection
            # holds no lock.
            with suppress(Error):
                _query(lock_connection, "SELECT pg_advisory_unlock(%s)", key)
    finally:
        lock_connection.close()


def _query(lock_connection: BaseDatabaseWrapper, sql: str, key: int) -> bool:
    with lock_connection.cursor() as cursor:
        cursor.execute(sql, [key])
        return bool(cursor.fetchone()[0])


@contextmanager
def _file_lock(command: str) -> Iterator[bool]:
    """Lock a file next to SQLite's own, which is also on only one machine."""
    with Path(f"{connection.settings_dict['NAME']}.{command}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            is_only = False
        else:
            is_only = True
        yield is_only
