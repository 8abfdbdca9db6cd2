"""What is answered where no page could be."""

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
from django.views.defaults import bad_request as usual_bad_request
from django.views.defaults import server_error as usual_server_error

logger = logging.getLogger(__name__)

# The database is away, restarting, out of space, or had no time: asking again may help. Whatever
# had begun is rolled back.
_DATABASE_IS_AWAY = (OperationalError, InterfaceError)
# Seconds after which a program that can wait should ask again.
RETRY_AFTER = 10


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say so where only the size was wrong: somebody pasted more than is taken in.

    A session that could not be saved is a bad request to Django, also where the database is away.
    """
    if isinstance(exception, RequestDataTooBig):
        page = render_to_string("413.html", request=None)
        return HttpResponse(page, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if isinstance(exception, SessionInterrupted) and _came_from_the_database(exception):
        return _unavailable()
    response: HttpResponse = usual_bad_request(request, exception)
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """A mistake of ours; or the database is away, and then when to try again.

    The processor delivers a webhook again that is answered so.
    """
    if isinstance(sys.exc_info()[1], _DATABASE_IS_AWAY):
        return _unavailable()
    response: HttpResponse = usual_server_error(request)
    return response


class KeepCookies:
    """Set no cookies with a failure: the form that was sent must be good once more.

    A sign-in changes the token of forms before it can fail. Stands outside of what sets cookies.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            response.cookies.clear()
        return response


def _came_from_the_database(error: BaseException | None) -> bool:
    """Whether an error was raised while the database was away."""
    while error is not None and not isinstance(error, _DATABASE_IS_AWAY):
        error = error.__context__
    return error is not None


def _unavailable() -> HttpResponse:
    logger.error("the database is away")
    page = render_to_string("503.html", request=None)
    response = HttpResponse(page, status=HTTPStatus.SERVICE_UNAVAILABLE)
    response["Retry-After"] = str(RETRY_AFTER)
    response["Cache-Control"] = "no-store"
    return response
