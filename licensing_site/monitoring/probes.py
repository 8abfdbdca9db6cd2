"""What machines ask: is this process alive, can it serve, what are its numbers.

Answered before everything else: a load balancer asks by an address that is no name of the site,
without https, and while the database is away.
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
    """``/healthz``, ``/readyz`` and ``/metrics``."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = _PROBES.get(request.path_info)
        if answer is None:
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=HTTPStatus.METHOD_NOT_ALLOWED)
        return answer(request)


def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers. Restart it where it does not."""
    return _plain("alive\n")


def readyz(request: HttpRequest) -> HttpResponse:
    """Requests can be served: database, migrations, and what the processor needs."""
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
    """The numbers, for whoever knows ``METRICS_TOKEN``; without one there are none."""
    expected = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not expected or not constant_time_compare(given, expected):
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
    """Those of this version are applied; that more are is how a newer version begins."""
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
