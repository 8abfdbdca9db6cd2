"""The HTTP server of the sandbox: threads, keep-alive, loopback only."""

from __future__ import annotations

import logging
import socket
import traceback
from typing import Any

from django.core.servers.basehttp import ServerHandler, ThreadedWSGIServer, WSGIRequestHandler
from django.core.signals import got_request_exception
from django.core.wsgi import get_wsgi_application


class _Handler(WSGIRequestHandler):
    """Passes the connection to the views, for the fault that cuts it."""

    disable_nagle_algorithm = (
        True  # headers and body are two packets; the second must not be delayed
    )

    def get_environ(self) -> dict[str, Any]:
        """Add the socket to the environment of the views."""
        environ: dict[str, Any] = super().get_environ()
        environ["sandbox.connection"] = self.connection
        return environ


class _Server(ThreadedWSGIServer):
    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnected, or whose connection a fault has cut."""


def listen(host: str, port: int) -> ThreadedWSGIServer:
    """Bind the address; port 0 chooses any free one."""
    _silence_logs()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server = type("Server", (_Server,), {"address_family": family})((host, port), _Handler)
    server.set_app(get_wsgi_application())
    return server  # type: ignore[no-any-return]


def _silence_logs() -> None:
    """Keep cut connections and requested errors out of the terminal, but not our own errors."""
    got_request_exception.connect(_report)
    logging.getLogger("django.server").setLevel(logging.CRITICAL)
    logging.getLogger("django.request").setLevel(logging.CRITICAL)
    ServerHandler.log_exception = lambda self, exc_info: None  # type: ignore[method-assign]


def _report(**_signal: Any) -> None:
    traceback.print_exc()
