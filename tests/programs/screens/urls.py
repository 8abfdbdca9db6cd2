"""The site's URLs, and one for every error page."""

from http import HTTPStatus

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import path

from licensing_site.urls import handler400, urlpatterns

__all__ = ["handler400", "urlpatterns"]


class OnPurpose(Exception):
    """Raise an unexpected error."""


RAISED: dict[int, Exception] = {
    400: SuspiciousOperation(),
    403: PermissionDenied(),
    404: Http404(),
    413: RequestDataTooBig(),
    500: OnPurpose(),
}


def error(request: HttpRequest, status: int) -> HttpResponse:
    """Fail like a page whose view raises."""
    if status in RAISED:
        raise RAISED[status]
    return HttpResponse(render_to_string(f"{status}.html"), status=HTTPStatus(status))


def expired_form(request: HttpRequest) -> HttpResponse:
    """Return Django's response to a form with an unknown CSRF token."""
    return HttpResponse(render_to_string("403_csrf.html", request=request), status=403)


urlpatterns = [path("error/<int:status>/", error), path("error/form/", expired_form), *urlpatterns]
