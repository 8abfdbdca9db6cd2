"""Answering HEAD (R2): link checkers, mail scanners and monitors ask by it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class HeadAsGet:
    """Let views see a GET, and send its headers only: no body, no cookies.

    A view that writes on GET must check ``is_head`` first. Stands outside of what sets headers.
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
    """Save no session on HEAD: libraries write into it on GET. Stands inside of the sessions."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if is_head(request):
            request.session.modified = False
        return response


def is_head(request: HttpRequest) -> bool:
    """Whether only the headers are asked for, so that nothing may be changed."""
    return request.META.get("REQUEST_METHOD") == "HEAD"
