"""The floor that pages are held against: a bare view for somebody who is signed in.

Behind the same middleware, in the same process, it asks for session and user and renders a template
of as many bytes as the page has. It knows of no organization.
"""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import URLPattern, URLResolver, include, path

_LINE = '<p class="line">Sixty bytes of text between two tags, and nothing more.</p>\n'
_templates: dict[int, Any] = {}


@login_required
def floor(request: HttpRequest, size: int) -> HttpResponse:
    """A page of about ``size`` bytes with the person's name on it."""
    if size not in _templates:
        text = "<!doctype html><title>{{ request.user }}</title>\n" + _LINE * (size // len(_LINE))
        _templates[size] = engines["django"].from_string(text)
    return HttpResponse(_templates[size].render({}, request))


urlpatterns: list[URLPattern | URLResolver] = [
    path("bench/floor/<int:size>/", floor),
    path("", include("licensing_site.urls")),
]
