"""Handle HEAD requests (R2), which come from link checkers, mail scanners and monitors."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class HeadAsGet:
    """Treat HEAD as GET in views, and send only the headers: no body, no cookies.

    A view that writes on GET must check ``is_head`` first. Place this middleware outside the one
    that sets headers.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not is_head(request):
            return self.get_response(request)
        request.method = "GET"
        try:
            response = self.get_response(request)
        finally:
            request.method = "HEAD"
        response.cookies.clear()
        if isinstance(response, StreamingHttpResponse):
            response.streaming_content = []
        elif isinstance(response, HttpResponse):
            response.content = b""
        return response


class KeepSession:
    """Do not save the session on HEAD, because libraries write to it on GET.

    Place it inside the session middleware.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if is_head(request):
            request.session.modified = False
        return response


def is_head(request: HttpRequest) -> bool:
    """Whether only headers are requested, so that nothing may be changed."""
    return request.META.get("REQUEST_METHOD") == "HEAD"
