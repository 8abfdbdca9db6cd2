"""How gunicorn serves the site: ``gunicorn --config python:licensing_site.serving``.

Threads, because a request that asks the processor waits for it most of its time; processes, because
the rest is work for the processor of this machine. Every value can be set from the environment.
"""

import multiprocessing
import os
import shutil
import tempfile
from typing import Any

import environ

env = environ.Env()

wsgi_app = "licensing_site.wsgi:application"
bind = env.str("BIND", default="127.0.0.1:8000")
workers = env.int("WEB_CONCURRENCY", default=multiprocessing.cpu_count() + 1)
worker_class = "gthread"
threads = env.int("WEB_THREADS", default=4)
# A worker's heartbeat and the code it was started with live in memory, not on a slow disk.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108

# How long a worker may give no sign of life. With threads that is not a limit on one request: what
# a request waits for (processor, database, mail) has limits of its own.
timeout = env.int("WEB_TIMEOUT", default=60)
# On SIGTERM no new request is taken, and those that run get so long to finish.
graceful_timeout = env.int("WEB_GRACEFUL_TIMEOUT", default=45)
keepalive = 5
# Memory that leaks is given back; not by all workers at once.
max_requests = 20_000
max_requests_jitter = 2_000

limit_request_line = 4094
limit_request_fields = 60
limit_request_field_size = 8190
# The proxy in front, whose X-Forwarded-Proto is believed.
forwarded_allow_ips = env.str("FORWARDED_ALLOW_IPS", default="127.0.0.1")

# licensing_site.monitoring.request_log writes a line for each request, with more to it.
accesslog = None
errorlog = "-"


# Nothing is steered through a socket: signals do.
control_socket_disable = True

_made: list[str] = []


def on_starting(server: Any) -> None:
    """Have one folder for the numbers of all workers, new with each start."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        # Not one that removes itself: each worker that ends would, while others write there.
        _made.append(tempfile.mkdtemp(prefix="licensing-metrics-"))
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = _made[0]


def on_exit(server: Any) -> None:
    """Remove that folder; called in the master only."""
    for folder in _made:
        shutil.rmtree(folder, ignore_errors=True)


def child_exit(server: Any, worker: Any) -> None:
    """Stop counting a worker that has ended among those alive."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
