"""The site's URLs, and one for every error page."""

from http import HTTPStatus

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import path

from licensing_site.urls import handler400, urlpatterns

__all__ = ["handler400", "urlpatterns"]


class IntentionalError(Exception):
    """An error that no view handles."""


EXCEPTIONS: dict[int, Exception] = {
    400: SuspiciousOperation(),
    403: PermissionDenied(),
    404: Http404(),
    413: RequestDataTooBig(),
    500: IntentionalError(),
}


def error(request: HttpRequest, status: int) -> HttpResponse:
    """Respond like a view that fails with this status."""
    if status in EXCEPTIONS:
        raise EXCEPTIONS[status]
    return HttpResponse(render_to_string(f"{status}.html"), status=HTTPStatus(status))


def expired_form(request: HttpRequest) -> HttpResponse:
    """Return Django's response to a form with an unknown CSRF token."""
    return HttpResponse(render_to_string("403_csrf.html", request=request), status=403)


urlpatterns = [path("error/<int:status>/", error), path("error/form/", expired_form), *urlpatterns]
