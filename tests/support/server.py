"""The live server: the real WSGI application on a free port, on ``committed_db``."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from pytest_django import Settings

from licensing_site.wsgi import application


@dataclass(frozen=True)
class Site:
    """The running server."""

    port: int

    @property
    def url(self) -> str:
        """Return the URL with a host name, so that the processor (127.0.0.1) is another site."""
        return f"http://localhost:{self.port}"

    def __truediv__(self, path: str) -> str:
        return f"{self.url}/{path.lstrip('/')}"


@pytest.fixture
def site(committed_db: str, settings: Settings) -> Iterator[Site]:
    """Serve the site for one test at SITE_URL."""
    with serve() as site:
        settings.SITE_URL = site.url
        settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
        yield site


@contextmanager
def serve() -> Iterator[Site]:
    server = SiteServer(("127.0.0.1", 0), SilentRequestHandler)
    server.set_app(application)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Site(port=server.server_port)
    finally:
        server.stop()
        thread.join()


class SilentRequestHandler(WSGIRequestHandler):
    """Do not log requests, which would hide the failures that tests report."""

    disable_nagle_algorithm = True  # headers and body are two packets; do not delay the second

    def log_message(self, format: str, *args: Any) -> None:
        pass


class SiteServer(ThreadedWSGIServer):
    """Stop only after all requests, because their threads use the test's database."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def stop(self) -> None:
        self.shutdown()
        with self._lock:
            for connection in self._open:
                # End keep-alive connections, which wait for another request.
                with suppress(OSError):  # it may have just closed
                    connection.shutdown(socket.SHUT_RD)
        self.server_close()
