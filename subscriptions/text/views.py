"""The help, and the language choice in the footer of every page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from subscriptions.models import User
from subscriptions.text import help as texts
from subscriptions.text import languages

MAX_QUERY_LENGTH = 100  # characters


@require_GET
def help(request: HttpRequest) -> HttpResponse:
    """Show all of the help, or search results. Public."""
    query = request.GET.get("q", "").strip()[:MAX_QUERY_LENGTH]
    found = texts.find(query) if query else (texts.topics(), texts.glossary())
    context = {"query": query, "topics": found[0], "words": found[1]}
    return render(request, "text/help.html", context)


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Store the chosen language and return to the page; for users and visitors."""
    language = request.POST.get("language", "")
    response = redirect(_previous_page(request))
    if not languages.is_known(language):
        return response
    if isinstance(request.user, User):
        languages.choose(request.user, language)
    return languages.remember(response, language)


def _previous_page(request: HttpRequest) -> str:
    page = request.POST.get("next", "")
    hosts = {request.get_host()}
    is_ours = url_has_allowed_host_and_scheme(page, hosts, require_https=request.is_secure())
    return page if is_ours else "/"
