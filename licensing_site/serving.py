"""Configures gunicorn: ``gunicorn --config python:licensing_site.serving``.

It uses threads, because requests to the payment processor mostly wait, and processes, because other
requests use the CPU. Every value can be set from the environment or ``.env``.
"""

import multiprocessing
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import environ


class ServerEnv(environ.Env):  # type: ignore[misc]  # untyped library
    """The environment and ``.env``, kept apart from what workers inherit.

    After a reload, workers read ``.env`` again.
    """

    ENVIRON = dict(os.environ)


ServerEnv.read_env(Path(__file__).resolve().parent.parent / ".env", overwrite=False)
env = ServerEnv()

wsgi_app = "licensing_site.wsgi:application"
bind = env.str("BIND", default="127.0.0.1:8000")
workers = env.int("WEB_CONCURRENCY", default=multiprocessing.cpu_count() + 1)
worker_class = "gthread"
threads = env.int("WEB_THREADS", default=4)
# Gunicorn writes its heartbeat here; memory avoids blocking on a slow disk.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108

# How long a worker may be silent. With threads, this does not limit single requests; the processor,
# the database and the mail server that they wait for have their own limits.
timeout = env.int("WEB_TIMEOUT", default=60)
# After SIGTERM, no new requests are accepted, and running ones get this long to finish.
graceful_timeout = env.int("WEB_GRACEFUL_TIMEOUT", default=45)
keepalive = 5
# Workers restart now and then, in case of memory leaks, but not all at once.
max_requests = 20_000
max_requests_jitter = 2_000

limit_request_line = 4094
limit_request_fields = 60
limit_request_field_size = 8190
# The proxy whose X-Forwarded-Proto is trusted.
forwarded_allow_ips = env.str("FORWARDED_ALLOW_IPS", default="127.0.0.1")

# licensing_site.monitoring.request_log logs requests with more details.
accesslog = None
errorlog = "-"


# Gunicorn is controlled by signals only.
control_socket_disable = True

_created_folders: list[str] = []


def on_starting(server: Any) -> None:
    """Create a folder for the metrics of all workers, a new one each time the server starts."""
    folder = env.str("PROMETHEUS_MULTIPROC_DIR", default="")
    if not folder:
        # Not a TemporaryDirectory: any worker that exits would remove it.
        folder = tempfile.mkdtemp(prefix="licensing-metrics-")
        _created_folders.append(folder)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder


def on_exit(server: Any) -> None:
    """Remove that folder; called in the master only."""
    for folder in _created_folders:
        shutil.rmtree(folder, ignore_errors=True)


def child_exit(server: Any, worker: Any) -> None:
    """Remove a worker that has exited from the metrics of live ones."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
