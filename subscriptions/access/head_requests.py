"""HEAD, by which link checkers, mail scanners and monitors ask: as GET, without changes (R2)."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase


class HeadAsGet:
    """Let views see a GET, and answer without the body and without cookies.

    What a GET writes down beside its answer asks ``is_head`` first.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
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
            response.close()
            response.streaming_content = []
        elif isinstance(response, HttpResponse):
            response.setdefault("Content-Length", str(len(response.content)))
            response.content = b""
        return response


def is_head(request: HttpRequest) -> bool:
    """Whether only the head of the answer is asked for, so that nothing may change by it."""
    return request.META.get("REQUEST_METHOD") == "HEAD"
