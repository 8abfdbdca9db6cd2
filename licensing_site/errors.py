"""Responses to bad requests and server errors."""

import logging
import sys
from collections.abc import Callable
from http import HTTPStatus

from django.contrib.sessions.exceptions import SessionInterrupted
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.views.defaults import bad_request as default_bad_request
from django.views.defaults import server_error as default_server_error

logger = logging.getLogger(__name__)

# The database is down, restarting, out of space, or too slow, so retrying may help. Open
# transactions are rolled back.
_DATABASE_ERRORS = (OperationalError, InterfaceError)
# How many seconds clients should wait before they retry.
RETRY_AFTER = 10


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return 413 if the request was too large, 503 if the database failed, or else 400.

    If a session cannot be saved, Django reports a bad request, even if the database is down.
    """
    if isinstance(exception, RequestDataTooBig):
        page = render_to_string("413.html", request=None)
        return HttpResponse(page, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if isinstance(exception, SessionInterrupted) and _has_database_error(exception):
        return _unavailable()
    response: HttpResponse = default_bad_request(request, exception)
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Return 503 with a time to retry if the database is down, or else 500.

    The processor resends a webhook after either.
    """
    if isinstance(sys.exc_info()[1], _DATABASE_ERRORS):
        return _unavailable()
    response: HttpResponse = default_server_error(request)
    return response


class KeepCookies:
    """Set no cookies on a server error, so that the form can be submitted again.

    A sign-in changes the CSRF token before it can fail. Place this middleware outside the one that
    sets cookies.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            response.cookies.clear()
        return response


def _has_database_error(error: BaseException | None) -> bool:
    """Whether an error was caused by the database."""
    while error is not None and not isinstance(error, _DATABASE_ERRORS):
        error = error.__context__
    return error is not None


def _unavailable() -> HttpResponse:
    logger.error("the database is unavailable")
    page = render_to_string("503.html", request=None)
    response = HttpResponse(page, status=HTTPStatus.SERVICE_UNAVAILABLE)
    response["Retry-After"] = str(RETRY_AFTER)
    response["Cache-Control"] = "no-store"
    return response
