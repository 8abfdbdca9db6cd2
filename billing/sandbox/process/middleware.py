"""Middleware for all responses: loopback hosts only; no caching, indexing, framing or scripts."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port

from billing.sandbox.process.config import is_loopback

_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'"
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": f"{_POLICY}; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}


def loopback_only(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Refuse other Host headers, so that no web page can reach the sandbox by DNS rebinding."""

    def middleware(request: HttpRequest) -> HttpResponse:
        host, _ = split_domain_port(request.headers.get("Host", ""))
        if is_loopback(host):
            response = get_response(request)
        else:
            response = HttpResponse("The sandbox accepts loopback host names only.", status=400)
        for name, value in _HEADERS.items():
            response.setdefault(name, value)
        return response

    return middleware
