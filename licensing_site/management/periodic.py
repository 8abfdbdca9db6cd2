"""Periodic commands run one at a time, on however many machines they are started."""

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
    """Let a ``handle`` that begins while another run goes on say so, and end well at once."""

    def decorate(handle: Handle) -> Handle:
        @functools.wraps(handle)
        def alone(self: BaseCommand, *args: Any, **options: Any) -> None:
            with only_run(command) as is_only:
                if is_only:
                    handle(self, *args, **options)
                else:
                    self.stdout.write(f"{command} is running already: nothing done")

        return alone

    return decorate


@contextmanager
def only_run(command: str) -> Iterator[bool]:
    """Say whether this is the only run of a command, which it then stays until the block ends.

    However the process ends, another one may run: database and system take the lock back.
    """
    lock = _on_the_server if connection.vendor == "postgresql" else _beside_the_file
    with lock(command) as is_only:
        yield is_only


@contextmanager
def _on_the_server(command: str) -> Iterator[bool]:
    """An advisory lock: it is held by a connection, and locks no row or table."""
    key = int.from_bytes(hashlib.sha256(command.encode()).digest()[:8], signed=True)
    # A connection of its own: sending mail closes Django's.
    link = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        is_only = _asked(link, "SELECT pg_try_advisory_lock(%s)", key)
        try:
            yield is_only
        finally:
            # The server notices only later that a connection was closed. One that has broken
            # holds nothing any more.
            with suppress(Error):
                _asked(link, "SELECT pg_advisory_unlock(%s)", key)
    finally:
        link.close()


def _asked(link: BaseDatabaseWrapper, question: str, key: int) -> bool:
    with link.cursor() as cursor:
        cursor.execute(question, [key])
        return bool(cursor.fetchone()[0])


@contextmanager
def _beside_the_file(command: str) -> Iterator[bool]:
    """A lock on a file beside SQLite's own, which one machine has for itself as well."""
    with Path(f"{connection.settings_dict['NAME']}.{command}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            is_only = False
        else:
            is_only = True
        yield is_only
