"""Probes for machines: whether this process is alive, whether it can serve, and its metrics.

They run before all other middleware, because load balancers use an IP address as the host and no
HTTPS, and also ask while the database is down.
"""

import json
import logging
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.crypto import constant_time_compare
from prometheus_client import CONTENT_TYPE_LATEST

from licensing_site.checks import TAG
from licensing_site.monitoring import metrics

logger = logging.getLogger(__name__)


class Probes:
    """Middleware for ``/healthz``, ``/readyz`` and ``/metrics``."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        probe = _PROBES.get(request.path_info)
        if probe is None:
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=HTTPStatus.METHOD_NOT_ALLOWED)
        return probe(request)


def healthz(request: HttpRequest) -> HttpResponse:
    """Return 200 to show that the process is alive; if this fails, restart it."""
    return _plain("alive\n")


def readyz(request: HttpRequest) -> HttpResponse:
    """Report whether requests can be served: the database, migrations, and settings."""
    findings = {
        "database": _database(),
        "migrations": _migrations(),
        "settings": _settings(),
    }
    is_ready = all(finding == "ok" for finding in findings.values())
    response = HttpResponse(
        json.dumps(findings) + "\n",
        content_type="application/json",
        status=HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE,
    )
    response["Cache-Control"] = "no-store"
    return response


def metrics_page(request: HttpRequest) -> HttpResponse:
    """Return the metrics to clients with ``METRICS_TOKEN``; 404 if it is wrong or not set."""
    expected = settings.METRICS_TOKEN
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not expected or not constant_time_compare(token, expected):
        return _plain("Not found.\n", HTTPStatus.NOT_FOUND)
    return HttpResponse(metrics.exposition(), content_type=CONTENT_TYPE_LATEST)


_PROBES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": metrics_page,
}


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        logger.exception("the database does not answer")
        return "does not answer"
    return "ok"


def _migrations() -> str:
    """Check that all migrations are applied; extra ones are fine while a new version starts."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (DatabaseError, InterfaceError):
        return "unknown"
    return f"{len(missing)} missing" if missing else "ok"


def _settings() -> str:
    try:
        found = [message.id for message in run_checks(tags=[TAG]) if message.is_serious()]
    except ImproperlyConfigured:
        return "not usable"
    return ", ".join(sorted(filter(None, found))) or "ok"


def _plain(text: str, status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
