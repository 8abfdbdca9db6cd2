"""Each request's ID, log line, and duration."""

import logging
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from licensing_site.monitoring.metrics import request_seconds
from subscriptions.access import request_context

logger = logging.getLogger(__name__)

HEADER = "X-Request-Id"


class RequestLog:
    """Give each request an ID, return it in the response, and log one line.

    The line has the name of the URL pattern, because the URL may contain a secret.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = request_context.new_request_id(request.headers.get(HEADER, ""))
        started = time.perf_counter()
        with request_context.bind_request(request_id):
            response = self.get_response(request)
            response[HEADER] = request_id
            seconds = time.perf_counter() - started
            _write(request, response, seconds)
        return response


def _write(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    match = request.resolver_match
    page = (match.view_name or match.route) if match else ""
    # Unknown URLs share one label, because a scanner can try any number of them.
    request_seconds.labels(page=page or "-", status=str(response.status_code)).observe(seconds)
    level = (
        logging.WARNING
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
        else logging.INFO
    )
    facts: dict[str, Any] = {
        "method": request.method,
        "page": page,
        "status": response.status_code,
        "milliseconds": round(seconds * 1000, 1),
    }
    membership = getattr(request, "membership", None)
    if membership is not None:
        facts["organization"] = membership.organization.slug
    # Only a user that is already loaded, so that logging makes no query.
    user = getattr(request, "_cached_user", None)
    if user is not None and user.pk:
        facts["user"] = user.pk
    logger.log(level, "request", extra=facts)
