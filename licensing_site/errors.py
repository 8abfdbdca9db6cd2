"""What is answered where no page could be."""

from http import HTTPStatus

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.defaults import bad_request as usual_bad_request


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say so where only the size was wrong: somebody pasted more than is taken in."""
    if isinstance(exception, RequestDataTooBig):
        page = render_to_string("413.html", request=None)
        return HttpResponse(page, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    response: HttpResponse = usual_bad_request(request, exception)
    return response
